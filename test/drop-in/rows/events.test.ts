// Guards the shape of KafkaJS's events: the same lives of clients, on KafkaJS and on us, tell of the same things with the
// same fields of the same types.
import type { Admin, Consumer, Producer } from '../../../src/kafkajs'
import { AssignerProtocol } from '../../../src/kafkajs'
import { peerNames, TwoClients } from './two-clients'

const setup = new TwoClients()

type Payload = Record<string, unknown> | undefined
type Told = { readonly type: string; readonly payload: Payload }

/** Notes all events of a client. */
function listening(client: Producer | Consumer | Admin): Told[] {
  const told: Told[] = []
  const on = client.on as (name: string, listener: (event: Told) => void) => unknown
  for (const name of Object.values(client.events)) on(name, (event) => void told.push(event))
  return told
}

/** The fields of a payload, with their types; null without a payload. */
function shapeOf(payload: Payload): Record<string, string> | null {
  if (payload === undefined) return null
  return Object.fromEntries(
    Object.entries(payload)
      .map(([key, value]) => [key, Array.isArray(value) ? 'list' : typeof value] as const)
      .sort(([one], [other]) => (one < other ? -1 : 1)),
  )
}

/** Each shape that came, by the type of the event. */
function shapesOf(told: readonly Told[]): Record<string, unknown> {
  return Object.fromEntries(told.map(({ type, payload }) => [type, shapeOf(payload)]))
}

const request = {
  apiKey: 'number',
  apiName: 'string',
  apiVersion: 'number',
  broker: 'string',
  clientId: 'string',
  correlationId: 'number',
  createdAt: 'number',
  duration: 'number',
  pendingDuration: 'number',
  sentAt: 'number',
  size: 'number',
}
const queueSize = { broker: 'string', clientId: 'string', queueSize: 'number' }
const { duration: _duration, size: _size, ...unanswered } = request
const batch = {
  batchSize: 'number',
  firstOffset: 'string',
  highWatermark: 'string',
  lastOffset: 'string',
  offsetLag: 'string',
  offsetLagLow: 'string',
  partition: 'number',
  topic: 'string',
}
const member = { groupGenerationId: 'number', groupId: 'string', memberId: 'string' }

describe.each(peerNames)('%s', (peer) => {
  test('7: a producer tells of its connection and of its requests', async () => {
    const topic = setup.topic()
    const producer = setup.kafka(peer).producer()
    const told = listening(producer)
    await producer.connect()
    await producer.send({ topic, messages: [{ value: 'v' }] })
    await producer.disconnect()
    expect(shapesOf(told)).toMatchObject({
      'producer.connect': null,
      'producer.network.request': request,
      'producer.disconnect': null,
    })
    const names = told.map(({ payload }) => payload?.['apiName'])
    expect(names).toEqual(expect.arrayContaining(['ApiVersions', 'Metadata', 'Produce']))
  })

  test('7: an admin tells of requests that nobody answers, and what fails says which', async () => {
    const admin = setup.kafka(peer, { requestTimeout: 150, retry: { retries: 0 } }).admin()
    const told = listening(admin)
    await admin.connect()
    await admin.listTopics()
    setup.cluster.on('ListGroups', (_, exchange) => exchange.drop())
    const error: { cause?: unknown } = await admin.listGroups().then(
      () => ({}),
      (caught: Error) => caught,
    )
    setup.cluster.clearFaults()
    await admin.disconnect()
    expect(shapesOf(told)).toMatchObject({
      'admin.connect': null,
      'admin.network.request': request,
      'admin.network.request_timeout': unanswered,
      'admin.disconnect': null,
    })
    const cause = (error.cause ?? error) as Error & Record<string, unknown>
    expect(cause.name).toBe('KafkaJSRequestTimeoutError')
    expect(cause.message).toMatch(/^Request ListGroups\(key: 16, version: \d+\) timed out$/)
    for (const field of ['correlationId', 'createdAt', 'sentAt', 'pendingDuration']) {
      expect(typeof cause[field]).toBe('number')
    }
    expect(cause['broker']).toBe(setup.cluster.bootstrap[0])
  })

  test('7: requests beyond maxInFlightRequests wait, and are told of by their number', async () => {
    const topic = setup.topic()
    const consumer = setup.consumer(peer, { maxInFlightRequests: 1 })
    const told = listening(consumer)
    await consumer.subscribe({ topics: [topic] })
    await consumer.run({ eachMessage: async () => {} })
    await Promise.all([1, 2, 3].map(() => consumer.describeGroup()))
    await setup.until(() => told.some(({ type }) => type.endsWith('request_queue_size')), 'a queue')
    const sizes = told.filter(({ type }) => type.endsWith('request_queue_size'))
    expect(shapeOf(sizes[0]?.payload)).toEqual(queueSize)
    expect(Math.max(...sizes.map(({ payload }) => Number(payload?.['queueSize'])))).toBeGreaterThan(0)
  })

  test('7: a consumer tells of all that it does', async () => {
    const topic = setup.topic(2)
    await setup.produce(topic, 'a', 'b')
    const consumer = setup.consumer(peer)
    const told = listening(consumer)
    await consumer.connect()
    await consumer.subscribe({ topics: [topic], fromBeginning: true })
    await consumer.run({ eachMessage: async () => await new Promise((resolve) => setTimeout(resolve, 120)) })
    const seen = (type: string) => told.filter((one) => one.type === `consumer.${type}`)
    await setup.until(() => seen('commit_offsets').length > 0 && seen('heartbeat').length > 0, 'commits')
    const other = setup.consumer(peer)
    const toldOther = listening(other)
    await other.subscribe({ topics: [topic] })
    await other.run({ eachMessage: async () => {} })
    await setup.until(() => seen('rebalancing').length > 0, 'the rebalance')
    await setup.until(() => seen('group_join').length > 1, 'the second join')
    await consumer.disconnect()
    const { 'consumer.network.request_queue_size': _, ...shapes } = shapesOf(told)
    // KafkaJS declares a number, and gives text.
    const nodeId = peer === 'KafkaJS' ? 'string' : 'number'
    expect(shapes).toEqual({
      'consumer.connect': null,
      'consumer.group_join': {
        duration: 'number',
        groupId: 'string',
        groupProtocol: 'string',
        isLeader: 'boolean',
        leaderId: 'string',
        memberAssignment: 'object',
        memberId: 'string',
      },
      'consumer.fetch_start': { nodeId },
      'consumer.fetch': { duration: 'number', nodeId, numberOfBatches: 'number' },
      'consumer.heartbeat': member,
      'consumer.start_batch_process': batch,
      'consumer.end_batch_process': { ...batch, duration: 'number' },
      'consumer.commit_offsets': { ...member, topics: 'list' },
      'consumer.rebalancing': { groupId: 'string', memberId: 'string' },
      'consumer.network.request': request,
      'consumer.stop': null,
      'consumer.disconnect': null,
    })
    const [mine, theirs] = [told, toldOther].map((list) =>
      list.find(({ type }) => type === 'consumer.group_join'),
    )
    expect(mine?.payload).toMatchObject({ isLeader: true, leaderId: mine?.payload?.['memberId'] })
    expect(theirs?.payload).toMatchObject({ isLeader: false, leaderId: mine?.payload?.['memberId'] })
    expect(seen('rebalancing')[0]?.payload).toMatchObject({ memberId: mine?.payload?.['memberId'] })
    expect(seen('fetch')[0]?.payload).toMatchObject({ numberOfBatches: 0 })
    expect(toldOther.filter(({ type }) => type === 'consumer.rebalancing')).toEqual([])
  })

  test('7: topics that a leader gave, and nobody asked for', async () => {
    const [topic, foreign] = [setup.topic(), setup.topic()]
    setup.cluster.once('SyncGroup', async (_, exchange) => {
      const response = await exchange.proceed()
      const assignment = AssignerProtocol.MemberAssignment.encode({
        version: 0,
        assignment: { [topic]: [0], [foreign]: [0] },
        userData: Buffer.alloc(0),
      })
      return response && { ...response, assignment }
    })
    const consumer = setup.consumer(peer)
    const told = listening(consumer)
    await consumer.subscribe({ topics: [topic] })
    await consumer.run({ eachMessage: async () => {} })
    const payload = told.find(({ type }) => type === 'consumer.received_unsubscribed_topics')?.payload
    const join = told.find(({ type }) => type === 'consumer.group_join')?.payload
    expect(payload).toEqual({
      groupId: join?.['groupId'],
      generationId: 1,
      memberId: join?.['memberId'],
      assignedTopics: [topic, foreign],
      topicsSubscribed: [topic],
      topicsNotSubscribed: [foreign],
    })
    expect(join).toMatchObject({ memberAssignment: { [topic]: [0] } })
  })
})
