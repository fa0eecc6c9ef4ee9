// Guards the events of share consumers: they tell each thing once, as it was, on channels and to one consumer's own
// listeners, and a listener harms nothing.
import {
  type DiagnosticsEvents,
  onDiagnostics,
  type ShareConsumer,
  type ShareConsumerEventListeners,
} from '../../src'
import { ErrorCode } from '../../src/base/error-codes'
import { until } from './support/case-runner'
import { ShareCluster, values } from './support/share-cluster'
import { SharedTopic } from './support/share-simulation'

const names = { clientId: 'typed-kafka', groupId: 'workers' }
const events = [
  'joined',
  'session-lost',
  'partitions-assigned',
  'partitions-revoked',
  'fetched',
  'fetch-failed',
  'acknowledged',
  'acknowledgement-failed',
  'locks-expired',
  'stall-began',
  'stall-ended',
  'error',
] as const
type Name = (typeof events)[number]
type EventOf<N extends Name> = DiagnosticsEvents[`typed-kafka:share-consumer:${N}`]

let cluster: ShareCluster
let heard: { readonly name: Name; readonly event: object }[]
let ends: (() => void)[]

beforeEach(async () => {
  cluster = await ShareCluster.start({ topics: [{ name: 'orders', partitions: 2 }] })
  heard = []
  ends = events.map((name) =>
    onDiagnostics(`typed-kafka:share-consumer:${name}`, (event) => void heard.push({ name, event })),
  )
})

afterEach(async () => {
  for (const end of ends) end()
  await cluster.close()
})

const of = <N extends Name>(name: N) =>
  heard.filter((one) => one.name === name).map(({ event }) => event as EventOf<N>)

const both = [0, 1].map((partition) => ({ topic: 'orders', partition }))

async function readAll(consumer: ShareConsumer<readonly string[]>, count: number): Promise<void> {
  let handled = 0
  await consumer.run(() => {
    if (++handled === count) void consumer.stop()
  })
}

test('a life of a share consumer, from its join to its close', async () => {
  await cluster.produce(values(3))
  const consumer = cluster.consumer()
  await readAll(consumer, 3)
  await consumer.close()
  expect(of('joined')).toEqual([
    {
      ...names,
      memberId: consumer.memberId,
      memberEpoch: expect.any(Number) as number,
      durationMs: expect.any(Number) as number,
    },
  ])
  expect(of('partitions-assigned').flatMap(({ partitions }) => partitions)).toEqual(both)
  expect(of('partitions-revoked')).toEqual([{ ...names, partitions: both }])
  const fetched = of('fetched')
  expect(fetched).toHaveLength(consumer.metrics().fetchTotal)
  expect(fetched.find(({ recordCount }) => recordCount > 0)).toEqual({
    ...names,
    nodeId: 1,
    partitions: expect.any(Number) as number,
    byteLength: expect.any(Number) as number,
    recordCount: 3,
    acquiredCount: 3,
    latencyMs: expect.any(Number) as number,
    throttleMs: 0,
  })
  const acknowledged = of('acknowledged')
  expect(acknowledged[0]).toMatchObject({ ...names, topic: 'orders', partition: 0, nodeId: 1 })
  const ranges = acknowledged.flatMap((event) => event.ranges)
  expect(ranges[0]).toMatchObject({ firstOffset: 0n, type: 'accept' })
  expect(ranges.at(-1)).toMatchObject({ lastOffset: 2n, type: 'accept' })
  const order = heard.map(({ name }) => name)
  expect(order.indexOf('joined')).toBeLessThan(order.indexOf('partitions-assigned'))
  expect(order.indexOf('partitions-assigned')).toBeLessThan(order.indexOf('fetched'))
  for (const name of ['session-lost', 'fetch-failed', 'acknowledgement-failed', 'error'] as const) {
    expect(of(name)).toEqual([])
  }
})

test('a session that ends, with its reason, what is taken away, and the way back', async () => {
  const consumer = cluster.consumer()
  const run = consumer.run(() => {})
  await until(() => of('partitions-assigned').length === 1, 'the join')
  cluster.broker.once('ShareGroupHeartbeat', async (_request, exchange) => {
    const response = await exchange.proceed()
    return response && { ...response, errorCode: ErrorCode.FENCED_MEMBER_EPOCH }
  })
  await until(() => of('partitions-assigned').length === 2, 'a second join')
  expect(of('session-lost')).toEqual([
    { ...names, reason: expect.stringContaining('FENCED_MEMBER_EPOCH') as string },
  ])
  expect(of('partitions-revoked')).toEqual([{ ...names, partitions: both }])
  expect(of('joined')).toHaveLength(2)
  await consumer.close()
  await run
})

test('fetches without an answer, and acknowledgements that are lost with the session', async () => {
  await cluster.produce(values(2))
  const consumer = cluster.consumer({ acknowledgementMode: 'explicit' })
  let handled = 0
  const run = consumer.run((message) => {
    // What was acquired is lost with the connection, and so is what is said of it.
    if (++handled === 1) cluster.broker.once('ShareFetch', (_request, exchange) => exchange.close())
    message.acknowledge('accept')
  })
  await until(() => of('acknowledgement-failed').length > 0 && of('acknowledged').length > 0, 'both outcomes')
  expect(of('fetch-failed')[0]).toMatchObject({ ...names, nodeId: 1, error: { code: 'DISCONNECTED' } })
  expect(of('acknowledgement-failed')[0]).toMatchObject({
    ...names,
    topic: 'orders',
    partition: 0,
    nodeId: 1,
    ranges: [{ firstOffset: 0n, type: 'accept' }],
    error: { code: 'DISCONNECTED' },
  })
  await consumer.close()
  await run
})

test('locks that end', () =>
  SharedTopic.run(async (shared) => {
    await shared.produce(values(2))
    const consumer = shared.consumer()
    const run = consumer.run(() => shared.sim.sleep(20_000))
    await shared.until(() => of('locks-expired').length > 0)
    expect(of('locks-expired')[0]).toMatchObject({ ...names, topic: 'orders', partition: 0, count: 2 })
    await consumer.close()
    await run
  }))

test('errors that the user is told', async () => {
  const consumer = cluster.consumer()
  const run = consumer.run(() => {})
  cluster.broker.on('ShareGroupHeartbeat', async (_request, exchange) => {
    const response = await exchange.proceed()
    return response && { ...response, errorCode: ErrorCode.GROUP_AUTHORIZATION_FAILED }
  })
  await expect(run).rejects.toThrow('GROUP_AUTHORIZATION_FAILED')
  expect(of('error')).toMatchObject([
    { ...names, error: { code: 'GROUP_AUTHORIZATION_FAILED' }, isFatal: true },
  ])
})

test('listeners of one share consumer are told of it alone; what they throw does not harm it', async () => {
  await cluster.produce(values(4))
  const told: string[] = []
  const listeners: ShareConsumerEventListeners = {
    joined: ({ memberId }) => void told.push(memberId),
    acknowledged: () => {
      throw new TypeError('in the listener')
    },
  }
  const quiet = cluster.consumer()
  const consumer = cluster.consumer({ events: listeners })
  let handled = 0
  const runs = [quiet, consumer].map((one) => one.run(() => void handled++))
  await until(() => handled === 4 && told.length > 0, 'messages and the join')
  await Promise.all([quiet.close(), consumer.close()])
  await Promise.all(runs)
  expect(told).toEqual([consumer.memberId])
  expect(of('joined')).toHaveLength(2)
})

test('an event that does not exist is refused, with those that do', () => {
  const wrong: object = { joins: () => {} }
  expect(() => cluster.consumer({ events: wrong as ShareConsumerEventListeners })).toThrow(
    /events.joins.*there are joined, sessionLost/s,
  )
})
