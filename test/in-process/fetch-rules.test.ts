// Guards fetching from whole brokers against messages that never fit, sessions that brokers drop, partitions that starve, look-ups that a
// rebalance loses, and codecs that are not read.
import * as zlib from 'node:zlib'
import { Kafka, type Consumer, type ConsumerOptions, type Message } from '../../src'
import { silentLogger } from '../../src/base/logger'
import { createCluster, type TestCluster, type TestClusterOptions } from '../../src/testing'
import { until } from './support/case-runner'

const closers: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function start(options: TestClusterOptions = {}): Promise<{ cluster: TestCluster; kafka: Kafka }> {
  const { configs, ...rest } = options
  const cluster = await createCluster({
    network: 'memory',
    logger: silentLogger,
    seed: 1,
    topics: [{ name: 't', partitions: 1 }],
    configs: { 'group.initial.rebalance.delay.ms': 0, ...configs },
    ...rest,
  })
  closers.push(() => cluster.close())
  return {
    cluster,
    kafka: new Kafka({ ...cluster.clientOptions(), logger: silentLogger, retryBackoffMs: 5 }),
  }
}

function reading(kafka: Kafka, options: ConsumerOptions, handle: (message: Message) => unknown = () => {}) {
  const consumer = kafka.consumer({ startFrom: 'earliest', fetchMaxWaitMs: 20, ...options }) as Consumer
  const seen: Message[] = []
  const ended = consumer.run((message) => {
    seen.push(message)
    return handle(message)
  })
  closers.push(async () => {
    await consumer.close()
    await ended
  })
  return { consumer, seen, saw: (count: number) => until(() => seen.length >= count, `${count} messages`) }
}

const positions = (seen: readonly Message[], partition = 0) =>
  seen.filter((message) => message.partition === partition).map(({ offset }) => Number(offset))
const upTo = (count: number) => Array.from({ length: count }, (_, i) => i)

const always = ['none', 'gzip', 'snappy', 'lz4'] as const
/** Writing zstd needs Node's own. */
const codecs = 'zstdCompressSync' in zlib ? ([...always, 'zstd'] as const) : always

test.each<[string, ConsumerOptions]>([
  ['maxPartitionFetchBytes', { maxPartitionFetchBytes: 100 }],
  ['fetchMaxBytes', { fetchMaxBytes: 100 }],
  ['fetchMemoryBytes', { fetchMemoryBytes: 1_048_576 }],
])(
  'C9 KIP-74: messages larger than %s come one after another, none twice, and nothing from below the position',
  async (_, options) => {
    const { kafka } = await start()
    await using producer = kafka.producer({ maxRequestSizeBytes: 4_000_000 })
    const sizes = [10, 300_000, 10, 900_000, 10]
    await using admin = kafka.admin()
    await admin.incrementalAlterConfigs([
      { type: 'topic', name: 't', set: { 'max.message.bytes': 4_000_000 } },
    ])
    for (const size of sizes) await producer.send('t', { partition: 0, value: Buffer.alloc(size, 'x') })
    // Two messages of one batch, of which the first lies below the position.
    await producer.send('t', [
      { partition: 0, value: 'below' },
      { partition: 0, value: 'above' },
    ])
    const { seen, saw } = reading(kafka, { assign: ['t'], ...options })
    await saw(7)
    expect(positions(seen)).toEqual(upTo(7))
    expect(seen.slice(0, 5).map(({ rawValue }) => rawValue?.length)).toEqual(sizes)
    const from = reading(kafka, {
      assign: [{ topic: 't', partition: 0, startFrom: { offset: 6n } }],
      ...options,
    })
    await from.saw(1)
    expect(String(from.seen[0]?.rawValue)).toBe('above')
  },
)

test('C10: with one session slot in the broker two consumers read on, one of them without a session', async () => {
  const { cluster, kafka } = await start({
    configs: { 'max.incremental.fetch.session.cache.slots': 1 },
  })
  await using producer = kafka.producer()
  const one = reading(kafka, { assign: ['t'] })
  const two = reading(kafka, { assign: ['t'] })
  for (const value of upTo(50)) await producer.send('t', { partition: 0, value: String(value) })
  await Promise.all([one.saw(50), two.saw(50)])
  expect([positions(one.seen), positions(two.seen)]).toEqual([upTo(50), upTo(50)])
  expect(cluster.failures).toEqual([])
})

test('C10: a broker that was restarted knows no session; a new one begins, and nothing is missing or comes twice', async () => {
  const { cluster, kafka } = await start()
  await using producer = kafka.producer()
  const { seen, saw } = reading(kafka, { assign: ['t'] })
  for (const round of upTo(3)) {
    for (const value of upTo(10)) await producer.send('t', { partition: 0, value: String(value) })
    await saw(10 * (round + 1))
    await cluster.stopBroker(1)
    await cluster.startBroker(1)
  }
  expect(positions(seen)).toEqual(upTo(30))
  const sessions = cluster.requests
    .filter({ api: 'Fetch' })
    .filter(({ request }) => request.sessionEpoch === 0)
  expect(sessions.length).toBeGreaterThanOrEqual(2)
})

test('C11: of a hundred partitions, one with a long backlog, each is read in its turn', async () => {
  const { kafka } = await start({ topics: [{ name: 't', partitions: 100 }] })
  await using producer = kafka.producer()
  const backlog = 3000
  await producer.send(
    't',
    upTo(backlog).map(() => ({ partition: 0, value: 'x'.repeat(200) })),
  )
  await producer.send(
    't',
    upTo(99).map((i) => ({ partition: i + 1, value: 'y' })),
  )
  const { seen, saw } = reading(kafka, {
    assign: ['t'],
    maxPartitionFetchBytes: 20_000,
    fetchMaxBytes: 40_000,
  })
  await saw(backlog + 99)
  expect(positions(seen)).toEqual(upTo(backlog))
  const others = seen.flatMap(({ partition }, index) => (partition === 0 ? [] : [index]))
  expect(others).toHaveLength(99)
  // Long before the backlog is through all of the others were handed out.
  expect(others.at(-1)).toBeLessThan(backlog / 2)
})

test.each(codecs)(
  'C16: reads batches of codec %s, also with nulls, headers and empty values',
  async (compression) => {
    const { kafka } = await start()
    await using producer = kafka.producer({ compression, lingerMs: 5 })
    await producer.send('t', [
      { partition: 0, key: null, value: null },
      { partition: 0, key: '', value: '', headers: { h: Buffer.from([0, 255]) } },
      ...upTo(200).map((i) => ({ partition: 0, key: `k${i}`, value: zlib.gzipSync(String(i)) })),
    ])
    const { seen, saw } = reading(kafka, { assign: ['t'] })
    await saw(202)
    expect(positions(seen)).toEqual(upTo(202))
    expect([seen[0]?.rawKey, seen[0]?.rawValue]).toEqual([null, null])
    expect([seen[1]?.rawKey?.length, seen[1]?.rawValue?.length]).toEqual([0, 0])
    expect(seen[1]?.header('h')).toEqual(Buffer.from([0, 255]))
    expect(seen[201]?.rawValue).toEqual(zlib.gzipSync('199'))
  },
)

test('F10 L17: what decompresses to many times its size is counted as what it becomes', async () => {
  const { kafka } = await start({ topics: [{ name: 't', partitions: 8 }] })
  await using producer = kafka.producer({ compression: 'gzip', batchSizeBytes: 1_000_000 })
  for (const partition of upTo(8)) {
    await producer.send(
      't',
      upTo(60).map(() => ({ partition, value: Buffer.alloc(10_000) })),
    )
  }
  let most = 0
  const fetchMemoryBytes = 1_048_576
  const reader = reading(kafka, { assign: ['t'], fetchMemoryBytes }, () => {
    most = Math.max(most, reader.consumer.metrics().bufferedBytes)
  })
  await reader.saw(480)
  for (const partition of upTo(8)) expect(positions(reader.seen, partition)).toEqual(upTo(60))
  expect(most).toBeGreaterThan(0)
  // One batch is always let in, so that reading goes on.
  expect(most).toBeLessThan(fetchMemoryBytes + 700_000)
})

test('K4: a look-up of positions that a cooperative rebalance finds under way is carried on for what is kept', async () => {
  const { cluster, kafka } = await start({ topics: [{ name: 't', partitions: 4 }] })
  await using producer = kafka.producer()
  for (const partition of upTo(4)) await producer.send('t', { partition, value: 'x' })
  const heal = cluster.faults.fail('OffsetFetch', 'UNSTABLE_OFFSET_COMMIT')
  const group = { groupId: 'g', topics: ['t'], heartbeatIntervalMs: 20 }
  const one = reading(kafka, group)
  await cluster.requests.waitFor('OffsetFetch')
  const two = reading(kafka, group)
  await until(
    () => one.consumer.assignment().length === 2 && two.consumer.assignment().length === 2,
    'two each',
  )
  expect([...one.seen, ...two.seen]).toEqual([])
  heal()
  await until(() => one.seen.length + two.seen.length >= 4, 'all messages')
  expect([...one.seen, ...two.seen].map(({ partition }) => partition).sort()).toEqual(upTo(4))
})

test("C14: what a user commits is stored with its leader epoch and metadata; too much metadata is the user's error, and stores nothing", async () => {
  const { cluster, kafka } = await start({ configs: { 'offset.metadata.max.bytes': 10 } })
  await using producer = kafka.producer()
  await producer.send('t', { partition: 0, value: 'x' })
  const { consumer, saw } = reading(kafka, {
    groupId: 'g',
    topics: ['t'],
    autoCommit: false,
    heartbeatIntervalMs: 20,
  })
  await saw(1)
  const place = { topic: 't', partition: 0 }
  await consumer.commit([{ ...place, offset: 1n, leaderEpoch: 0, metadata: 'mine' }])
  expect((await consumer.committed([place]))[0]).toMatchObject({
    ...place,
    committed: { offset: 1n, leaderEpoch: 0, metadata: 'mine' },
  })
  const tooMuch = consumer.commit([{ ...place, offset: 5n, metadata: 'x'.repeat(11) }])
  await expect(tooMuch).rejects.toMatchObject({ code: 'OFFSET_METADATA_TOO_LARGE', retriable: false })
  expect(cluster.group('g')?.offsets.map(({ offset }) => offset)).toEqual([1n])
})
