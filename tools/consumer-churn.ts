import { churnBrokerConfig, churnModes, isServed } from '../test/kafka/support/churn/churn-modes'
import { churnAtRandom } from '../test/kafka/support/churn/random-churn'
import { type ChurnReport, churnPartitions, runChurn } from '../test/kafka/support/churn/run-churn'
import { knownVersion, onKafka, timedLines } from './support/on-kafka'

// The long form of test/kafka/consumer-churn.test.ts: 2 to 8 members that join, leave, freeze and die at random while they
// consume 12 partitions. Needs Java and Maven. Ends with code 1 when a message is missing, when one was committed before
// it was finished, or came again without a reason; when members that keep their partitions stop reading them.
//
//   tsx tools/consumer-churn.ts [mode: eager, cooperative (default), static, consumer] [Kafka version, default 4.3.1]
//     [messages, default 500000] [seconds, default 120] [seed, default of the time]

const sessionTimeoutMs = 6_000
/** What may happen to any partition on a busy machine. */
const longestPauseMs = 1_000

async function main(args: readonly string[]): Promise<void> {
  const [modeName = 'cooperative', versionName = '4.3.1', count = '500000', duration = '120', seedText] = args
  const mode = churnModes.find((one) => one === modeName)
  const version = knownVersion(versionName)
  if (mode === undefined) throw new Error(`There is no mode ${modeName}, only ${churnModes.join(', ')}`)
  if (!isServed(mode, version)) throw new Error(`Kafka ${version} does not serve '${mode}'`)
  const [messages, seconds, seed] = [
    Number(count),
    Number(duration),
    Number(seedText ?? Date.now() % 100_000),
  ]
  process.stdout.write(
    `${mode} on Kafka ${version}: ${messages} messages in ${seconds} s, ${churnPartitions} partitions, seed ${seed}\n`,
  )
  const brokerConfig = churnBrokerConfig(sessionTimeoutMs)
  const report = await onKafka({ version, brokerConfig }, (cluster) =>
    runChurn(cluster, {
      mode,
      name: 'churn',
      messages,
      rate: messages / seconds,
      sessionTimeoutMs,
      members: 3,
      disturb: (group) =>
        churnAtRandom(group, { seed, seconds, fewest: 2, most: 8, longestFreezeMs: 12_000 }),
      settleMs: 60_000,
      log: timedLines(),
    }),
  )
  print(report)
}

function print(report: ChurnReport): void {
  const { audit, pauses } = report
  const shown = { ...report, audit: { ...audit, violations: audit.violations.slice(0, 50) } }
  process.stdout.write(`${JSON.stringify(shown, null, 2)}\n`)
  const keeps = report.mode === 'eager' || pauses.kept.max <= longestPauseMs
  const fenced = report.ends.every(({ code, wasReplaced }) => wasReplaced && code === 'FENCED_INSTANCE_ID')
  const isRight = audit.violations.length === 0 && report.javaComplete === churnPartitions && keeps && fenced
  process.stdout.write(isRight ? 'as promised\n' : 'NOT as promised\n')
  process.exitCode = isRight ? 0 : 1
}

void main(process.argv.slice(2))
