import { runSoak, type SoakReport } from '../test/kafka/support/soak/run-soak'
import { knownVersion, onKafka, timedLines } from './support/on-kafka'

// The long form of test/kafka/consumer-soak.test.ts: groups of both protocols and a producer in one process, while brokers
// are restarted, killed and frozen, and members come and go. Needs Java and Maven. Ends with code 1 when a message is
// missing, when something is stalled at rest, or when memory grows.
//
//   tsx tools/consumer-soak.ts [minutes, default 10] [messages a second, default 2000] [Kafka version, default 4.3.1] [seed]

/** What may come and go: caches, compiled code, buffers that wait to be collected. */
const mostHeapMb = 8
const mostRssMb = 40

async function main([
  minutes = '10',
  rate = '2000',
  versionName = '4.3.1',
  seed,
]: readonly string[]): Promise<void> {
  const version = knownVersion(versionName)
  const seconds = Number(minutes) * 60
  const report = await onKafka({ version, nodes: 3 }, (cluster) =>
    runSoak(cluster, {
      name: 'soak',
      seconds,
      rate: Number(rate),
      seed: Number(seed ?? Date.now() % 100_000),
      sampleEveryMs: Math.max(1_000, (seconds * 1000) / 60),
      faultEveryMs: 8_000,
      settleMs: 60_000,
      log: timedLines(),
    }),
  )
  print(report)
}

function print(report: SoakReport): void {
  const { samples, ...rest } = report
  for (const { at, heapMb, externalMb, rssMb, resources } of samples) {
    process.stdout.write(
      `${at} s: heap ${heapMb} MB, external ${externalMb} MB, rss ${rssMb} MB, ${resources} resources\n`,
    )
  }
  process.stdout.write(`${JSON.stringify(rest, null, 2)}\n`)
  const isRight =
    rest.groups.every(
      ({ missing, failures, troubles }) => missing === 0 && failures.length === 0 && troubles.length === 0,
    ) &&
    rest.stalls.began === rest.stalls.ended &&
    rest.growth.heapMb <= mostHeapMb &&
    rest.growth.externalMb <= mostHeapMb &&
    rest.growth.rssMb <= mostRssMb
  process.stdout.write(isRight ? 'as promised\n' : 'NOT as promised\n')
  process.exitCode = isRight ? 0 : 1
}

void main(process.argv.slice(2))
