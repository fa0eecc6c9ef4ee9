// Guards against reading from the wrong place: messages skipped or read again because a position, a log or a whole topic
// is not what it was.
import { Kafka, onDiagnostics, type ConsumerOptions, type Message, type OffsetResetEvent } from '../../src'
import { createCluster, type TestClusterOptions } from '../../src/testing'
import { silentLogger } from '../../src/base/logger'
import { errorOf, until } from './support/case-runner'

const closers: (() => Promise<void> | void)[] = []

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function start(options: TestClusterOptions = {}, kafkaOptions: { metadataMaxAgeMs?: number } = {}) {
  const cluster = await createCluster({
    network: 'memory',
    logger: silentLogger,
    topics: [{ name: 't', partitions: 2 }],
    ...options,
    configs: { 'group.initial.rebalance.delay.ms': 0, ...options.configs },
  })
  closers.push(() => cluster.close())
  const kafka = new Kafka({
    ...cluster.clientOptions(),
    logger: silentLogger,
    retryBackoffMs: 10,
    metadataMaxAgeMs: 50,
    ...kafkaOptions,
  })
  const producer = kafka.producer()
  closers.push(() => producer.close())
  const admin = kafka.admin()
  closers.push(() => admin.close())
  const send = (count: number, where: { partition?: number; timestamp?: number; topic?: string } = {}) => {
    const { topic = 't', timestamp, partition = 0 } = where
    return Promise.all(
      Array.from({ length: count }, (_, i) =>
        producer.send(topic, {
          partition,
          value: `${i}`,
          ...(timestamp !== undefined && { timestamp: timestamp + i }),
        }),
      ),
    )
  }
  return { cluster, kafka, producer, admin, send }
}

const shown = ({ topic, partition, offset }: Message) => `${topic}-${partition}@${offset}`
const offsets = (partition: number, from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => `t-${partition}@${from + i}`)

function reading(kafka: Kafka, options: ConsumerOptions = {}) {
  const consumer = kafka.consumer({
    ...(options.assign === undefined && { groupId: 'g', topics: ['t'] }),
    fetchMaxWaitMs: 20,
    heartbeatIntervalMs: 20,
    ...options,
  })
  closers.push(() => consumer.close())
  const seen: string[] = []
  let failure: unknown
  const run = () => {
    failure = undefined
    consumer.run((message) => void seen.push(shown(message))).catch((error: unknown) => (failure = error))
  }
  run()
  const saw = (count: number) => until(() => seen.length >= count, `${count} messages, not ${seen.join(' ')}`)
  const positioned = (partitions = 2) =>
    until(
      () =>
        consumer.assignment().length === partitions &&
        consumer.assignment().every((one) => consumer.position(one) !== undefined),
      'all positions',
    )
  return { consumer, seen, saw, positioned, run, failure: () => failure }
}

function resets(): OffsetResetEvent[] {
  const events: OffsetResetEvent[] = []
  closers.push(onDiagnostics('typed-kafka:consumer:offset-reset', (event) => void events.push(event)))
  return events
}

describe('where reading starts', () => {
  const base = Date.UTC(2026, 0, 1)

  test.each<[string, ConsumerOptions['startFrom'], number]>([
    ['earliest', 'earliest', 0],
    ['an offset', { offset: 7n }, 7],
    ['a time', { timestamp: base + 4 }, 4],
    ['a date', { timestamp: new Date(base + 9) }, 9],
    ['longer ago than all of them (KIP-1106)', { durationMs: 1_000 * 86_400_000 }, 0],
  ])('C3: %s counts where nothing is committed', async (_name, startFrom, first) => {
    const { kafka, send } = await start({ topics: [{ name: 't', partitions: 1 }] })
    await send(10, { timestamp: base })
    const { seen, saw } = reading(kafka, { startFrom })
    await saw(10 - first)
    expect(seen).toEqual(offsets(0, first, 10))
  })

  test('C3: latest and a short time ago (KIP-1106) pass over what is older', async () => {
    for (const startFrom of ['latest', { durationMs: 10_000 }] as const) {
      const { kafka, send } = await start()
      await send(5, { timestamp: Date.now() - 3_600_000 })
      const { seen, saw, positioned } = reading(kafka, { startFrom })
      await positioned()
      await send(2)
      await saw(2)
      expect(seen).toEqual(offsets(0, 5, 7))
    }
  })

  test("C3: with 'none' a partition without a committed offset raises; after a seek it is read", async () => {
    const { kafka, send } = await start()
    await send(3)
    const { consumer, seen, saw, run, failure } = reading(kafka, { startFrom: 'none' })
    await until(() => failure() !== undefined, 'the error')
    expect(failure()).toMatchObject({ code: 'NO_OFFSET_FOR_PARTITION' })
    for (const { partition } of consumer.assignment()) consumer.seek({ topic: 't', partition }, 'beginning')
    run()
    await saw(3)
    expect(seen).toEqual(offsets(0, 0, 3))
  })

  test('C4: offsets of an open transaction are waited for, not taken for none', async () => {
    const { cluster, kafka, send } = await start({ topics: [{ name: 't', partitions: 1 }] })
    await send(10)
    const earlier = kafka.consumer({ groupId: 'g', assign: [{ topic: 't', partition: 0 }] })
    const transactional = kafka.producer({ transactionalId: 'tx' })
    closers.push(() => transactional.close())
    const transaction = await transactional.beginTransaction()
    await transaction.sendOffsets([{ topic: 't', partition: 0, offset: 6n }], earlier.groupMetadata())
    await earlier.close()
    const { seen, saw } = reading(kafka, { startFrom: 'earliest' })
    await cluster.requests.waitFor('OffsetFetch')
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(seen).toEqual([])
    await transaction.commit()
    await saw(4)
    expect(seen).toEqual(offsets(0, 6, 10))
  })

  test("G13: with 'latest' a partition that is added while the group runs is read from its beginning", async () => {
    const { kafka, producer, admin, send } = await start()
    await send(3)
    const { seen, saw, positioned } = reading(kafka, { startFrom: 'latest' })
    await positioned()
    await admin.createPartitions([{ topic: 't', totalCount: 3 }])
    for (const value of ['a', 'b']) await producer.send('t', { partition: 2, value })
    await saw(2)
    expect(seen).toEqual(offsets(2, 0, 2))
  })

  test("G13: with 'latest' a topic that is created after it was subscribed to is read from its beginning", async () => {
    const { cluster, kafka, producer } = await start({ topics: [] })
    const { seen, saw } = reading(kafka, { startFrom: 'latest', topics: ['t', 'later'] })
    await cluster.requests.waitFor('Metadata', ({ request }) =>
      JSON.stringify(request.topics).includes('later'),
    )
    await new Promise((resolve) => setTimeout(resolve, 20))
    cluster.createTopic('later')
    await producer.send('later', { value: 'first' })
    await saw(1)
    expect(seen).toEqual(['later-0@0'])
  }, 10_000)
})

describe('a position that is not in the log any more', () => {
  async function cut(options: ConsumerOptions) {
    const bench = await start()
    await bench.send(10)
    await bench.send(1, { partition: 1 })
    const group = bench.kafka.consumer({ groupId: 'g', assign: ['t'] })
    await group.commit([
      { topic: 't', partition: 0, offset: 3n },
      { topic: 't', partition: 1, offset: 0n },
    ])
    await group.close()
    await bench.admin.deleteRecords([{ topic: 't', partition: 0, beforeOffset: 6n }])
    const events = resets()
    return { ...bench, events, ...reading(bench.kafka, options) }
  }

  test('C1 F7: is reset by startFrom, through a look-up, and the loss is told with where from and where to', async () => {
    const { seen, saw, events } = await cut({ startFrom: 'earliest' })
    await saw(5)
    expect(seen.sort()).toEqual([...offsets(0, 6, 10), ...offsets(1, 0, 1)])
    expect(events).toMatchObject([
      { topic: 't', partition: 0, reason: 'out-of-range', fromOffset: 3n, toOffset: 6n, groupId: 'g' },
    ])
  })

  test('C1: latest goes on at the end', async () => {
    const { seen, saw, send, events } = await cut({ startFrom: 'latest' })
    await until(() => events.length === 1, 'the reset')
    expect(events).toMatchObject([{ fromOffset: 3n, toOffset: 10n }])
    await send(1)
    await saw(2)
    expect(seen.sort()).toEqual([...offsets(0, 10, 11), ...offsets(1, 0, 1)])
  })

  test('C1: none raises with the partition, the others go on, and a seek cures it', async () => {
    const { consumer, seen, saw, run, failure } = await cut({ startFrom: 'none' })
    await until(() => failure() !== undefined, 'the error')
    expect(failure()).toMatchObject({
      code: 'OFFSET_OUT_OF_RANGE',
      context: { topic: 't', partition: 0 },
      message: expect.stringContaining('Offset 3') as string,
    })
    consumer.seek({ topic: 't', partition: 0 }, 8)
    run()
    await saw(3)
    expect(seen.sort()).toEqual([...offsets(0, 8, 10), ...offsets(1, 0, 1)])
  })

  test.each([
    ['lastTimestamp', 12],
    ['startFrom', 20],
  ] as const)('F9: whenOutOfRange %s goes on at %d', async (whenOutOfRange, first) => {
    const base = Date.UTC(2026, 0, 1)
    const { kafka, admin, send } = await start({ topics: [{ name: 't', partitions: 1 }] })
    const where = { topic: 't', partition: 0 }
    await send(6, { timestamp: base })
    const events = resets()
    const { consumer, seen, saw } = reading(kafka, {
      assign: [where],
      startFrom: 'latest',
      whenOutOfRange,
    })
    await until(() => consumer.position(where) !== undefined, 'the position')
    consumer.seek(where, 0)
    await saw(6)
    // What is fetched now is dropped by the seek below.
    consumer.pause([where])
    await send(14, { timestamp: base + 1_000 })
    await admin.deleteRecords([{ ...where, beforeOffset: 12n }])
    consumer.seek(where, 6)
    consumer.resume([where])
    await until(() => events.length === 1, 'the reset')
    expect(events).toMatchObject([{ reason: 'out-of-range', fromOffset: 6n, toOffset: BigInt(first) }])
    await send(1)
    await saw(6 + 21 - first)
    expect(seen.slice(6)).toEqual(offsets(0, first, 21))
  })
})

describe('L19: a topic that is deleted and created anew', () => {
  test.each(['classic', 'consumer'] as const)(
    'is read from its beginning, with the %s protocol and also with latest',
    async (groupProtocol) => {
      const { cluster, kafka, send } = await start({
        topics: [{ name: 't', partitions: 1 }],
        configs: {
          'group.consumer.min.heartbeat.interval.ms': 20,
          'group.consumer.heartbeat.interval.ms': 20,
        },
      })
      const { seen, saw, positioned } = reading(kafka, {
        groupProtocol,
        ...(groupProtocol === 'consumer' && { heartbeatIntervalMs: undefined }),
        startFrom: 'latest',
        autoCommitIntervalMs: 10,
      })
      await positioned(1)
      await send(5)
      await saw(5)
      cluster.deleteTopic('t')
      cluster.createTopic('t', { partitions: 1 })
      await send(3)
      await saw(8)
      // Longer than the old one was by now: an old offset would lie in the middle of it.
      await send(20)
      await saw(28)
      expect(seen).toEqual([...offsets(0, 0, 5), ...offsets(0, 0, 23)])
    },
  )

  test('is read from its beginning though a commit for the old one came after it', async () => {
    const { cluster, kafka, send } = await start({ topics: [{ name: 't', partitions: 1 }] })
    const { consumer, seen, saw, positioned } = reading(kafka, { startFrom: 'latest', autoCommit: false })
    await positioned(1)
    await send(5)
    await saw(5)
    cluster.deleteTopic('t')
    cluster.createTopic('t', { partitions: 1 })
    // The consumer has not heard of it yet, and a commit names the topic only.
    const sent = send(3)
    await consumer.commit([{ topic: 't', partition: 0, offset: 5n }])
    expect(cluster.group('g')?.offsets).toMatchObject([{ topic: 't', offset: 5n }])
    await sent
    await saw(8)
    expect(seen).toEqual([...offsets(0, 0, 5), ...offsets(0, 0, 3)])
  })

  test('without a group it is read from its beginning, and the change is told', async () => {
    const { cluster, kafka, send } = await start({ topics: [{ name: 't', partitions: 1 }] })
    const events = resets()
    const { seen, saw, positioned } = reading(kafka, { assign: ['t'] })
    await positioned(1)
    await send(5)
    await saw(5)
    cluster.deleteTopic('t')
    cluster.createTopic('t', { partitions: 1 })
    await send(10)
    await saw(15)
    expect(seen).toEqual([...offsets(0, 0, 5), ...offsets(0, 0, 10)])
    expect(events).toMatchObject([{ reason: 'recreated', fromOffset: 5n, toOffset: 0n }])
  })

  test('ends a range with an error, as a topic that is deleted for good does', async () => {
    const { cluster, kafka, send } = await start({ topics: [{ name: 't', partitions: 1 }] })
    await send(5)
    const { saw, failure } = reading(kafka, { assign: ['t'], until: { offset: 100 } })
    await saw(5)
    cluster.deleteTopic('t')
    cluster.createTopic('t', { partitions: 1 })
    await until(() => failure() !== undefined, 'the error')
    expect(failure()).toMatchObject({ code: 'TOPIC_RECREATED' })
  })
})

test('G13: a consumer in a group gets the new partitions of its topic', async () => {
  const { kafka, producer, admin } = await start()
  const { saw, positioned, seen } = reading(kafka, { startFrom: 'earliest' })
  await positioned()
  await admin.createPartitions([{ topic: 't', totalCount: 4 }])
  for (const partition of [2, 3]) await producer.send('t', { partition, value: 'x' })
  await saw(2)
  expect(seen.sort()).toEqual(['t-2@0', 't-3@0'])
})

test('C12: a follower in the rack is fetched from, and its leader when the follower is gone', async () => {
  const { cluster, kafka, send } = await start({
    brokers: 3,
    racks: ['a', 'b', 'c'],
    configs: { 'replica.selector.class': 'org.apache.kafka.common.replica.RackAwareReplicaSelector' },
    topics: [{ name: 't', assignments: new Map([[0, [1, 2, 3]]]) }],
  })
  await send(5)
  const { seen, saw } = reading(kafka, { startFrom: 'earliest', clientRack: 'c' })
  await saw(5)
  await cluster.requests.waitFor('Fetch', ({ brokerId }) => brokerId === 3)
  await send(5)
  await saw(10)
  await cluster.stopBroker(3, { kill: true })
  await send(5)
  await saw(15)
  expect(seen).toEqual(offsets(0, 0, 15))
})

test('C2 F7: after an unclean election reading goes on where the logs part, and the loss is told', async () => {
  const { cluster, kafka, producer } = await start({
    brokers: 2,
    configs: { 'unclean.leader.election.enable': 'true', 'min.insync.replicas': '1' },
    topics: [{ name: 't', assignments: new Map([[0, [1, 2]]]) }],
  })
  const events = resets()
  const { seen, saw } = reading(kafka, { assign: [{ topic: 't', partition: 0, startFrom: 'earliest' }] })
  for (const value of ['0', '1', '2']) await producer.send('t', { partition: 0, value })
  await saw(3)
  await cluster.stopBroker(2)
  for (const value of ['3', '4']) await producer.send('t', { partition: 0, value })
  await saw(5)
  await cluster.stopBroker(1, { kill: true })
  await cluster.startBroker(2)
  for (const value of ['new 3', 'new 4', 'new 5']) await producer.send('t', { partition: 0, value })
  await saw(8)
  expect(seen).toEqual([...offsets(0, 0, 5), ...offsets(0, 3, 6)])
  expect(events).toMatchObject([{ reason: 'truncated', fromOffset: 5n, toOffset: 3n }])
})

test('position counts neither what was prefetched nor, side by side, what was read ahead', async () => {
  const { kafka, send } = await start({ topics: [{ name: 't', partitions: 1 }] })
  await send(100)
  const consumer = kafka.consumer({ groupId: 'g', topics: ['t'], startFrom: 'earliest' })
  closers.push(() => consumer.close())
  const where = { topic: 't', partition: 0 }
  for (const order of ['key', 'none'] as const) {
    let release = () => {}
    const held = new Promise<void>((resolve) => (release = resolve))
    let started = 0
    const running = consumer.run(
      async () => {
        started++
        await held
      },
      { order, concurrency: 4 },
    )
    await until(() => started === 4, 'four handlers')
    expect(consumer.position(where)).toBe(0n)
    const stopped = consumer.stop()
    release()
    await stopped
    await running
    expect(await errorOf(Promise.resolve())).toBeUndefined()
    consumer.seek(where, 'beginning')
  }
})

test('C5 C6: pause keeps what was fetched, and a seek drops it', async () => {
  const { cluster, kafka, send } = await start({ topics: [{ name: 't', partitions: 1 }] })
  await send(50)
  const where = { topic: 't', partition: 0 }
  const consumer = kafka.consumer({ assign: [{ ...where, startFrom: 'earliest' }], fetchMaxWaitMs: 20 })
  closers.push(() => consumer.close())
  const seen: string[] = []
  const running = consumer.run((message) => {
    seen.push(shown(message))
    if (seen.length === 10) consumer.pause([where])
  })
  await until(() => seen.length === 10, 'the first ten')
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(seen).toHaveLength(10)
  const fetches = cluster.requests.filter({ api: 'Fetch' }).length
  consumer.resume([where])
  await until(() => seen.length === 50, 'the others')
  expect(cluster.requests.filter({ api: 'Fetch' }).length).toBeLessThanOrEqual(fetches + 1)
  consumer.seek(where, 45)
  await until(() => seen.length === 55, 'the last five again')
  expect(seen).toEqual([...offsets(0, 0, 50), ...offsets(0, 45, 50)])
  await consumer.stop()
  await running
})
