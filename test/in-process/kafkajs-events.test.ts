// Guards KafkaJS's events: each with its name and exactly its fields, of one client alone, and none when nobody listens.
import { AssignerProtocol } from '../../src/kafkajs/group/assigner-protocol'
import type { Consumer, ConsumerConfig, PartitionAssigner } from '../../src/kafkajs/types/consumer'
import type {
  InstrumentationEvent,
  RequestEvent,
  RequestQueueSizeEvent,
  RequestTimeoutEvent,
} from '../../src/kafkajs/types/events'
import { rejectionOf } from '../support/rejection'
import { until } from './support/case-runner'
import { KafkaJsSetup } from './support/kafkajs-cluster'

const setup = new KafkaJsSetup()

beforeAll(async () => {
  await setup.start({ configs: { 'group.initial.rebalance.delay.ms': 0 } })
})

afterEach(() => setup.disconnect())

afterAll(() => setup.endCleanly())

const newTopic = (partitions = 1) => setup.newTopic(partitions)

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

type AnyEvent = InstrumentationEvent<Record<string, unknown>>

/** Collects all events of a consumer. */
function collecting(consumer: Consumer): {
  events: AnyEvent[]
  payloads: (type: string) => Record<string, unknown>[]
} {
  const events: AnyEvent[] = []
  for (const name of Object.values(consumer.events)) {
    consumer.on(name as 'consumer.heartbeat', (event: unknown) => events.push(event as AnyEvent))
  }
  const payloads = (type: string) =>
    events.filter((event) => event.type === `consumer.${type}`).map(({ payload }) => payload)
  return { events, payloads }
}

const produce = (topic: string, ...values: string[]) => setup.produce(topic, ...values)

function assignmentOf(assignment: Record<string, number[]>): Buffer {
  return AssignerProtocol.MemberAssignment.encode({ version: 1, assignment, userData: Buffer.alloc(0) })
}

async function member(topic: string, config: Partial<ConsumerConfig> = {}) {
  const consumer = setup.own(
    setup
      .kafka()
      .consumer({ groupId: `group-of-${topic}`, maxWaitTimeInMs: 30, heartbeatInterval: 30, ...config }),
  )
  const heard = collecting(consumer)
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  return { consumer, ...heard }
}

type Member = Awaited<ReturnType<typeof member>>

describe('7 one consumer', () => {
  test('7 GROUP_JOIN: whoever leads says so, all others name the leader; both before run resolves', async () => {
    const topic = newTopic(2)
    const [one, other] = [await member(topic), await member(topic)]
    await one.consumer.run({ eachMessage: async () => {} })
    const [first] = one.payloads('group_join')
    expect(first).toEqual({
      groupId: `group-of-${topic}`,
      memberId: expect.stringMatching(/.+/) as string,
      leaderId: first?.['memberId'],
      isLeader: true,
      memberAssignment: { [topic]: [0, 1] },
      groupProtocol: 'roundrobin',
      duration: expect.any(Number) as number,
    })
    await other.consumer.run({ eachMessage: async () => {} })
    const [second] = other.payloads('group_join')
    const partition = (second?.['memberAssignment'] as Record<string, number[]>)[topic]?.[0]
    expect(second).toMatchObject({ isLeader: false, leaderId: first?.['memberId'] })
    await until(() => one.payloads('group_join').length === 2, 'the second join of the first')
    expect(one.payloads('group_join')[1]).toMatchObject({
      memberId: first?.['memberId'],
      memberAssignment: { [topic]: [partition === 0 ? 1 : 0] },
    })
  })

  test('7 GROUP_JOIN: a member without partitions has an empty assignment', async () => {
    const topic = newTopic()
    const [one, other] = [await member(topic), await member(topic)]
    await one.consumer.run({ eachMessage: async () => {} })
    await other.consumer.run({ eachMessage: async () => {} })
    await until(() => one.payloads('group_join').length === 2, 'both')
    expect([one, other].map(({ payloads }) => payloads('group_join').at(-1)?.['memberAssignment'])).toEqual(
      expect.arrayContaining([{}, { [topic]: [0] }]),
    )
  })

  test('7 FETCH_START and FETCH: one after the other for a broker, numberOfBatches 0', async () => {
    const topic = newTopic()
    await produce(topic, 'a')
    const { consumer, events, payloads } = await member(topic)
    await consumer.run({ eachMessage: async () => {} })
    await until(() => payloads('fetch').length > 1, 'fetches')
    const nodeId = payloads('fetch_start')[0]?.['nodeId']
    expect(payloads('fetch_start')[0]).toEqual({ nodeId: expect.any(Number) as number })
    expect(payloads('fetch')[0]).toEqual({
      numberOfBatches: 0,
      duration: expect.any(Number) as number,
      nodeId,
    })
    const types = events.map(({ type }) => type).filter((type) => type.startsWith('consumer.fetch'))
    expect(types.slice(0, 3)).toEqual(['consumer.fetch_start', 'consumer.fetch', 'consumer.fetch_start'])
    expect(events.findIndex(({ type }) => type === 'consumer.group_join')).toBeLessThan(
      events.findIndex(({ type }) => type === 'consumer.fetch'),
    )
  })

  test('7 HEARTBEAT: each that the coordinator accepted, also while a handler runs and without one', async () => {
    const topic = newTopic()
    const { consumer, payloads } = await member(topic)
    let finish = () => {}
    const handled = new Promise<void>((resolve) => (finish = resolve))
    let isHandling = false
    await consumer.run({
      eachMessage: async () => {
        isHandling = true
        await handled
      },
    })
    await until(() => payloads('heartbeat').length > 1, 'heartbeats')
    await produce(topic, 'a')
    await until(() => isHandling, 'the handler')
    const before = payloads('heartbeat').length
    await until(() => payloads('heartbeat').length > before + 1, 'heartbeats beside the handler')
    finish()
    const [join] = payloads('group_join')
    expect(payloads('heartbeat')[0]).toEqual({
      groupId: `group-of-${topic}`,
      memberId: join?.['memberId'],
      groupGenerationId: 1,
    })
  })

  test('7 REBALANCING: when another member comes, with the own id; not at the first join, not at stop', async () => {
    const topic = newTopic(2)
    const [one, other] = [await member(topic), await member(topic)]
    await one.consumer.run({ eachMessage: async () => {} })
    expect(one.payloads('rebalancing')).toEqual([])
    await other.consumer.run({ eachMessage: async () => {} })
    const [join] = one.payloads('group_join')
    expect(one.payloads('rebalancing')).toEqual([
      { groupId: `group-of-${topic}`, memberId: join?.['memberId'] },
    ])
    await until(() => one.payloads('group_join').length === 2, 'its second join')
    await other.consumer.stop()
    expect(other.payloads('rebalancing')).toEqual([])
    await until(() => one.payloads('group_join').length === 3, 'its third join')
    expect(one.payloads('rebalancing')).toHaveLength(2)
    await one.consumer.disconnect()
    expect(one.payloads('rebalancing')).toHaveLength(2)
  })

  test('7 REBALANCING: also of a member that had no partition to give up', async () => {
    const topic = newTopic()
    const members = [await member(topic), await member(topic), await member(topic)]
    const [one, other, third] = members as [Member, Member, Member]
    await one.consumer.run({ eachMessage: async () => {} })
    await other.consumer.run({ eachMessage: async () => {} })
    await third.consumer.run({ eachMessage: async () => {} })
    await until(() => other.payloads('rebalancing').length === 1, 'the event')
    await until(() => one.payloads('rebalancing').length === 2, 'both events')
  })

  test('7 RECEIVED_UNSUBSCRIBED_TOPICS: a leader gave more than was asked for, and that is not read', async () => {
    const [topic, foreign] = [newTopic(), newTopic()]
    await produce(topic, 'mine')
    await produce(foreign, 'not mine')
    // As members by KafkaJS do that lead a group whose members do not read the same topics.
    setup.cluster.once('SyncGroup', async (_, exchange) => {
      const response = await exchange.proceed()
      return response && { ...response, assignment: assignmentOf({ [topic]: [0], [foreign]: [0] }) }
    })
    const { consumer, payloads } = await member(topic)
    const values: string[] = []
    await consumer.run({ eachMessage: async ({ message }) => void values.push(String(message.value)) })
    const [join] = payloads('group_join')
    expect(payloads('received_unsubscribed_topics')).toEqual([
      {
        groupId: `group-of-${topic}`,
        generationId: 1,
        memberId: join?.['memberId'],
        assignedTopics: [topic, foreign],
        topicsSubscribed: [topic],
        topicsNotSubscribed: [foreign],
      },
    ])
    expect(join).toMatchObject({ memberAssignment: { [topic]: [0] } })
    await until(() => values.length > 0, 'the message')
    expect(values).toEqual(['mine'])
  })

  test('7, 9.2: an assigner that gives topics to members that do not read them does no harm', async () => {
    const [topic, foreign] = [newTopic(), newTopic()]
    const generous: PartitionAssigner = () => ({
      name: 'Generous',
      version: 1,
      assign: async ({ members }) =>
        members.map(({ memberId }) => ({
          memberId,
          memberAssignment: assignmentOf({ [topic]: [0], [foreign]: [0] }),
        })),
      protocol: ({ topics }) => ({
        name: 'Generous',
        metadata: AssignerProtocol.MemberMetadata.encode({ version: 1, topics, userData: Buffer.alloc(0) }),
      }),
    })
    const { consumer, payloads } = await member(topic, { partitionAssigners: [generous] })
    await consumer.run({ eachMessage: async () => {} })
    expect(payloads('group_join')[0]).toMatchObject({
      memberAssignment: { [topic]: [0] },
      groupProtocol: 'Generous',
    })
    expect(payloads('crash')).toEqual([])
  })

  test('7 START_BATCH_PROCESS and END_BATCH_PROCESS: what the batch is, and how long it took', async () => {
    const topic = newTopic()
    await produce(topic, 'a', 'b', 'c')
    const { consumer, payloads } = await member(topic)
    await consumer.run({ eachBatch: async () => await new Promise((resolve) => setTimeout(resolve, 20)) })
    await until(() => payloads('end_batch_process').length === 1, 'the batch')
    const started = {
      topic,
      partition: 0,
      highWatermark: '3',
      offsetLag: '0',
      offsetLagLow: '2',
      batchSize: 3,
      firstOffset: '0',
      lastOffset: '2',
    }
    expect(payloads('start_batch_process')).toEqual([started])
    const [ended] = payloads('end_batch_process')
    expect(ended).toEqual({ ...started, duration: expect.any(Number) as number })
    expect(ended?.['duration']).toBeGreaterThanOrEqual(15)
  })

  test('7 COMMIT_OFFSETS: by topic, with the generation', async () => {
    const topic = newTopic()
    await produce(topic, 'a', 'b')
    const { consumer, payloads } = await member(topic)
    await consumer.run({ eachMessage: async () => {} })
    await until(() => payloads('commit_offsets').length > 0, 'the commit')
    expect(payloads('commit_offsets')[0]).toEqual({
      groupId: `group-of-${topic}`,
      memberId: payloads('group_join')[0]?.['memberId'],
      groupGenerationId: 1,
      topics: [{ topic, partitions: [{ partition: 0, offset: '2' }] }],
    })
  })

  test('7 CRASH: error, group and whether it restarts', async () => {
    const topic = newTopic()
    await produce(topic, 'a')
    const { consumer, payloads } = await member(topic, { retry: { retries: 0 } })
    await consumer.run({
      eachMessage: async () => {
        throw new TypeError('mistake')
      },
    })
    await until(() => payloads('crash').length === 1, 'the crash')
    expect(payloads('crash')).toEqual([
      { error: expect.any(Error) as Error, groupId: `group-of-${topic}`, restart: false },
    ])
  })

  test('7 CONNECT, DISCONNECT, STOP: without a payload, in their order', async () => {
    const topic = newTopic()
    const { consumer, events } = await member(topic)
    await consumer.connect()
    await consumer.run({ eachMessage: async () => {} })
    await consumer.disconnect()
    const plain = events.filter(({ type }) => /connect|stop/.test(type))
    expect(plain.map(({ type, payload }) => [type, payload])).toEqual([
      ['consumer.connect', undefined],
      ['consumer.connect', undefined],
      ['consumer.stop', undefined],
      ['consumer.disconnect', undefined],
    ])
  })

  test('7: events of a consumer do not reach another one of its group and process', async () => {
    const topic = newTopic(2)
    const [one, other] = [await member(topic), await member(topic)]
    await one.consumer.run({ eachMessage: async () => {} })
    expect(other.events).toEqual([])
  })
})

describe('7 listeners', () => {
  test('7: a name that is none is refused, for each client', () => {
    const kafka = setup.kafka()
    for (const client of [kafka.producer(), kafka.admin(), kafka.consumer({ groupId: 'g' })]) {
      const on = client.on as (name: string, listener: () => void) => unknown
      expect(() => on('network.request', () => {})).toThrow('Event name should be one of ')
    }
  })

  test('7: a listener is taken away by what on gave; ids count over all clients', async () => {
    const kafka = setup.kafka()
    const [producer, admin] = [setup.own(kafka.producer()), setup.own(kafka.admin())]
    const ids: number[] = []
    const note = ({ id }: { id: string }) => void ids.push(Number(id))
    const remove = producer.on('producer.connect', note)
    admin.on('admin.connect', note)
    await producer.connect()
    await admin.connect()
    remove()
    await producer.disconnect()
    await producer.connect()
    expect(ids).toHaveLength(2)
    expect(ids[1]).toBeGreaterThan(ids[0] as number)
  })

  test('7: one that throws or rejects is logged, and the others are told', async () => {
    const lines: { message: string; eventName?: string }[] = []
    const kafka = setup.kafka({
      logCreator:
        () =>
        ({ log }) =>
          void lines.push(log as never),
    })
    const producer = setup.own(kafka.producer())
    let told = 0
    producer.on('producer.connect', () => {
      throw new Error('at once')
    })
    producer.on('producer.connect', (async () => await Promise.reject(new Error('later'))) as () => void)
    producer.on('producer.connect', () => told++)
    await producer.connect()
    await until(() => lines.filter(({ message }) => message.startsWith('Failed')).length === 2, 'both lines')
    expect(told).toBe(1)
    expect(lines.map(({ message }) => message)).toEqual(
      expect.arrayContaining(['Failed to execute listener: at once', 'Failed to execute listener: later']),
    )
  })
})
