// Guards what is believed of leaders and topics: a stale answer must not turn a partition back to an old leader, one
// topic's error must not touch another, and nobody asks more often than needed.
import { Deadline } from '../../../src/base/deadline'
import {
  AuthenticationError,
  BrokerError,
  ConnectionError,
  InvalidArgumentError,
  type KafkaError,
  TimeoutError,
} from '../../../src/base/errors'
import { silentLogger } from '../../../src/base/logger'
import { MetadataCache } from '../../../src/cluster/metadata-cache'
import type { MetadataRequest, MetadataResponse } from '../../../src/wire/generated/client/metadata'
import { seededRandom } from '../../../src/testing/simulation/seeded-random'
import { FakeClock, settle } from '../support/fake-clock'

interface Topic {
  readonly topicId?: string
  readonly errorCode?: number
  /** Leader and epoch of each partition. */
  readonly leaders?: readonly (readonly [number, number])[]
}

function setUp() {
  const clock = new FakeClock()
  const topics = new Map<string, Topic>()
  const asked: MetadataRequest[] = []
  const state = { failure: undefined as KafkaError | undefined, hold: undefined as Promise<void> | undefined }
  const answer = async (request: MetadataRequest): Promise<MetadataResponse> => {
    asked.push(request)
    const response = describe(request, topics)
    await state.hold
    if (state.failure !== undefined) throw state.failure
    return response
  }
  const settings = {
    clock,
    logger: silentLogger,
    metadataMaxAgeMs: 300_000,
    retryBackoffMs: 100,
    retryBackoffMaxMs: 1000,
    random: seededRandom(1),
  }
  const metadata = new MetadataCache(settings, { askOnce: answer, ask: answer })
  metadata.start()
  const deadline = (timeoutMs = 10_000, signal?: AbortSignal) =>
    new Deadline(clock, 'the call', timeoutMs, signal)
  const require = (names: string[], timeoutMs?: number, allowAutoTopicCreation = false) =>
    metadata.requireTopics(names, deadline(timeoutMs), { allowAutoTopicCreation })
  return { clock, topics, asked, state, metadata, deadline, require }
}

function describe(request: MetadataRequest, topics: Map<string, Topic>): MetadataResponse {
  const names = request.topics?.map((topic) => topic.name as string) ?? [...topics.keys()]
  return {
    throttleTimeMs: 0,
    brokers: [1, 2].map((nodeId) => ({ nodeId, host: 'kafka', port: 9000 + nodeId, rack: null })),
    clusterId: 'c',
    controllerId: 1,
    clusterAuthorizedOperations: 0,
    errorCode: 0,
    topics: names.map((name) => {
      const topic = topics.get(name)
      return {
        errorCode: topic === undefined ? 3 : (topic.errorCode ?? 0),
        name,
        topicId: topic?.topicId ?? 'BBBBBBBBBBBBBBBBBBBBBA',
        isInternal: false,
        topicAuthorizedOperations: 0,
        partitions: (topic?.leaders ?? []).map(([leaderId, leaderEpoch], partitionIndex) => ({
          errorCode: 0,
          partitionIndex,
          leaderId,
          leaderEpoch,
          replicaNodes: [1, 2],
          isrNodes: [1, 2],
          offlineReplicas: [],
        })),
      }
    }),
  }
}

const failure = (promise: Promise<unknown>): Promise<KafkaError> =>
  promise.then(
    () => Promise.reject(new Error('It did not fail')),
    (error: KafkaError) => error,
  )

test('callers of one moment share one request, and a cached topic needs none', async () => {
  const { topics, asked, require, metadata } = setUp()
  for (const name of ['a', 'b']) topics.set(name, { leaders: [[1, 0]] })
  await Promise.all([require(['a']), require(['b']), require(['a', 'b'])])
  expect(asked.length).toBe(1)
  await require(['a', 'b'])
  expect(asked.length).toBe(1)
  expect(metadata.topic('a')?.partitions.length).toBe(1)
})

test('a refresh is one that started after the call', async () => {
  const { clock, asked, state, metadata, deadline } = setUp()
  let release!: () => void
  state.hold = new Promise((resolve) => (release = resolve))
  const first = metadata.refresh(deadline())
  await settle()
  const second = metadata.refresh(deadline())
  const third = metadata.refresh(deadline())
  await settle()
  expect(asked.length).toBe(1)
  release()
  await clock.advance(0)
  await Promise.all([first, second, third])
  expect(asked.length).toBe(2)
})

test('floods of refresh requests become one after the pause', async () => {
  const { clock, asked, metadata, deadline } = setUp()
  await metadata.refresh(deadline())
  for (let i = 0; i < 50; i++) metadata.requestRefresh('stale')
  await clock.advance(99)
  expect(asked.length).toBe(1)
  await clock.advance(2)
  expect(asked.length).toBe(2)
  await clock.advance(10_000)
  expect(asked.length).toBe(2)
})

test('asks only for the topics that were asked for', async () => {
  const { topics, asked, require, metadata, deadline } = setUp()
  for (let i = 0; i < 1000; i++) topics.set(`t${i}`, { leaders: [[1, 0]] })
  await require(['t5'])
  await metadata.refresh(deadline())
  expect(asked.map((request) => request.topics?.map((topic) => topic.name))).toEqual([['t5'], ['t5']])
})

test('P13: an older leader epoch is ignored, unless the topic was created anew', async () => {
  const { topics, require, metadata, deadline } = setUp()
  topics.set('t', {
    leaders: [
      [1, 5],
      [1, 5],
    ],
  })
  await require(['t'])
  topics.set('t', {
    leaders: [
      [2, 4],
      [2, 6],
    ],
  })
  await metadata.refresh(deadline())
  expect(metadata.topic('t')?.partitions.map((partition) => partition.leaderId)).toEqual([1, 2])
  topics.set('t', {
    topicId: 'CCCCCCCCCCCCCCCCCCCCCA',
    leaders: [
      [2, 0],
      [2, 0],
    ],
  })
  await metadata.refresh(deadline())
  expect(metadata.topic('t')?.partitions.map((partition) => partition.leaderEpoch)).toEqual([0, 0])
  expect(metadata.topicName('CCCCCCCCCCCCCCCCCCCCCA')).toBe('t')
  expect(metadata.topicName('BBBBBBBBBBBBBBBBBBBBBA')).toBeUndefined()
})

test('P12: takes a newer leader from a response, with its endpoint, and not an older one', async () => {
  const { topics, require, metadata } = setUp()
  topics.set('t', { leaders: [[1, 5]] })
  await require(['t'])
  let updates = 0
  const stop = metadata.onUpdate(() => updates++)
  metadata.updateLeader('t', 0, 7, 6, { nodeId: 7, host: 'seven', port: 1, rack: null })
  expect(metadata.partition('t', 0)).toMatchObject({ leaderId: 7, leaderEpoch: 6 })
  expect(metadata.broker(7)?.host).toBe('seven')
  metadata.updateLeader('t', 0, 1, 6)
  metadata.updateLeader('t', 0, 1, 5)
  metadata.updateLeader('t', 9, 1, 50)
  metadata.updateLeader('unknown', 0, 1, 50)
  expect(metadata.partition('t', 0)?.leaderId).toBe(7)
  expect(updates).toBe(1)
  stop()
  metadata.updateLeader('t', 0, 1, 8)
  expect(updates).toBe(1)
})

test('N9: one topic’s error touches no other, and a passing one keeps what was known', async () => {
  const { topics, require, metadata, deadline } = setUp()
  for (const name of ['a', 'b']) topics.set(name, { leaders: [[1, 0]] })
  await require(['a', 'b'])
  topics.set('a', { errorCode: 5 })
  await metadata.refresh(deadline())
  expect(metadata.topic('a')?.partitions.length).toBe(1)
  topics.set('a', { errorCode: 29 })
  await metadata.refresh(deadline())
  expect(metadata.topic('a')).toBeUndefined()
  expect(metadata.topic('b')?.partitions.length).toBe(1)
})

test('Y3: a topic that stays unknown is forgotten after a while, not at once', async () => {
  const { clock, topics, require, metadata, deadline } = setUp()
  topics.set('t', { leaders: [[1, 0]] })
  await require(['t'])
  topics.delete('t')
  await metadata.refresh(deadline())
  expect(metadata.topic('t')).toBeDefined()
  await clock.advance(15_000)
  await metadata.refresh(deadline())
  expect(metadata.topic('t')).toBeUndefined()
})

test.each([3, 5])('waits for a topic that answers error %p until it is there', async (errorCode) => {
  const { clock, topics, require, metadata } = setUp()
  topics.set('t', { errorCode })
  const call = require(['t'])
  await clock.advance(500)
  topics.set('t', { leaders: [[1, 0]] })
  await clock.advance(2000)
  await call
  expect(metadata.topic('t')).toBeDefined()
})

test('ends at the deadline with what the brokers said of the missing topic, and asks no more for it', async () => {
  const { clock, topics, asked, require, metadata, deadline } = setUp()
  topics.set('there', { leaders: [[1, 0]] })
  const call = failure(require(['there', 'missing'], 1000))
  await clock.advance(1000)
  const error = await call
  expect(error).toBeInstanceOf(BrokerError)
  expect(error).toMatchObject({ code: 'UNKNOWN_TOPIC_OR_PARTITION', context: { topic: 'missing' } })
  expect(error.message).toMatch(/Topic 'missing' does not exist; create it/)
  await metadata.refresh(deadline())
  expect(asked.at(-1)?.topics?.map((topic) => topic.name)).toEqual(['there'])
})

test('no permission and a name the broker refuses end at once', async () => {
  const { clock, topics, require } = setUp()
  topics.set('secret', { errorCode: 29 })
  expect(await failure(require(['secret']))).toMatchObject({ code: 'TOPIC_AUTHORIZATION_FAILED' })
  expect(clock.now()).toBe(0)
})

test.each(['', '.', '..', 'a b', 'ä', 'x'.repeat(250)])(
  'refuses the topic name %p without asking',
  async (name) => {
    const { asked, require } = setUp()
    expect(await failure(require([name]))).toBeInstanceOf(InvalidArgumentError)
    expect(asked.length).toBe(0)
  },
)

test('a caller that gives up does not take the topic from another that still waits', async () => {
  const { clock, topics, require, metadata } = setUp()
  const impatient = failure(require(['t'], 200))
  const patient = require(['t'], 5000)
  await clock.advance(200)
  expect(await impatient).toMatchObject({ code: 'UNKNOWN_TOPIC_OR_PARTITION' })
  topics.set('t', { leaders: [[1, 0]] })
  await clock.advance(2000)
  await patient
  expect(metadata.topic('t')).toBeDefined()
})

test('L23: when nobody waits any more and nothing is tracked, a failing loop rests', async () => {
  const { clock, asked, state, metadata, deadline } = setUp()
  state.failure = new ConnectionError('CONNECTION_FAILED', 'connection refused')
  const call = failure(metadata.refresh(deadline(1000)))
  await clock.advance(3000)
  await call
  const count = asked.length
  await clock.advance(60_000)
  expect(asked.length).toBe(count)
  expect(clock.pendingTimers).toBe(0)
})

test('N10: lets brokers create only the topics whose caller allows it', async () => {
  const { clock, topics, asked, require } = setUp()
  const consumer = failure(require(['theirs'], 300, false))
  const producer = require(['ours'], 5000, true)
  await settle()
  const flags = () =>
    asked.flatMap(
      (request) => request.topics?.map((topic) => [topic.name, request.allowAutoTopicCreation]) ?? [],
    )
  expect(flags()).toEqual([
    ['ours', true],
    ['theirs', false],
  ])
  topics.set('ours', { leaders: [[1, 0]] })
  await clock.advance(300)
  await producer
  await consumer
  expect(
    flags()
      .filter(([name]) => name === 'theirs')
      .every(([, flag]) => flag === false),
  ).toBe(true)
})

test('tries again with growing pauses while no broker answers, and ends at the deadline with the reason', async () => {
  const { clock, asked, state, metadata, deadline } = setUp()
  state.failure = new ConnectionError('CONNECTION_FAILED', 'connection refused')
  const call = failure(metadata.refresh(deadline(3000)))
  await clock.advance(3000)
  const error = await call
  expect(error).toBeInstanceOf(TimeoutError)
  expect(error.message).toMatch(/the call: no broker answered .* connection refused/)
  expect(asked.length).toBeGreaterThan(3)
  expect(asked.length).toBeLessThan(9)
})

test('wrong credentials reach those who wait at once, and the loop rests', async () => {
  const { clock, asked, state, metadata, deadline } = setUp()
  state.failure = new AuthenticationError('SASL_AUTHENTICATION_FAILED', 'no')
  expect(await failure(metadata.refresh(deadline()))).toBe(state.failure)
  await clock.advance(600_000)
  expect(asked.length).toBe(1)
})

test('an abort ends the wait of its caller only', async () => {
  const { clock, topics, metadata, deadline, require } = setUp()
  const controller = new AbortController()
  const aborted = failure(
    metadata.requireTopics(['t'], deadline(10_000, controller.signal), { allowAutoTopicCreation: false }),
  )
  const other = require(['t'])
  await settle()
  controller.abort()
  expect(await aborted).toMatchObject({ code: 'ABORTED' })
  topics.set('t', { leaders: [[1, 0]] })
  await clock.advance(2000)
  await other
})

test('L23: refreshes by age only what is tracked, and has no timer otherwise', async () => {
  const { clock, topics, asked, metadata, deadline, require } = setUp()
  await metadata.refresh(deadline())
  await settle()
  expect(clock.pendingTimers).toBe(0)
  topics.set('t', { leaders: [[1, 0]] })
  await require(['t'])
  await settle()
  expect(clock.pendingTimers).toBe(1)
  await clock.advance(300_000)
  expect(asked.length).toBe(3)
  metadata.stop()
  expect(clock.pendingTimers).toBe(0)
})

test('KIP-526: asks for a new topic alone, and for all of them when something seems stale or someone wants all', async () => {
  const { topics, asked, metadata, deadline, require, clock } = setUp()
  for (const name of ['a', 'b', 'c', 'd']) topics.set(name, { leaders: [[1, 0]] })
  const names = () => asked.map((request) => request.topics?.map(({ name }) => name))
  await require(['a', 'b'])
  await require(['b', 'c'])
  await Promise.all([require(['a']), require(['d'], undefined, true)])
  expect(names()).toEqual([['a', 'b'], ['c'], ['d']])
  metadata.requestRefresh('a test')
  await clock.advance(100)
  await metadata.refresh(deadline())
  expect(names().slice(3)).toEqual([
    ['a', 'b', 'c', 'd'],
    ['a', 'b', 'c', 'd'],
  ])
})

test('new topics do not put off the refresh of those that are known', async () => {
  const { clock, topics, asked, require } = setUp()
  for (let i = 0; i < 6; i++) {
    topics.set(`t${i}`, { leaders: [[1, 0]] })
    await require([`t${i}`])
    await clock.advance(60_000)
  }
  await settle()
  expect(asked.map((request) => request.topics?.length)).toEqual([1, 1, 1, 1, 1, 5, 1])
})

test('a listener that throws does not keep the others from being called', async () => {
  const { metadata, deadline } = setUp()
  let called = 0
  metadata.onUpdate(() => {
    throw new Error('broken')
  })
  metadata.onUpdate(() => called++)
  await metadata.refresh(deadline())
  expect(called).toBe(1)
})

test('lists all topics without keeping them', async () => {
  const { topics, metadata, deadline } = setUp()
  topics.set('a', { leaders: [[1, 0]] })
  topics.set('b', { errorCode: 29 })
  expect((await metadata.listTopics(deadline())).map((topic) => topic.name)).toEqual(['a'])
  expect(metadata.topic('a')).toBeUndefined()
})
