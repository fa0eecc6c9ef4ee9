// Guards against consumers that stall silently, and against alarms where nothing is wrong: on whole brokers.
import { type Consumer, type ConsumerOptions, Kafka, onDiagnostics, type StallKind } from '../../src'
import { ErrorCode } from '../../src/base/error-codes'
import { silentLogger } from '../../src/base/logger'
import {
  type BrokerApiName,
  createCluster,
  type TestCluster,
  type TestClusterOptions,
} from '../../src/testing'
import type { ErrorResponse } from '../../src/testing/faults/errors/error-response'
import { errorResponses } from '../../src/testing/faults/errors/error-responses'
import { until } from './support/case-runner'

const stallTimeoutMs = 300
const protocols = ['classic', 'consumer'] as const
const configs = {
  'group.initial.rebalance.delay.ms': 0,
  'group.consumer.min.heartbeat.interval.ms': 50,
  'group.consumer.heartbeat.interval.ms': 50,
}

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function start(options: TestClusterOptions = {}): Promise<TestCluster> {
  const cluster = await createCluster({
    network: 'memory',
    logger: silentLogger,
    configs,
    topics: [{ name: 'orders', partitions: 2 }],
    ...options,
  })
  closers.push(() => cluster.close())
  return cluster
}

/** A consumer with short times, what its log said of stalls, and which ones began and ended. */
class Subject {
  readonly consumer: Consumer
  readonly logged: string[] = []
  readonly told: string[] = []

  constructor(cluster: TestCluster, options: Partial<ConsumerOptions> = {}) {
    const logger = {
      ...silentLogger,
      warn: (text: string) => void this.#note('warn', text),
      info: (text: string) => void this.#note('info', text),
    }
    const kafka = new Kafka({
      ...cluster.clientOptions(),
      logger,
      requestTimeoutMs: 1_000,
      retryBackoffMs: 10,
      retryBackoffMaxMs: 50,
    })
    const isClassic = options.groupProtocol !== 'consumer' && options.assign === undefined
    this.consumer = kafka.consumer({
      ...(options.assign === undefined ? { groupId: 'billing', topics: ['orders'] } : {}),
      ...(isClassic ? { heartbeatIntervalMs: 50 } : {}),
      startFrom: 'earliest',
      fetchMaxWaitMs: 20,
      autoCommitIntervalMs: 50,
      stallTimeoutMs,
      ...options,
    })
    const ends = [
      onDiagnostics('typed-kafka:consumer:stall-began', ({ kind }) => this.told.push(`+${kind}`)),
      onDiagnostics('typed-kafka:consumer:stall-ended', ({ kind }) => this.told.push(`-${kind}`)),
    ]
    closers.push(async () => {
      for (const end of ends) end()
      await this.consumer.close({ timeoutMs: 500 })
    })
  }

  #note(level: string, text: string): void {
    if (text.includes('stall')) this.logged.push(`${level}: ${text}`)
  }

  run(handler: (message: { readonly offset: bigint }) => unknown = () => {}): void {
    this.consumer.run(handler).catch(() => {})
  }

  async ready(): Promise<void> {
    await until(() => this.consumer.health().isReady && this.#hasPositions(), 'a consumer that is ready')
  }

  #hasPositions(): boolean {
    const { partitions } = this.consumer.health()
    return partitions.length > 0 && partitions.every(({ lag }) => lag !== undefined)
  }

  /** Resolves when it was told of, with its reason. */
  async stalled(kind: StallKind): Promise<string> {
    await until(() => this.told.includes(`+${kind}`), `a stall of kind ${kind}`)
    return this.consumer.health().stalls.find((stall) => stall.kind === kind)?.reason ?? 'not in health()'
  }

  async recovered(kind: StallKind): Promise<void> {
    await until(() => this.told.includes(`-${kind}`), `the end of a stall of kind ${kind}`)
    await until(() => this.consumer.health().isHealthy, 'health')
  }
}

/** Answers every request of that kind with the error, until the answer is called. */
function refuse(cluster: TestCluster, api: BrokerApiName, code: number): () => void {
  const say = errorResponses[api] as ErrorResponse<BrokerApiName>
  return cluster.on(api, (request, exchange) =>
    Promise.resolve(say(request as never, code, exchange.apiVersion)),
  )
}

async function send(cluster: TestCluster, partition: number, count: number): Promise<void> {
  await using producer = new Kafka({ ...cluster.clientOptions('producer'), logger: silentLogger }).producer()
  await producer.send(
    'orders',
    Array.from({ length: count }, (_, i) => ({ partition, value: String(i) })),
  )
}

/** So long that whatever could become a stall would have become one. */
const longEnough = () => new Promise((resolve) => setTimeout(resolve, stallTimeoutMs * 3))

describe('brokers', () => {
  test('a broker that freezes is named, by its id, as long as its partitions have no other leader', async () => {
    const cluster = await start({ brokers: 2, configs: { ...configs, 'broker.session.timeout.ms': 60_000 } })
    const partitions = [0, 1].map((partition) => ({ topic: 'orders', partition }))
    const subject = new Subject(cluster, { assign: partitions })
    subject.run()
    await subject.ready()
    const frozen = cluster.partition('orders', 1).leaderId
    cluster.pauseBroker(frozen)
    expect(await subject.stalled('fetch')).toMatch(
      new RegExp(`^no answer from broker ${frozen} to Fetch for `),
    )
    expect(subject.consumer.health()).toMatchObject({ isHealthy: false, isAlive: true, isReady: false })
    const held = partitions.filter(
      ({ partition }) => cluster.partition('orders', partition).leaderId === frozen,
    )
    expect(subject.consumer.health().stalls[0]).toMatchObject({ nodeId: frozen, partitions: held })
    cluster.resumeBroker(frozen)
    await subject.recovered('fetch')
    expect(subject.logged).toEqual([
      expect.stringMatching(/^warn: The consumer is stalled: no answer from broker/),
      expect.stringMatching(/^info: The consumer goes on/),
    ])
  })

  test('a partition without a leader is named; the others go on', async () => {
    const cluster = await start({ brokers: 2 })
    const subject = new Subject(cluster, {
      assign: [0, 1].map((partition) => ({ topic: 'orders', partition })),
    })
    let handled = 0
    subject.run(() => handled++)
    await subject.ready()
    const down = cluster.partition('orders', 1).leaderId
    await cluster.stopBroker(down, { kill: true })
    expect(await subject.stalled('fetch')).toMatch(/broker|leader/)
    await until(
      () => /orders-\d has had no leader/.test(subject.consumer.health().stalls[0]?.reason ?? ''),
      'no leader',
    )
    await cluster.startBroker(down)
    await subject.recovered('fetch')
    await send(cluster, 1, 3)
    await until(() => handled >= 3, 'messages')
  })

  test.each(protocols)('%s: a coordinator that is not found holds the join up', async (groupProtocol) => {
    const cluster = await start()
    const undo = refuse(cluster, 'FindCoordinator', ErrorCode.COORDINATOR_NOT_AVAILABLE)
    const subject = new Subject(cluster, { groupProtocol })
    subject.run()
    expect(await subject.stalled('join')).toMatch(
      /^the member has not got into its group for .* FindCoordinator/,
    )
    expect(subject.consumer.health()).toMatchObject({ state: 'joining', isReady: false })
    undo()
    await subject.recovered('join')
    await subject.ready()
    expect(subject.consumer.health().group).toMatchObject({ groupId: 'billing', protocol: groupProtocol })
  })

  test.each(protocols)(
    '%s: heartbeats without an answer are told before the session ends',
    async (groupProtocol) => {
      const cluster = await start()
      const subject = new Subject(cluster, { groupProtocol })
      subject.run()
      await subject.ready()
      const api = groupProtocol === 'classic' ? 'Heartbeat' : 'ConsumerGroupHeartbeat'
      const undo = cluster.on(api, (_request, exchange) => {
        exchange.drop()
        return Promise.resolve(undefined)
      })
      expect(await subject.stalled('heartbeat')).toMatch(
        new RegExp(`^no answer from broker 1 to ${api} for `),
      )
      undo()
      await subject.recovered('heartbeat')
      // Where the machine was slow, the member has been counted out meanwhile, and joins again.
      await until(() => subject.consumer.health().state === 'stable', 'a member')
    },
  )

  test('commits that are refused are told with the last error', async () => {
    const cluster = await start()
    const subject = new Subject(cluster)
    subject.run()
    await subject.ready()
    const undo = refuse(cluster, 'OffsetCommit', ErrorCode.COORDINATOR_LOAD_IN_PROGRESS)
    await send(cluster, 0, 1)
    expect(await subject.stalled('commit')).toMatch(/^no position has been stored in the group for /)
    undo()
    await subject.recovered('commit')
    await until(
      () => subject.consumer.health().partitions.some(({ committed }) => committed === 1n),
      'the commit',
    )
  })

  test('a quota that holds fetches back for longer than a stall is no stall', async () => {
    const cluster = await start()
    const subject = new Subject(cluster, { assign: [{ topic: 'orders', partition: 0 }] })
    let handled = 0
    subject.run(() => handled++)
    await subject.ready()
    let throttled = 0
    cluster.on(
      'Fetch',
      async (_request, exchange) => {
        throttled++
        const response = await exchange.proceed()
        return response && { ...response, throttleTimeMs: stallTimeoutMs * 3 }
      },
      { times: 1 },
    )
    await send(cluster, 0, 2)
    await until(() => throttled === 1, 'a throttled fetch')
    await longEnough()
    await until(() => handled === 2, 'messages')
    expect(subject.told).toEqual([])
  })
})

describe('users', () => {
  test.each(protocols)(
    '%s: a handler that hangs is named; heartbeats go on meanwhile',
    async (groupProtocol) => {
      const cluster = await start()
      await send(cluster, 1, 5)
      const subject = new Subject(cluster, { groupProtocol })
      let release = () => {}
      subject.run(({ offset }) =>
        offset === 3n ? new Promise<void>((resolve) => (release = resolve)) : undefined,
      )
      expect(await subject.stalled('handler')).toMatch(/^the handler of orders-1 has run for .* at offset 3/)
      expect(subject.consumer.health()).toMatchObject({ isAlive: false, state: 'stable' })
      expect(subject.consumer.health().stalls).toHaveLength(1)
      release()
      await subject.recovered('handler')
      expect(subject.told).toEqual(['+handler', '-handler'])
    },
  )

  test.each(protocols)(
    '%s: no alarm for an idle topic, paused partitions, and one that nobody reads',
    async (groupProtocol) => {
      const cluster = await start()
      await send(cluster, 0, 10)
      const [idle, paused, unread] = ['a', 'b', 'c'].map(
        (groupId) => new Subject(cluster, { groupProtocol, groupId }),
      )
      idle?.run()
      paused?.run()
      await unread?.consumer.connect()
      for (const subject of [idle, paused, unread]) await subject?.ready()
      paused?.consumer.pause(paused.consumer.assignment())
      await longEnough()
      for (const subject of [idle, paused, unread]) {
        expect(subject?.told).toEqual([])
        expect(subject?.consumer.health()).toMatchObject({ isHealthy: true, isReady: true, stalls: [] })
      }
      expect(unread?.consumer.health().partitions[0]).toMatchObject({
        lag: 10n,
        position: 0n,
        waitsFor: 'reader',
      })
    },
  )
})

describe('the snapshot', () => {
  test('shows positions, commits, ends of the log and lag, and is frozen', async () => {
    const cluster = await start()
    await send(cluster, 0, 10)
    const subject = new Subject(cluster)
    let release = () => {}
    subject.run(({ offset }) =>
      offset === 6n ? new Promise<void>((resolve) => (release = resolve)) : undefined,
    )
    await until(() => subject.consumer.health().partitions[0]?.committed === 6n, 'a commit')
    const health = subject.consumer.health()
    expect(health).toMatchObject({ state: 'stable', group: { generationId: 1, groupInstanceId: null } })
    expect(health.group?.memberId).toBe(subject.consumer.groupMetadata().memberId)
    expect(health.partitions).toMatchObject([
      { partition: 0, position: 7n, committed: 6n, logStart: 0n, logEnd: 10n, lag: 3n, waitsFor: 'handler' },
      { partition: 1, position: 0n, logStart: 0n, logEnd: 0n, lag: 0n, timeLagMs: 0, waitsFor: 'messages' },
    ])
    const { timeLagMs, logEndAgeMs } = health.partitions[0] ?? {}
    expect(timeLagMs).toBeGreaterThanOrEqual(0)
    expect(timeLagMs).toBeLessThan(5_000)
    expect(logEndAgeMs).toBeLessThan(5_000)
    expect(subject.consumer.lag()).toEqual([
      { topic: 'orders', partition: 0, lag: 3n },
      { topic: 'orders', partition: 1, lag: 0n },
    ])
    expect(Object.isFrozen(health)).toBe(true)
    expect(Object.isFrozen(health.partitions[0])).toBe(true)
    release()
    await until(() => subject.consumer.lag().every(({ lag }) => lag === 0n), 'no lag')
    expect(subject.consumer.health().partitions[0]).toMatchObject({ timeLagMs: 0, waitsFor: 'messages' })
  })

  test('with read_committed the log ends where open transactions begin', async () => {
    const cluster = await start()
    const kafka = new Kafka({ ...cluster.clientOptions('producer'), logger: silentLogger })
    await using producer = kafka.producer({ transactionalId: 'tx' })
    await send(cluster, 0, 2)
    const transaction = await producer.beginTransaction()
    await transaction.send('orders', { partition: 0, value: 'open' })
    const assign = [{ topic: 'orders', partition: 0 }]
    const committed = new Subject(cluster, { assign, isolationLevel: 'read_committed' })
    const all = new Subject(cluster, { assign })
    for (const subject of [committed, all]) subject.run()
    for (const subject of [committed, all]) await subject.ready()
    await until(() => all.consumer.health().partitions[0]?.position === 3n, 'the open message')
    expect(committed.consumer.health().partitions[0]).toMatchObject({ logEnd: 2n, lag: 0n, timeLagMs: 0 })
    expect(all.consumer.health().partitions[0]).toMatchObject({ logEnd: 3n, lag: 0n })
    await transaction.commit()
    await until(() => committed.consumer.health().partitions[0]?.position === 4n, 'the marker')
  })
})
