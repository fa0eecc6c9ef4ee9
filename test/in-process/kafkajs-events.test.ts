// Guards KafkaJS's events: each with its name and exactly its fields, of one client alone, and none when nobody listens.
import type { RequestEvent, RequestQueueSizeEvent, RequestTimeoutEvent } from '../../src/kafkajs/types/events'
import { rejectionOf } from '../support/rejection'
import { until } from './support/case-runner'
import { KafkaJsSetup } from './support/kafkajs-cluster'

const setup = new KafkaJsSetup()
let count = 0

beforeAll(async () => {
  await setup.start({ configs: { 'group.initial.rebalance.delay.ms': 0 } })
})

afterEach(() => setup.disconnect())

afterAll(async () => {
  const { failures } = setup.cluster
  await setup.end()
  expect(failures).toEqual([])
})

const newTopic = (partitions = 1): string => {
  const name = `topic-${++count}`
  setup.cluster.createTopic(name, { partitions })
  return name
}

/** A group without members. */
async function newGroup(): Promise<string> {
  const topic = newTopic()
  const admin = setup.own(setup.kafka().admin())
  await admin.setOffsets({ groupId: topic, topic, partitions: [{ partition: 0, offset: '0' }] })
  return topic
}

/** What KafkaJS's own client tells of a request, with the types of its fields. */
const requestFields = {
  apiKey: expect.any(Number) as number,
  apiName: expect.any(String) as string,
  apiVersion: expect.any(Number) as number,
  broker: expect.any(String) as string,
  clientId: 'events',
  correlationId: expect.any(Number) as number,
  createdAt: expect.any(Number) as number,
  duration: expect.any(Number) as number,
  pendingDuration: expect.any(Number) as number,
  sentAt: expect.any(Number) as number,
  size: expect.any(Number) as number,
}

describe('7 requests', () => {
  test('7 REQUEST of a producer: each request that was answered, with its eleven fields', async () => {
    const topic = newTopic()
    const events: RequestEvent[] = []
    const before = Date.now()
    const producer = setup.own(setup.kafka({ clientId: 'events' }).producer())
    producer.on(producer.events.REQUEST, (event) => events.push(event))
    await producer.connect()
    await producer.send({ topic, messages: [{ value: 'v' }] })
    const names = events.map(({ payload }) => payload.apiName)
    expect(names).toEqual(expect.arrayContaining(['ApiVersions', 'Metadata', 'Produce']))
    for (const { id, type, timestamp, payload } of events) {
      expect([typeof id, type, typeof timestamp]).toEqual(['number', 'producer.network.request', 'number'])
      expect(payload).toEqual(requestFields)
      expect(setup.cluster.bootstrap).toContain(payload.broker)
      const { createdAt, sentAt, pendingDuration, duration, size } = payload
      expect([createdAt, sentAt, pendingDuration, duration, size].every(Number.isInteger)).toBe(true)
      expect(createdAt).toBeGreaterThanOrEqual(before - 1)
      expect(sentAt - createdAt).toBe(pendingDuration)
      expect(sentAt + duration).toBeLessThanOrEqual(Date.now() + 1)
      expect(size).toBeGreaterThan(0)
    }
    const produce = events.find(({ payload }) => payload.apiName === 'Produce')
    expect(produce?.payload.apiKey).toBe(0)
  })

  test('7 REQUEST: a message with acks 0 has no answer, and a size of 0', async () => {
    const topic = newTopic()
    const events: RequestEvent[] = []
    const producer = setup.own(setup.kafka().producer())
    await producer.connect()
    producer.on('producer.network.request', (event) => events.push(event))
    await producer.send({ topic, acks: 0, messages: [{ value: 'v' }] })
    await until(() => events.some(({ payload }) => payload.apiName === 'Produce'), 'the request')
    expect(events.find(({ payload }) => payload.apiName === 'Produce')?.payload.size).toBe(0)
  })

  test('7 REQUEST of an admin, and of a consumer: key 10 is GroupCoordinator', async () => {
    const topic = newTopic()
    const admin = setup.own(setup.kafka().admin())
    const ofAdmin: RequestEvent[] = []
    admin.on(admin.events.REQUEST, (event) => ofAdmin.push(event))
    await admin.listTopics()
    expect(ofAdmin.map(({ type }) => type)).toContain('admin.network.request')
    expect(ofAdmin.map(({ payload }) => payload.apiName)).toContain('Metadata')

    const consumer = setup.own(setup.kafka().consumer({ groupId: topic }))
    const ofConsumer: RequestEvent[] = []
    consumer.on(consumer.events.REQUEST, (event) => ofConsumer.push(event))
    await consumer.subscribe({ topics: [topic] })
    await consumer.run({ eachMessage: async () => {} })
    const byKey = new Map(ofConsumer.map(({ payload }) => [payload.apiKey, payload.apiName]))
    expect(byKey.get(10)).toBe('GroupCoordinator')
    expect([byKey.get(11), byKey.get(14)]).toEqual(['JoinGroup', 'SyncGroup'])
    expect(new Set(ofConsumer.map(({ type }) => type))).toEqual(new Set(['consumer.network.request']))
  })

  test('7: events belong to one client, also beside others of the same Kafka object and client id', async () => {
    const kafka = setup.kafka()
    const [one, other] = [setup.own(kafka.producer()), setup.own(kafka.producer())]
    let events = 0
    one.on('producer.network.request', () => events++)
    await other.connect()
    expect(events).toBe(0)
    await one.connect()
    expect(events).toBeGreaterThan(0)
  })

  test('7 REQUEST_TIMEOUT: a request without an answer, and the call fails', async () => {
    const events: RequestTimeoutEvent[] = []
    const admin = setup.own(
      setup.kafka({ clientId: 'events', requestTimeout: 50, retry: { retries: 0 } }).admin(),
    )
    admin.on(admin.events.REQUEST_TIMEOUT, (event) => events.push(event))
    await admin.connect()
    setup.cluster.on('ListGroups', (_, exchange) => exchange.drop())
    const error = await rejectionOf(admin.listGroups())
    setup.cluster.clearFaults()
    expect(error).toMatchObject({ cause: { name: 'KafkaJSRequestTimeoutError' } })
    const { duration: _, size: __, ...fields } = requestFields
    expect(events[0]).toMatchObject({
      type: 'admin.network.request_timeout',
      payload: { apiName: 'ListGroups' },
    })
    expect(events[0]?.payload).toEqual({ ...fields, apiKey: 16 })
  })

  test('7 REQUEST_QUEUE_SIZE: requests beyond maxInFlightRequests wait, and leave', async () => {
    const groupId = await newGroup()
    const consumer = setup.own(
      setup.kafka({ clientId: 'events' }).consumer({ groupId, maxInFlightRequests: 1 }),
    )
    const events: RequestQueueSizeEvent[] = []
    await consumer.connect()
    await consumer.describeGroup()
    consumer.on(consumer.events.REQUEST_QUEUE_SIZE, (event) => events.push(event))
    await Promise.all([1, 2, 3].map(() => consumer.describeGroup()))
    const sizes = events.map(({ payload }) => payload.queueSize)
    expect([Math.max(...sizes), sizes.at(-1)]).toEqual([2, 0])
    expect(events[0]?.type).toBe('consumer.network.request_queue_size')
    expect(events[0]?.payload).toEqual({
      broker: setup.cluster.bootstrap[0],
      clientId: 'events',
      queueSize: sizes[0],
    })
  })

  test('7 REQUEST_QUEUE_SIZE: without maxInFlightRequests nothing waits', async () => {
    const consumer = setup.own(
      setup.kafka().consumer({ groupId: await newGroup(), maxInFlightRequests: null as never }),
    )
    let waited = 0
    await consumer.connect()
    await consumer.describeGroup()
    consumer.on('consumer.network.request_queue_size', ({ payload }) => (waited += payload.queueSize))
    await Promise.all([1, 2, 3].map(() => consumer.describeGroup()))
    expect(waited).toBe(0)
  })

  test('7 REQUEST_QUEUE_SIZE: of a producer whose broker throttles it', async () => {
    const topic = newTopic()
    const producer = setup.own(setup.kafka().producer())
    const sizes: number[] = []
    producer.on(producer.events.REQUEST_QUEUE_SIZE, ({ payload }) => sizes.push(payload.queueSize))
    await producer.connect()
    setup.cluster.faults.throttle('Produce', 50)
    await producer.send({ topic, messages: [{ value: 'v' }] })
    setup.cluster.clearFaults()
    const startedAt = Date.now()
    await producer.send({ topic, messages: [{ value: 'v' }] })
    expect(Date.now() - startedAt).toBeGreaterThan(30)
    expect(sizes).toEqual([1, 0])
  })
})
