// Guards reading with an end against never ending, ending too early, and showing more or less than what was asked for.
import { json, Kafka, string, topic, type Consumer, type Message } from '../../src'
import { createCluster, type TestCluster } from '../../src/testing'
import { silentLogger } from '../../src/base/logger'
import { errorOf, until } from './support/case-runner'

const closers: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function start(partitions = 3, configs: Record<string, string> = {}) {
  const cluster = await createCluster({
    network: 'memory',
    logger: silentLogger,
    topics: [{ name: 't', partitions, configs }],
  })
  closers.push(() => cluster.close())
  const kafka = new Kafka({ ...cluster.clientOptions(), logger: silentLogger, retryBackoffMs: 10 })
  return { cluster, kafka }
}

/** Values that say partition and offset. */
async function fill(kafka: Kafka, count: number, options: { partitions?: number; timestamp?: number } = {}) {
  const { partitions = 3, timestamp } = options
  const producer = kafka.producer()
  for (let partition = 0; partition < partitions; partition++) {
    await producer.send(
      't',
      Array.from({ length: count }, (_, i) => ({
        partition,
        value: `${partition}:${i}`,
        ...(timestamp !== undefined && { timestamp: timestamp + i }),
      })),
    )
  }
  await producer.close()
}

const shown = ({ partition, offset }: Message) => `${partition}@${offset}`

async function readAll(consumer: Consumer<readonly string[]> | Consumer<readonly ['t']>): Promise<string[]> {
  const seen: string[] = []
  for await (const message of consumer) seen.push(shown(message))
  return seen.sort()
}

const offsets = (partition: number, from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => `${partition}@${from + i}`)

test('a topic given by its name is read from the beginning to the end it had at the start, and the loop ends', async () => {
  const { kafka } = await start()
  await fill(kafka, 50)
  await using consumer = kafka.consumer({ assign: ['t'], until: 'end' })
  const seen: string[] = []
  for await (const message of consumer) {
    seen.push(shown(message))
    // What comes meanwhile lies behind the end.
    if (seen.length === 1) await fill(kafka, 5)
  }
  expect(seen.sort()).toEqual([0, 1, 2].flatMap((partition) => offsets(partition, 0, 50)).sort())
  expect(consumer.progress()).toMatchObject({ done: 150n, total: 150n, ratio: 1 })
})

test('run and runBatches resolve by themselves when everything up to the end was handled', async () => {
  const { kafka } = await start()
  await fill(kafka, 40)
  for (const options of [
    { concurrency: 1, order: 'partition' as const },
    { concurrency: 8, order: 'key' as const },
    { concurrency: 8, order: 'none' as const },
  ]) {
    await using consumer = kafka.consumer({ assign: ['t'], until: 'end' })
    const done: string[] = []
    await consumer.run(async (message) => {
      await new Promise((resolve) => setImmediate(resolve))
      done.push(shown(message))
    }, options)
    expect(done).toHaveLength(120)
    expect(new Set(done).size).toBe(120)
  }
  await using consumer = kafka.consumer({ assign: ['t'], until: 'end' })
  let count = 0
  await consumer.runBatches((batch) => void (count += batch.length), { concurrency: 3 })
  expect(count).toBe(120)
})

test('C8: an end behind markers and aborted messages is reached, read_committed and not', async () => {
  const { kafka } = await start(1)
  const producer = kafka.producer({ transactionalId: 'tx' })
  closers.push(() => producer.close())
  await producer.transaction((tx) => tx.send('t', { value: 'kept' }))
  await expect(
    producer.transaction(async (tx) => {
      await tx.send('t', [{ value: 'dropped' }, { value: 'dropped' }])
      throw new Error('no')
    }),
  ).rejects.toThrow('no')
  await using committed = kafka.consumer({
    assign: ['t'],
    until: 'end',
    isolationLevel: 'read_committed',
  })
  expect(await readAll(committed)).toEqual(['0@0'])
  await using everything = kafka.consumer({ assign: ['t'], until: 'end' })
  expect(await readAll(everything)).toEqual(['0@0', '0@2', '0@3'])
})

test('read_committed ends before a transaction that is open at the start', async () => {
  const { kafka } = await start(1)
  await fill(kafka, 3, { partitions: 1 })
  const producer = kafka.producer({ transactionalId: 'tx' })
  closers.push(() => producer.close())
  const open = await producer.beginTransaction()
  await open.send('t', { value: 'open' })
  await fill(kafka, 3, { partitions: 1 })
  await using consumer = kafka.consumer({ assign: ['t'], until: 'end', isolationLevel: 'read_committed' })
  expect(await readAll(consumer)).toEqual(offsets(0, 0, 3))
  await open.abort()
})

test('empty partitions, an empty topic and a range that holds nothing end at once', async () => {
  const { kafka } = await start(2)
  await using empty = kafka.consumer({ assign: ['t'], until: 'end' })
  expect(await readAll(empty)).toEqual([])
  expect(empty.progress().ratio).toBe(1)
  await fill(kafka, 4, { partitions: 1 })
  await using oneEmpty = kafka.consumer({ assign: ['t'], until: 'end' })
  expect(await readAll(oneEmpty)).toEqual(offsets(0, 0, 4))
  await using atEnd = kafka.consumer({ assign: ['t'], startFrom: 'latest', until: 'end' })
  await atEnd.run(() => {
    throw new Error('nothing was to be handed out')
  })
})

test('a range by offsets and a range by time hold exactly what lies between', async () => {
  const { kafka } = await start(2)
  const base = Date.UTC(2026, 0, 1)
  await fill(kafka, 100, { partitions: 2, timestamp: base })
  await using byOffset = kafka.consumer({
    assign: [
      { topic: 't', partition: 0, startFrom: { offset: 10 }, until: { offset: 20n } },
      { topic: 't', partition: 1, startFrom: { offset: 99 }, until: { offset: 100 } },
    ],
  })
  expect(await readAll(byOffset)).toEqual([...offsets(0, 10, 20), ...offsets(1, 99, 100)])
  await using byTime = kafka.consumer({
    assign: [{ topic: 't', startFrom: { timestamp: base + 30 }, until: { timestamp: new Date(base + 60) } }],
  })
  expect(await readAll(byTime)).toEqual([...offsets(0, 30, 60), ...offsets(1, 30, 60)])
  await using tooLate = kafka.consumer({
    assign: ['t'],
    startFrom: { timestamp: base + 90 },
    until: { timestamp: base + 1_000_000 },
  })
  expect(await readAll(tooLate)).toEqual([...offsets(0, 90, 100), ...offsets(1, 90, 100)])
})

test('an end that does not exist yet is waited for', async () => {
  const { kafka } = await start(1)
  await fill(kafka, 5, { partitions: 1 })
  await using consumer = kafka.consumer({ assign: ['t'], until: { offset: 8 } })
  const seen: Message[] = []
  const running = consumer.run((message) => void seen.push(message))
  await until(() => seen.length === 5, 'what is there')
  await fill(kafka, 5, { partitions: 1 })
  await running
  expect(seen.map(({ offset }) => offset)).toEqual([0n, 1n, 2n, 3n, 4n, 5n, 6n, 7n])
  expect(consumer.position({ topic: 't', partition: 0 })).toBe(8n)
})

test('with a group what was read is committed, and the next range goes on there', async () => {
  const { kafka } = await start(2)
  const ranges: string[][] = []
  for (const round of [0, 1, 2]) {
    await fill(kafka, round, { partitions: 2 })
    await using consumer = kafka.consumer({ groupId: 'nightly', assign: ['t'], until: 'end' })
    ranges.push(await readAll(consumer))
  }
  expect(ranges).toEqual([
    [],
    [...offsets(0, 0, 1), ...offsets(1, 0, 1)],
    [...offsets(0, 1, 3), ...offsets(1, 1, 3)],
  ])
})

test('seek back makes a range begin again; a failed handler ends the run with its error, not as done', async () => {
  const { kafka } = await start(1)
  await fill(kafka, 10, { partitions: 1 })
  await using consumer = kafka.consumer({ assign: ['t'], until: 'end' })
  expect(await readAll(consumer)).toHaveLength(10)
  expect(await readAll(consumer)).toEqual([])
  consumer.seek({ topic: 't', partition: 0 }, 7)
  expect(consumer.progress().partitions).toMatchObject([{ position: 7n, endOffset: 10n, isDone: false }])
  expect(await readAll(consumer)).toEqual(offsets(0, 7, 10))
  consumer.seek({ topic: 't', partition: 0 }, 'beginning')
  const failed = consumer.run(({ offset }) => {
    if (offset === 9n) throw new Error('the last one fails')
  })
  expect(await errorOf(failed)).toMatchObject({ code: 'HANDLER_FAILED' })
  expect(await readAll(consumer)).toEqual(offsets(0, 9, 10))
})

test('the messages of a topic given by its definition have its types', async () => {
  const { kafka, cluster } = await start(1)
  cluster.createTopic('orders')
  const orders = topic('orders', { key: string(), value: json<{ total: number }>() })
  const producer = kafka.producer()
  await producer.send(orders, { key: 'o-1', value: { total: 7 } })
  await producer.close()
  await using consumer = kafka.consumer({ assign: [{ topic: orders, startFrom: 'earliest', until: 'end' }] })
  const totals: number[] = []
  for await (const { value } of consumer) totals.push(value.total)
  expect(totals).toEqual([7])
})

test('a topic that does not exist raises, and is read once it does', async () => {
  const { kafka, cluster } = await start(1)
  await using consumer = kafka.consumer({ assign: ['late'], until: 'end', defaultApiTimeoutMs: 100 })
  expect(await errorOf(consumer.run(() => {}))).toMatchObject({ code: 'UNKNOWN_TOPIC_OR_PARTITION' })
  cluster.createTopic('late')
  await consumer.run(() => {})
  expect(consumer.assignment()).toEqual([{ topic: 'late', partition: 0 }])
})

test('G13: without an end a topic given as a whole gets its new partitions, from their beginning', async () => {
  const { kafka } = await start(1)
  const admin = kafka.admin()
  closers.push(() => admin.close())
  await using consumer = kafka.consumer({ assign: ['t'], startFrom: 'latest' })
  const seen: string[] = []
  const running = consumer.run((message) => void seen.push(shown(message)))
  await until(() => consumer.assignment().length === 1, 'the first partition')
  await admin.createPartitions([{ topic: 't', totalCount: 2 }])
  const producer = kafka.producer()
  closers.push(() => producer.close())
  await producer.send('t', { partition: 1, value: 'before anybody knew' })
  await until(() => seen.length === 1, 'the message of the new partition')
  expect(seen).toEqual(['1@0'])
  await consumer.stop()
  await running
})

describe('an end whose last records were compacted away', () => {
  test('C8: reading ends although nothing is left before it', async () => {
    const { cluster, kafka } = await start(1)
    for (const _ of offsets(0, 0, 6)) await fill(kafka, 1, { partitions: 1 })
    leaveOut(cluster, 4n)
    await using consumer = kafka.consumer({ assign: ['t'], until: 'end', fetchMaxWaitMs: 20 })
    expect(await readAll(consumer)).toEqual(offsets(0, 0, 4))
  })
})

/** Answers fetches as a log does whose last records, from this offset on, were compacted away. */
function leaveOut(cluster: TestCluster, from: bigint): void {
  cluster.on('Fetch', async (_request, exchange) => {
    const response = await exchange.proceed()
    if (response === undefined) return undefined
    const responses = response.responses.map((one) => ({
      ...one,
      partitions: one.partitions.map((data) => ({ ...data, records: batchesBefore(data.records, from) })),
    }))
    return { ...response, responses }
  })
}

function batchesBefore(records: Uint8Array | readonly Uint8Array[] | null, offset: bigint): Buffer | null {
  if (records === null) return null
  const buffer = records instanceof Uint8Array ? Buffer.from(records) : Buffer.concat(records)
  let at = 0
  while (at < buffer.length && buffer.readBigInt64BE(at) < offset) at += 12 + buffer.readInt32BE(at + 8)
  return buffer.subarray(0, at)
}
