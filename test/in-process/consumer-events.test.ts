// Guards the events of one consumer: they come to its own listeners, whatever others of the process do, and harm nothing.
import { type Consumer, type ConsumerEventListeners, Kafka, onDiagnostics } from '../../src'
import { silentLogger } from '../../src/base/logger'
import { createCluster, type TestCluster } from '../../src/testing'
import { until } from './support/case-runner'

const protocols = ['classic', 'consumer'] as const

let cluster: TestCluster
const open: Consumer[] = []

beforeEach(async () => {
  cluster = await createCluster({
    network: 'memory',
    logger: silentLogger,
    topics: [{ name: 'orders', partitions: 2 }],
    configs: {
      'group.initial.rebalance.delay.ms': 0,
      'group.consumer.min.heartbeat.interval.ms': 50,
      'group.consumer.heartbeat.interval.ms': 50,
      'group.consumer.assignment.interval.ms': 0,
    },
  })
})

afterEach(async () => {
  await Promise.all(open.splice(0).map((consumer) => consumer.close()))
  await cluster.close()
})

type Heard = { readonly name: keyof ConsumerEventListeners; readonly event: object }

/** Listeners for everything, and what they heard. */
function listening(): {
  heard: Heard[]
  of: (name: Heard['name']) => object[]
  events: ConsumerEventListeners
} {
  const heard: Heard[] = []
  const note = (name: Heard['name']) => (event: object) => void heard.push({ name, event })
  const events = {
    rebalanceBegan: note('rebalanceBegan'),
    rebalanced: note('rebalanced'),
    partitionsAssigned: note('partitionsAssigned'),
    partitionsRevoked: note('partitionsRevoked'),
    heartbeat: note('heartbeat'),
    committed: note('committed'),
    fetchStarted: note('fetchStarted'),
    fetched: note('fetched'),
    recordsPassedOver: note('recordsPassedOver'),
    messageSkipped: note('messageSkipped'),
    offsetReset: note('offsetReset'),
    error: note('error'),
  }
  return { heard, of: (name) => heard.filter((one) => one.name === name).map(({ event }) => event), events }
}

function running(
  groupProtocol: (typeof protocols)[number],
  events: ConsumerEventListeners,
  handler: () => void = () => {},
): Consumer {
  const consumer = new Kafka({
    ...cluster.clientOptions(),
    logger: silentLogger,
    retryBackoffMs: 10,
  }).consumer({
    groupId: 'billing',
    topics: ['orders'],
    groupProtocol,
    ...(groupProtocol === 'classic' ? { heartbeatIntervalMs: 20 } : {}),
    startFrom: 'earliest',
    fetchMaxWaitMs: 20,
    autoCommitIntervalMs: 20,
    events,
  })
  open.push(consumer)
  void consumer.run(handler, { onError: { retries: 0, giveUp: 'skip' } })
  return consumer
}

async function send(count: number): Promise<void> {
  await using producer = new Kafka({ ...cluster.clientOptions('producer'), logger: silentLogger }).producer()
  await producer.send(
    'orders',
    Array.from({ length: count }, (_, i) => ({ partition: i % 2, value: 'x' })),
  )
}

test.each(protocols)('%s: a join, heartbeats, fetches and commits, in their order', async (groupProtocol) => {
  await send(4)
  const { heard, of, events } = listening()
  const consumer = running(groupProtocol, events)
  await until(() => of('committed').length > 0 && of('heartbeat').length > 2, 'a commit and heartbeats')
  const names = { clientId: 'typed-kafka', groupId: 'billing' }
  const { memberId, generationId } = consumer.groupMetadata()
  expect(heard[0]).toEqual({
    name: 'rebalanceBegan',
    event: { ...names, memberId: '', generationId: -1 },
  })
  expect(of('rebalanced')[0]).toEqual({
    ...names,
    memberId,
    generationId: expect.any(Number) as number,
    leaderId: groupProtocol === 'classic' ? memberId : null,
    assignor: groupProtocol === 'classic' ? 'cooperative-sticky' : null,
    durationMs: expect.any(Number) as number,
    added: 2,
    revoked: 0,
    lost: 0,
  })
  expect(of('heartbeat').at(-1)).toEqual({
    ...names,
    memberId,
    generationId,
    latencyMs: expect.any(Number) as number,
  })
  expect(of('fetchStarted')[0]).toEqual({ ...names, nodeId: 1 })
  const order = heard.map(({ name }) => name)
  expect(order.indexOf('rebalanced')).toBeLessThan(order.indexOf('committed'))
  expect(order.indexOf('fetchStarted')).toBeLessThan(order.indexOf('fetched'))
  expect(of('fetchStarted').length - of('fetched').length).toBeLessThanOrEqual(1)
  expect(of('error')).toEqual([])
})

test('a member that comes is told of to the one that was there, also when that has nothing to give up', async () => {
  const [first, second, third] = [listening(), listening(), listening()]
  const one = running('classic', first.events)
  await until(() => first.of('rebalanced').length === 1, 'the first join')
  running('classic', second.events)
  await until(
    () => one.assignment().length === 1 && second.of('partitionsAssigned').length > 0,
    'both at work',
  )
  const { memberId } = one.groupMetadata()
  expect(first.of('rebalanceBegan')[1]).toMatchObject({ memberId })
  expect(second.of('rebalanced').at(-1)).toMatchObject({ leaderId: memberId })
  // The third finds no partition left; the fourth's coming is a rebalance for it all the same.
  running('classic', third.events)
  await until(() => third.of('rebalanced').length > 0, 'the third')
  const before = third.of('rebalanceBegan').length
  running('classic', {})
  await until(() => third.of('rebalanceBegan').length > before, 'the fourth')
  expect(third.of('rebalanceBegan').at(-1)).toMatchObject({ memberId: expect.stringMatching(/.+/) as string })
})

test('events come to the consumer they belong to, and to the channels of all', async () => {
  const own = listening()
  const ids = new Set<string>()
  const end = onDiagnostics('typed-kafka:consumer:heartbeat', ({ memberId }) => void ids.add(memberId))
  try {
    const one = running('classic', own.events)
    running('classic', {})
    await until(() => ids.size === 2 && own.of('heartbeat').length > 0, 'heartbeats of both')
    const { memberId } = one.groupMetadata()
    for (const event of own.of('heartbeat')) expect(event).toMatchObject({ memberId })
  } finally {
    end()
  }
})

test('reading that moves over markers alone is told of', async () => {
  await using producer = new Kafka({ ...cluster.clientOptions('producer'), logger: silentLogger }).producer({
    transactionalId: 'passed-over',
  })
  const { of, events } = listening()
  let handled = 0
  running('classic', events, () => void handled++)
  const transaction = await producer.beginTransaction()
  await transaction.send('orders', { partition: 0, value: 'x' })
  await until(() => handled === 1, 'the message')
  await transaction.commit()
  await until(() => of('recordsPassedOver').length > 0, 'the event')
  const at = { clientId: 'typed-kafka', groupId: 'billing', topic: 'orders', partition: 0 }
  expect(of('recordsPassedOver')).toEqual([{ ...at, fromOffset: 1n, endOffset: 2n, highWatermark: 2n }])
})

test('messages that are given up are told of', async () => {
  await send(1)
  const { of, events } = listening()
  running('classic', events, () => {
    throw new Error('bad')
  })
  await until(() => of('messageSkipped').length === 1, 'the event')
  expect(of('messageSkipped')[0]).toMatchObject({
    groupId: 'billing',
    topic: 'orders',
    partition: 0,
    offset: 0n,
  })
})

test('a listener that throws, or rejects, is logged and harms nothing', async () => {
  await send(2)
  const lines: string[] = []
  const logger = { ...silentLogger, error: (message: string) => void lines.push(message) }
  const rejecting: () => unknown = () => Promise.reject(new Error('late mistake'))
  let handled = 0
  const consumer = new Kafka({ ...cluster.clientOptions(), logger }).consumer({
    groupId: 'billing',
    topics: ['orders'],
    startFrom: 'earliest',
    events: {
      fetched: () => {
        throw new Error('mistake')
      },
      rebalanced: rejecting,
    },
  })
  open.push(consumer)
  void consumer.run(() => void handled++)
  await until(() => handled === 2 && lines.length >= 2, 'messages and lines')
  expect(lines).toEqual(
    expect.arrayContaining([
      'The listener for the event fetched failed: mistake',
      'The listener for the event rebalanced failed: late mistake',
    ]),
  )
})

test.each([
  [{ heartbeat: 1 }, "option 'events.heartbeat' is 1: must be a function"],
  [{ heartbeats: () => {} }, 'there is no such event; there are rebalanceBegan, rebalanced'],
  ['all', 'must be an object of functions'],
])('listeners that can not be meant are refused: %j', (events, message) => {
  const kafka = new Kafka({ ...cluster.clientOptions(), logger: silentLogger })
  expect(() => kafka.consumer({ groupId: 'g', topics: ['orders'], events: events as never })).toThrow(message)
})
