// Guards against share consumers that stall silently, and against alarms where nothing is wrong: on whole brokers.
import {
  onDiagnostics,
  type ShareConsumer,
  type ShareConsumerOptions,
  type ShareMessage,
  type ShareStallKind,
} from '../../src'
import { ErrorCode } from '../../src/base/error-codes'
import { silentLogger } from '../../src/base/logger'
import type { BrokerApiName, TestClusterOptions } from '../../src/testing'
import type { ErrorResponse } from '../../src/testing/faults/errors/error-response'
import { errorResponses } from '../../src/testing/faults/errors/error-responses'
import { until } from './support/case-runner'
import { noLeader, refuseAcknowledgements } from './support/refused-acknowledgements'
import { ShareCluster, values } from './support/share-cluster'
import { SharedTopic } from './support/share-simulation'

const stallTimeoutMs = 300

let cluster: ShareCluster
const ends: (() => unknown)[] = []

async function start(options: TestClusterOptions = {}): Promise<void> {
  cluster = await ShareCluster.start(options)
  ends.push(() => cluster.close())
}

afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

/** A share consumer with short times, what its log said of stalls, and which ones began and ended. */
class Subject {
  readonly consumer: ShareConsumer<readonly string[]>
  readonly logged: string[] = []
  readonly told: string[] = []

  constructor(options: Partial<ShareConsumerOptions<readonly string[]>> = {}) {
    const note = (level: string) => (text: string) => {
      if (text.includes('stall')) this.logged.push(`${level}: ${text}`)
    }
    const logger = { ...silentLogger, warn: note('warn'), info: note('info') }
    const kafka = cluster.connect({ logger, requestTimeoutMs: 1_000 })
    this.consumer = cluster.consumer({ fetchMaxWaitMs: 20, stallTimeoutMs, ...options }, kafka)
    ends.push(
      onDiagnostics('typed-kafka:share-consumer:stall-began', ({ kind }) => this.told.push(`+${kind}`)),
      onDiagnostics('typed-kafka:share-consumer:stall-ended', ({ kind }) => this.told.push(`-${kind}`)),
    )
  }

  run(handler: (message: ShareMessage<unknown, unknown>) => unknown = () => {}): void {
    this.consumer.run(handler).catch(() => {})
  }

  async ready(): Promise<void> {
    const isReady = () => {
      const { isReady: ready, partitions } = this.consumer.health()
      return ready && partitions.length > 0
    }
    await until(isReady, 'a share consumer that is ready')
  }

  get partitions() {
    return this.consumer.health().partitions
  }

  /** Resolves when it was told of, with its reason. */
  async stalled(kind: ShareStallKind): Promise<string> {
    await until(() => this.told.includes(`+${kind}`), `a stall of kind ${kind}`)
    return this.consumer.health().stalls.find((stall) => stall.kind === kind)?.reason ?? 'not in health()'
  }

  async recovered(kind: ShareStallKind): Promise<void> {
    await until(() => this.told.includes(`-${kind}`), `the end of a stall of kind ${kind}`)
    await until(() => this.consumer.health().isHealthy, 'health')
  }
}

/** Answers every request of that kind with the error, until the answer is called. */
function refuse(api: BrokerApiName, code: number): () => void {
  const say = errorResponses[api] as ErrorResponse<BrokerApiName>
  return cluster.broker.on(api, (request, exchange) =>
    Promise.resolve(say(request as never, code, exchange.apiVersion)),
  )
}

/** Answers every fetch with the error for the partition 0, until the answer is called. */
function failPartition(errorCode: number): () => void {
  const topicId = cluster.broker.topics[0]?.id as string
  return cluster.broker.on('ShareFetch', async (request, exchange) => {
    const answer = await exchange.proceed({ ...request, maxRecords: 0 })
    const partitions = [{ ...nothingOf(0), errorCode }]
    return answer && { ...answer, responses: [{ topicId, partitions }] }
  })
}

/** Has the broker do the rest of each request, and answer acknowledgements with the error, until the answer is called. */
function passOverAcknowledgements(code: number, broker = cluster.broker): () => void {
  const ends = [
    broker.on('ShareFetch', async (request, exchange) => {
      const said = new Set(
        request.topics.flatMap(({ partitions }) =>
          partitions.flatMap(({ partitionIndex, acknowledgementBatches }) =>
            acknowledgementBatches.length > 0 ? partitionIndex : [],
          ),
        ),
      )
      if (said.size === 0) return undefined
      const topics = request.topics.map(({ topicId, partitions }) => ({
        topicId,
        partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, acknowledgementBatches: [] })),
      }))
      const answer = await exchange.proceed({ ...request, topics, maxRecords: 0 })
      const topicId = request.topics[0]?.topicId as string
      const partitions = [...said].map((index) => ({ ...nothingOf(index), acknowledgeErrorCode: code }))
      return answer && { ...answer, responses: [{ topicId, partitions }] }
    }),
    refuseAcknowledgements(broker, () => code),
  ]
  return () => ends.forEach((end) => end())
}

/** An answer for a partition that has nothing. */
const nothingOf = (partitionIndex: number) => ({
  partitionIndex,
  errorCode: 0,
  acknowledgeErrorCode: 0,
  currentLeader: noLeader,
  records: [],
  acquiredRecords: [],
})

/** So long that whatever could become a stall would have become one. */
const longEnough = () => new Promise((resolve) => setTimeout(resolve, stallTimeoutMs * 3))

describe('brokers', () => {
  test('a broker that does not answer is named with its partitions, until it answers', async () => {
    await start({
      brokers: 2,
      topics: [{ name: 'orders', partitions: 2 }],
      configs: { 'broker.session.timeout.ms': 60_000 },
    })
    const subject = new Subject()
    subject.run()
    await subject.ready()
    // The coordinator has to go on: else there would be more to tell of.
    const coordinator = cluster.broker.requests.filter({ api: 'ShareGroupHeartbeat' }).at(-1)?.brokerId
    const frozen = [1, 2].find((id) => id !== coordinator) ?? 0
    const held = [0, 1].filter(
      (partition) => cluster.broker.partition('orders', partition).leaderId === frozen,
    )
    expect(held).not.toEqual([])
    cluster.broker.pauseBroker(frozen)
    expect(await subject.stalled('fetch')).toMatch(
      new RegExp(`^no answer from broker ${frozen} to ShareFetch for `),
    )
    const health = subject.consumer.health()
    expect(health).toMatchObject({ isHealthy: false, isAlive: true, isReady: false, state: 'stable' })
    expect(health.stalls.find(({ kind }) => kind === 'fetch')).toMatchObject({
      nodeId: frozen,
      partitions: held.map((partition) => ({ topic: 'orders', partition })),
    })
    expect(health.partitions[held[0] ?? 0]).toMatchObject({ nodeId: frozen, waitsFor: 'broker' })
    cluster.broker.resumeBroker(frozen)
    await subject.recovered('fetch')
    expect(subject.logged[0]).toMatch(/^warn: The share consumer is stalled: no answer from broker/)
    expect(subject.logged.at(-1)).toMatch(/^info: The share consumer goes on/)
  })

  test('a partition without a leader is named, until it has one', async () => {
    await start({ brokers: 2, topics: [{ name: 'orders', partitions: 2 }] })
    const subject = new Subject()
    let handled = 0
    subject.run(() => handled++)
    await subject.ready()
    const down = cluster.broker.partition('orders', 1).leaderId
    await cluster.broker.stopBroker(down, { kill: true })
    const reasons = () => subject.consumer.health().stalls.map(({ reason }) => reason)
    await until(
      () => reasons().some((reason) => /^partition orders-\d has had no leader for/.test(reason)),
      'a partition without a leader',
    )
    expect(
      subject.partitions.some(({ waitsFor, nodeId }) => waitsFor === 'leader' && nodeId === undefined),
    ).toBe(true)
    await cluster.broker.startBroker(down)
    await subject.recovered('fetch')
    await cluster.produce(values(3), 1)
    await until(() => handled === 3, 'messages')
  })

  test('a partition that a broker refuses again and again is told with the last error', async () => {
    await start()
    const subject = new Subject()
    let handled = 0
    subject.run(() => handled++)
    await subject.ready()
    const undo = failPartition(ErrorCode.KAFKA_STORAGE_ERROR)
    expect(await subject.stalled('fetch')).toMatch(
      /^broker 1 has refused fetches of orders-0 for .*; last error: .*KAFKA_STORAGE_ERROR/,
    )
    expect(subject.partitions).toMatchObject([{ waitsFor: 'broker', error: undefined }])
    undo()
    await subject.recovered('fetch')
    await cluster.produce(values(1))
    await until(() => handled === 1, 'the message')
  })

  test('acknowledgements that a broker does not take are told with the last error', async () => {
    await start()
    await cluster.produce(values(1))
    const subject = new Subject()
    const undo = passOverAcknowledgements(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS)
    subject.run()
    expect(await subject.stalled('acknowledgement')).toMatch(
      /^broker 1 has not taken acknowledgements for .*; last error: COORDINATOR_LOAD_IN_PROGRESS/,
    )
    expect(subject.partitions).toMatchObject([{ acknowledgingCount: 1, waitsFor: 'acknowledgement' }])
    expect(subject.consumer.health().stalls).toMatchObject([
      { kind: 'acknowledgement', nodeId: 1, partitions: [{ topic: 'orders', partition: 0 }] },
    ])
    undo()
    await subject.recovered('acknowledgement')
    expect(subject.told).toEqual(['+acknowledgement', '-acknowledgement'])
    await until(() => subject.consumer.metrics().recordsAcceptedTotal === 1, 'the acknowledgement')
  })

  test('by default, acknowledgements that are not taken are told before the locks end', () =>
    SharedTopic.run(
      async (shared) => {
        const told: string[] = []
        ends.push(onDiagnostics('typed-kafka:share-consumer:stall-began', ({ kind }) => told.push(kind)))
        passOverAcknowledgements(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS, shared.sim.cluster)
        await shared.produce(values(1))
        const consumer = shared.consumer()
        const run = consumer.run(() => {})
        await shared.until(() => consumer.metrics().recordsConsumedTotal === 1)
        await shared.sim.sleep(14_000)
        expect(consumer.health()).toMatchObject({ isHealthy: true, stalls: [] })
        await shared.sim.sleep(7_000)
        expect(consumer.health()).toMatchObject({ isAlive: true, stalls: [{ kind: 'acknowledgement' }] })
        expect(consumer.metrics().recordsExpiredTotal).toBe(0)
        await shared.sim.sleep(15_000)
        // The lock is over: the message is delivered again.
        expect(consumer.metrics()).toMatchObject({ recordsExpiredTotal: 1, stallTotal: 1 })
        expect(consumer.health()).toMatchObject({ isHealthy: true })
        expect(told).toEqual(['acknowledgement'])
        await consumer.close()
        await run
      },
      { lockMs: 30_000 },
    ))

  test('a coordinator that is not found holds the join up', async () => {
    await start()
    const undo = refuse('FindCoordinator', ErrorCode.COORDINATOR_NOT_AVAILABLE)
    const subject = new Subject()
    subject.run()
    expect(await subject.stalled('join')).toMatch(
      /^the member has not got into its share group for .* FindCoordinator/,
    )
    expect(subject.consumer.health()).toMatchObject({
      state: 'joining',
      isReady: false,
      isAlive: true,
      group: { memberEpoch: -1 },
    })
    undo()
    await subject.recovered('join')
    await subject.ready()
  })

  test('heartbeats without an answer are told', async () => {
    await start()
    const subject = new Subject()
    subject.run()
    await subject.ready()
    const undo = cluster.broker.on('ShareGroupHeartbeat', (_request, exchange) => exchange.drop())
    expect(await subject.stalled('heartbeat')).toMatch(/^no answer from broker 1 to ShareGroupHeartbeat for /)
    undo()
    await subject.recovered('heartbeat')
    await until(() => subject.consumer.health().state === 'stable', 'a member')
  })

  test('a quota that holds fetches back for longer than a stall is no stall', async () => {
    await start()
    const subject = new Subject()
    let handled = 0
    subject.run(() => handled++)
    await subject.ready()
    let throttled = 0
    cluster.broker.on(
      'ShareFetch',
      async (_request, exchange) => {
        throttled++
        const response = await exchange.proceed()
        return response && { ...response, throttleTimeMs: stallTimeoutMs * 3 }
      },
      { times: 1 },
    )
    await until(() => throttled === 1, 'a throttled fetch')
    await cluster.produce(values(2))
    await longEnough()
    await until(() => handled === 2, 'messages')
    expect(subject.told).toEqual([])
  })
})

describe('users', () => {
  test('a handler that hangs is named, and only a restart helps; heartbeats go on meanwhile', async () => {
    await start()
    await cluster.produce(values(3))
    const subject = new Subject()
    let release = () => {}
    subject.run(({ offset }) =>
      offset === 1n ? new Promise<void>((resolve) => (release = resolve)) : undefined,
    )
    expect(await subject.stalled('handler')).toMatch(/^the handler of orders-0 has run for .* at offset 1/)
    expect(subject.consumer.health()).toMatchObject({ isAlive: false, isReady: false, state: 'stable' })
    expect(subject.consumer.health().stalls).toHaveLength(1)
    release()
    await subject.recovered('handler')
    expect(subject.told).toEqual(['+handler', '-handler'])
    expect(subject.consumer.health()).toMatchObject({ isAlive: true, isReady: true })
  })

  test('the body of a loop that hangs is named, too', async () => {
    await start()
    await cluster.produce(values(1))
    const subject = new Subject()
    let release = () => {}
    const loop = (async () => {
      for await (const message of subject.consumer) {
        void message
        await new Promise<void>((resolve) => (release = resolve))
        break
      }
    })()
    expect(await subject.stalled('handler')).toMatch(/^the handler of orders-0 has run for .* at offset 0/)
    release()
    await loop
    await subject.recovered('handler')
  })

  test('no alarm for an idle topic, and for one that nobody reads', async () => {
    await start()
    await cluster.configure('others', { 'share.auto.offset.reset': 'earliest' })
    const idle = new Subject()
    idle.run()
    const unread = new Subject({ groupId: 'others' })
    await unread.consumer.connect()
    for (const subject of [idle, unread]) await subject.ready()
    await longEnough()
    for (const subject of [idle, unread]) {
      expect(subject.told).toEqual([])
      expect(subject.consumer.health()).toMatchObject({ isHealthy: true, isReady: true, stalls: [] })
    }
    await until(() => idle.partitions[0]?.waitsFor === 'messages', 'a fetch that waits for messages')
    expect(unread.partitions).toMatchObject([{ waitsFor: 'reader', bufferedCount: 0 }])
  })

  test('a member that is late leaves its group, is called suspended, and comes back', async () => {
    await start()
    await cluster.produce(values(1))
    const subject = new Subject({ maxPollIntervalMs: 100, stallTimeoutMs: 60_000 })
    let release = () => {}
    subject.run(() => new Promise<void>((resolve) => (release = resolve)))
    await until(() => subject.consumer.health().state === 'suspended', 'a member that has left')
    expect(subject.consumer.health()).toMatchObject({
      isHealthy: true,
      isReady: false,
      partitions: [],
      group: { memberEpoch: -1 },
    })
    release()
    await subject.ready()
  })
})

describe('what can not go on', () => {
  test('a member that the coordinator refuses for good has failed, with the error', async () => {
    await start()
    const subject = new Subject()
    expect(subject.consumer.health()).toMatchObject({ state: 'idle', isHealthy: true, isAlive: true })
    refuse('ShareGroupHeartbeat', ErrorCode.GROUP_AUTHORIZATION_FAILED)
    subject.run()
    await until(() => subject.consumer.health().state === 'failed', 'the failure')
    expect(subject.consumer.health()).toMatchObject({
      isHealthy: false,
      isAlive: false,
      isReady: false,
      error: { code: 'GROUP_AUTHORIZATION_FAILED' },
      stalls: [],
    })
    await subject.consumer.close()
    expect(subject.consumer.health()).toMatchObject({ state: 'closed', isAlive: true, isReady: false })
  })

  test('a partition that may not be read has the error, until it may be', async () => {
    await start()
    const subject = new Subject()
    const undo = failPartition(ErrorCode.TOPIC_AUTHORIZATION_FAILED)
    await expect(subject.consumer.run(() => {})).rejects.toThrow('TOPIC_AUTHORIZATION_FAILED')
    expect(subject.consumer.health()).toMatchObject({
      state: 'stable',
      isHealthy: false,
      isAlive: true,
      error: undefined,
      partitions: [{ error: { code: 'TOPIC_AUTHORIZATION_FAILED' } }],
    })
    undo()
    subject.run()
    await subject.ready()
    expect(subject.partitions).toMatchObject([{ error: undefined }])
  })
})

describe('the snapshot', () => {
  test('shows what is held of each partition, and is frozen', async () => {
    await start({ topics: [{ name: 'orders', partitions: 2 }] })
    await cluster.produce(values(5))
    const subject = new Subject({ acknowledgementMode: 'explicit' })
    let release = () => {}
    subject.run((message) => {
      message.acknowledge('accept')
      return message.offset === 2n ? new Promise<void>((resolve) => (release = resolve)) : undefined
    })
    const first = () => subject.partitions.find(({ partition }) => partition === 0)
    await until(() => first()?.handledCount === 1 && first()?.acknowledgingCount === 0, 'acknowledgements')
    const health = subject.consumer.health()
    expect(health).toMatchObject({
      state: 'stable',
      group: { groupId: 'workers', memberId: subject.consumer.memberId },
    })
    expect(health.group.memberEpoch).toBeGreaterThan(0)
    expect(first()).toMatchObject({
      topic: 'orders',
      nodeId: 1,
      bufferedCount: 2,
      handledCount: 1,
      waitsFor: 'handler',
    })
    expect(first()?.lockEndsInMs).toBeGreaterThan(0)
    expect(first()?.lockEndsInMs).toBeLessThanOrEqual(subject.consumer.acquisitionLockTimeoutMs ?? 0)
    expect(subject.partitions.find(({ partition }) => partition === 1)).toMatchObject({
      bufferedCount: 0,
      handledCount: 0,
      lockEndsInMs: undefined,
      error: undefined,
    })
    expect(Object.isFrozen(health)).toBe(true)
    expect(Object.isFrozen(health.group)).toBe(true)
    expect(Object.isFrozen(health.partitions[0])).toBe(true)
    release()
    await until(() => first()?.waitsFor === 'messages', 'all to be done')
    expect(first()).toMatchObject({ bufferedCount: 0, handledCount: 0, acknowledgingCount: 0 })
  })
})
