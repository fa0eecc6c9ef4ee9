// Guards the choice of topics: patterns that miss topics or take too many, and messages of topics that were given up.
import { json, Kafka, string, topic, type ConsumerOptions, type Message } from '../../src'
import { createCluster, type TestCluster } from '../../src/testing'
import { silentLogger } from '../../src/base/logger'
import { errorOf, until } from './support/case-runner'

const closers: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

const configs = {
  'group.consumer.min.heartbeat.interval.ms': 20,
  'group.consumer.heartbeat.interval.ms': 20,
  'group.consumer.assignment.interval.ms': 0,
  'group.initial.rebalance.delay.ms': 0,
}

async function start(...names: string[]) {
  const cluster = await createCluster({
    network: 'memory',
    logger: silentLogger,
    configs,
    topics: names.map((name) => ({ name, partitions: 1 })),
  })
  closers.push(() => cluster.close())
  const kafka = new Kafka({
    ...cluster.clientOptions(),
    logger: silentLogger,
    retryBackoffMs: 10,
    metadataMaxAgeMs: 50,
  })
  const producer = kafka.producer()
  closers.push(() => producer.close())
  return { cluster, kafka, producer }
}

const shown = ({ topic: name, value }: Message) => `${name}:${String(value)}`

/** A consumer that runs and notes what it was given. */
function reading(kafka: Kafka, options: ConsumerOptions) {
  const consumer = kafka.consumer({
    groupId: 'g',
    startFrom: 'earliest',
    fetchMaxWaitMs: 20,
    heartbeatIntervalMs: 20,
    ...(options.groupProtocol === 'consumer' && { heartbeatIntervalMs: undefined }),
    ...options,
  })
  const seen: string[] = []
  let failure: unknown
  const running = consumer.run((message) => void seen.push(shown(message)))
  running.catch((error: unknown) => (failure = error))
  closers.push(() => consumer.close())
  const topicsNow = () => [...new Set(consumer.assignment().map(({ topic: name }) => name))].sort()
  const reads = (...names: string[]) =>
    until(
      () => failure !== undefined || topicsNow().join() === names.join(),
      `topics ${names.join()}, not ${topicsNow().join()}`,
    )
  return { consumer, seen, reads, running, failure: () => failure }
}

describe.each(['classic', 'consumer'] as const)('with the %s protocol', (groupProtocol) => {
  test('G12: a pattern takes the topics whose names match, finds later ones, and lets deleted ones go', async () => {
    const { cluster, kafka, producer } = await start('events.a', 'other')
    const { seen, reads, failure } = reading(kafka, { groupProtocol, topics: [/^events\./] })
    await reads('events.a')
    cluster.createTopic('events.b', { partitions: 2 })
    cluster.createTopic('not.events.c')
    if (groupProtocol === 'classic') {
      // The brokers look at patterns again only every ten minutes.
      await reads('events.a', 'events.b')
      await producer.send('events.b', { value: 'new' })
      await until(() => seen.includes('events.b:new'), 'the message of the new topic')
      cluster.deleteTopic('events.a')
      await reads('events.b')
    }
    expect(failure()).toBeUndefined()
    expect(seen.filter((one) => !one.startsWith('events.'))).toEqual([])
  })

  test('a definition counts for its topic, whatever pattern matches it as well', async () => {
    const { kafka, producer } = await start('events.a', 'orders.x', 'clicks')
    const orders = topic('orders.x', { key: string(), value: json<{ total: number }>() })
    await producer.send(orders, { key: 'k', value: { total: 3 } })
    await producer.send('events.a', { value: 'e' })
    await producer.send('clicks', { value: 'c' })
    const consumer = kafka.consumer({
      groupId: 'g',
      groupProtocol,
      topics: [/^(events|orders)/, orders, 'clicks'],
      startFrom: 'earliest',
    })
    closers.push(() => consumer.close())
    const seen: unknown[] = []
    for await (const message of consumer) {
      seen.push(message.isFrom(orders) ? message.value.total : String(message.value))
      if (seen.length === 3) break
    }
    expect(seen.map(String).sort()).toEqual(['3', 'c', 'e'])
  })

  test('G16: after subscribe nothing of the topics before is handed out, and what was finished is committed', async () => {
    const { cluster, kafka, producer } = await start('old', 'new')
    for (let i = 0; i < 200; i++) void producer.send('old', { value: `${i}` })
    await producer.flush()
    await producer.send('new', { value: 'n' })
    const consumer = kafka.consumer({
      groupId: 'g',
      groupProtocol,
      topics: ['old', 'new'],
      startFrom: 'earliest',
    })
    closers.push(() => consumer.close())
    consumer.subscribe(['old'])
    const seen: string[] = []
    let atSwitch = -1
    const running = consumer.run((message) => {
      seen.push(shown(message))
      if (message.topic === 'old' && seen.length === 50) {
        consumer.subscribe(['new'])
        atSwitch = seen.length
      }
    })
    await until(() => seen.includes('new:n'), 'the new topic')
    await until(() => consumer.assignment().every(({ topic: name }) => name === 'new'), 'the old one gone')
    expect(seen.slice(atSwitch)).toEqual(['new:n'])
    expect(consumer.subscription()).toEqual({ topics: ['new'], pattern: null })
    const admin = kafka.admin()
    closers.push(() => admin.close())
    const [committed] = await consumer.committed([{ topic: 'old', partition: 0 }])
    expect(committed?.committed?.offset).toBe(50n)
    await consumer.stop()
    await running
    expect(cluster.failures).toEqual([])
  })

  test('an empty subscription gives everything back and leaves the group; the next one joins again', async () => {
    const { kafka, producer } = await start('a')
    const { consumer, seen, reads } = reading(kafka, { groupProtocol, topics: ['a'] })
    await producer.send('a', { value: '1' })
    await until(() => seen.length === 1, 'the first message')
    consumer.subscribe([])
    await reads()
    await until(() => consumer.groupMetadata().memberId === '', 'the member is out')
    await producer.send('a', { value: '2' })
    consumer.subscribe(['a'])
    await until(() => seen.length === 2, 'the second message')
    expect(seen).toEqual(['a:1', 'a:2'])
  })

  test('a topic that is dropped and taken back before its rebalance goes on, without a gap or a message twice', async () => {
    const { kafka, producer } = await start('a', 'b')
    for (let i = 0; i < 100; i++) void producer.send('a', { value: `${i}` })
    await producer.flush()
    const consumer = kafka.consumer({
      groupId: 'g',
      groupProtocol,
      topics: ['a', 'b'],
      startFrom: 'earliest',
    })
    closers.push(() => consumer.close())
    const seen: string[] = []
    const running = consumer.run(async (message) => {
      seen.push(String(message.value))
      if (seen.length === 10) consumer.subscribe(['b'])
      if (seen.length === 10) consumer.subscribe(['b', 'a'])
      await Promise.resolve()
    })
    await until(() => seen.length >= 100, 'all messages')
    expect(seen).toEqual(Array.from({ length: 100 }, (_, i) => `${i}`))
    await consumer.stop()
    await running
  })
})

/** Waits until all topics were listed so many times. */
async function listings(cluster: TestCluster, count: number): Promise<void> {
  const isListing = ({ api, request }: { api: string; request: unknown }) =>
    api === 'Metadata' && (request as { topics: unknown }).topics === null
  await until(() => cluster.requests.all.filter(isListing).length >= count, 'the listings')
}

test('G12: internal topics match no pattern of the classic protocol', async () => {
  const { kafka } = await start('a')
  const { consumer, reads } = reading(kafka, { topics: [/./] })
  await reads('a')
  // Commits have made Kafka's own topic by now.
  await consumer.commit([{ topic: 'a', partition: 0, offset: 0 }])
  const admin = kafka.admin()
  closers.push(() => admin.close())
  const all = await admin.listTopics({ includeInternal: true })
  expect(all.map(({ name }) => name)).toContain('__consumer_offsets')
  consumer.subscribe([/_/, /a/])
  await reads('a')
})

test('a pattern that nothing matches waits for the first topic', async () => {
  const { cluster, kafka, producer } = await start('x')
  const { seen, reads } = reading(kafka, { topics: [/^later/], startFrom: 'latest' })
  await reads()
  await listings(cluster, 2)
  cluster.createTopic('later.1')
  await producer.send('later.1', { value: 'first' })
  // G13: it is younger than the subscription, so its first message is not skipped.
  await until(() => seen.length === 1, 'its first message')
})

test('G12: a member whose pattern nothing matches is in its group all the same', async () => {
  const { cluster, kafka } = await start()
  reading(kafka, { topics: [/^later\./] })
  await until(() => cluster.group('g')?.members.length === 1, 'the member')
})

test('patterns whose answer would depend on state, and mixtures of their flags, are refused with all that is wrong', async () => {
  const { kafka } = await start('x')
  expect(() => kafka.consumer({ groupId: 'g', topics: [/a/g] })).toThrow(/flags g and y in \/a\/g/)
  expect(() => kafka.consumer({ groupId: 'g', topics: [/a/i, /b/] })).toThrow(/flag i only/)
  expect(() => kafka.consumer({ topics: [/a/] })).toThrow(/'topics' needs a 'groupId'/)
  expect(() => kafka.consumer({ assign: ['x'], topics: [/a/] })).toThrow(/only a group can follow/)
  expect(() => kafka.consumer({ groupId: 'g', topics: ['x'], until: 'end' })).toThrow(
    /'until' needs 'assign'/,
  )
  expect(() => kafka.consumer({ assign: ['x', { topic: 'x' }] })).toThrow(/more than once/)
  const member = kafka.consumer({ groupId: 'g', topics: ['x'] })
  expect(() => member.subscribe(['y', 'y'])).toThrow(/more than once/)
  expect(await errorOf(Promise.resolve().then(() => member.progress()))).toMatchObject({
    code: 'INVALID_ARGUMENT',
  })
  const byHand = kafka.consumer({ assign: ['x'] })
  expect(() => byHand.subscribe(['x'])).toThrow(/given by hand/)
})

test('G12: a pattern that the brokers cannot read is fatal, and says so', async () => {
  const { kafka } = await start('x')
  const { failure } = reading(kafka, { groupProtocol: 'consumer', topics: [/^(?!internal)/] })
  await until(() => failure() !== undefined, 'the failure')
  expect(failure()).toMatchObject({ code: 'INVALID_REGULAR_EXPRESSION' })
})
