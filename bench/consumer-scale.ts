/**
 * What partitions and consumers cost when there are many: `npx tsx bench/consumer-scale.ts [source folder, default src]`.
 * The brokers run in a process of their own; with `KAFKA_BROKERS` set, those are used. To compare two states of the
 * source, run it on both in turn.
 *
 * - backlog: microseconds of CPU a message while a backlog is read, with 10 and with 2,000 partitions
 * - trickle: the same while single messages arrive, 500 a second over all partitions
 * - hot: messages a second out of one partition of 2,000
 * - rest: percent of a core while nothing arrives, for one consumer of 2,000 partitions and for 100 consumers; and the
 *   memory of one of the 100
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join, resolve } from 'node:path'
import type { Consumer, Kafka } from '../src'
import type { FeederCommand } from './support/scale-feeder'

const folder = resolve(process.argv[2] ?? 'src')
const few = 10
const many = 2000
const batches = 6000
const batchLength = 100
const trickleRate = 500
const trickleSeconds = 8
const restSeconds = 8
const consumers = 100
const id = Date.now().toString(36)

const given = process.env['KAFKA_BROKERS']
const feeder = fork(
  join(import.meta.dirname, 'support/scale-feeder.ts'),
  given === undefined ? [] : [given],
  {
    execArgv: ['--import', 'tsx'],
  },
)

async function ask(command: FeederCommand): Promise<void> {
  feeder.send(command)
  await once(feeder, 'message')
}

const sleep = (ms: number) => new Promise((done) => setTimeout(done, ms))

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(5)
}

/** Microseconds of CPU of this process while `work` runs. */
async function cpuOf(work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return user + system
}

const topicOf = (partitions: number) => `scale-${partitions}-${id}`
let groups = 0

function consumerOf(kafka: Kafka, partitions: number, options: object = {}): Consumer {
  const groupId = `scale-${id}-${groups++}`
  return kafka.consumer({ groupId, topics: [topicOf(partitions)], startFrom: 'earliest', ...options })
}

async function backlog(kafka: Kafka, partitions: number): Promise<number> {
  const consumer = consumerOf(kafka, partitions)
  let seen = 0
  const used = await cpuOf(async () => {
    const running = consumer.run(() => void seen++)
    await until(() => seen >= batches * batchLength)
    await consumer.close()
    await running
  })
  return used / seen
}

async function trickle(kafka: Kafka, partitions: number): Promise<number> {
  let seen = 0
  const consumer = consumerOf(kafka, partitions, { startFrom: 'latest' })
  const running = consumer.run(() => void seen++)
  await sleep(3000)
  const used = await cpuOf(async () => {
    await ask({
      kind: 'trickle',
      topic: topicOf(partitions),
      partitions,
      rate: trickleRate,
      seconds: trickleSeconds,
    })
    await until(() => seen >= trickleRate * trickleSeconds)
  })
  await consumer.close()
  await running
  return used / seen
}

async function hot(kafka: Kafka): Promise<number> {
  const topic = topicOf(many)
  const consumer = consumerOf(kafka, many, { startFrom: 'latest' })
  let seen = 0
  const running = consumer.run(() => void seen++)
  await sleep(3000)
  const count = 2000
  consumer.pause([{ topic, partition: 7 }])
  await ask({ kind: 'fill', topic: `hot-${id}`, partitions: 1, batches: count, batchLength })
  await consumer.close()
  await running
  const mixed = kafka.consumer({
    assign: [
      { topic: `hot-${id}`, partition: 0 },
      ...Array.from({ length: many }, (_, partition) => ({ topic, partition, startFrom: 'latest' as const })),
    ],
    startFrom: 'earliest',
  })
  seen = 0
  const startedAt = performance.now()
  const reading = mixed.run(() => void seen++)
  await until(() => seen >= count * batchLength)
  const rate = seen / ((performance.now() - startedAt) / 1000)
  await mixed.close()
  await reading
  return rate
}

async function rest(running: readonly Consumer[]): Promise<number> {
  const runs = running.map((consumer) => consumer.run(() => {}))
  await sleep(6000)
  const used = await cpuOf(() => sleep(restSeconds * 1000))
  await Promise.all(running.map((consumer) => consumer.close()))
  await Promise.all(runs)
  return used / (restSeconds * 10_000)
}

async function memoryAtRest(kafka: Kafka): Promise<{ cpu: number; kilobytes: number }> {
  const bytes = () => {
    globalThis.gc?.()
    const { heapUsed, external, arrayBuffers } = process.memoryUsage()
    return heapUsed + Math.max(external, arrayBuffers)
  }
  const before = bytes()
  const all = Array.from({ length: consumers }, () => consumerOf(kafka, few, { startFrom: 'latest' }))
  const runs = all.map((consumer) => consumer.run(() => {}))
  await sleep(6000)
  const cpu = (await cpuOf(() => sleep(restSeconds * 1000))) / (restSeconds * 10_000)
  const kilobytes = (bytes() - before) / consumers / 1024
  await Promise.all(all.map((consumer) => consumer.close()))
  await Promise.all(runs)
  return { cpu, kilobytes }
}

async function main(): Promise<void> {
  const [{ brokers }] = (await once(feeder, 'message')) as [{ brokers: string[] }]
  const { Kafka, silentLogger } = (await import(join(folder, 'index.ts'))) as typeof import('../src')
  const kafka = new Kafka({ brokers, logger: silentLogger })
  await ask({ kind: 'create', topic: `hot-${id}`, partitions: 1 })
  for (const partitions of [few, many]) {
    await ask({ kind: 'create', topic: topicOf(partitions), partitions })
    await ask({ kind: 'fill', topic: topicOf(partitions), partitions, batches, batchLength })
  }
  await backlog(kafka, few)
  const medians = (numbers: number[]) => numbers.sort((a, b) => a - b)[numbers.length >> 1] ?? NaN
  const results: Record<number, number[]> = { [few]: [], [many]: [] }
  for (let round = 0; round < 5; round++) {
    for (const partitions of [few, many]) results[partitions]?.push(await backlog(kafka, partitions))
  }
  const [small, large] = [medians(results[few] ?? []), medians(results[many] ?? [])]
  console.log(`backlog: ${small.toFixed(2)} us with ${few}, ${large.toFixed(2)} us with ${many} partitions`)
  const slow = [await trickle(kafka, few), await trickle(kafka, many)]
  console.log(`trickle: ${slow.map((us) => us.toFixed(0)).join(' us, ')} us`)
  console.log(`hot: ${Math.round(await hot(kafka))} messages/s`)
  console.log(`rest: ${(await rest([consumerOf(kafka, many)])).toFixed(2)} % with ${many} partitions`)
  const { cpu, kilobytes } = await memoryAtRest(kafka)
  console.log(`rest: ${cpu.toFixed(2)} % with ${consumers} consumers, ${kilobytes.toFixed(0)} KB each`)
  feeder.disconnect()
}

await main()
