// Guards the figures and events operators look at: they say what the brokers saw, in both protocols, and agree with each other.
import {
  type Consumer,
  type ConsumerMetrics,
  type DiagnosticsEvents,
  type DiagnosticsName,
  Kafka,
  onDiagnostics,
} from '../../src'
import { ErrorCode } from '../../src/base/error-codes'
import { silentLogger } from '../../src/base/logger'
import { type BrokerApiName, createCluster, type TestCluster } from '../../src/testing'
import { errorResponses } from '../../src/testing/faults/errors/error-responses'
import { until } from './support/case-runner'

const protocols = ['classic', 'consumer'] as const
const configs = {
  'group.initial.rebalance.delay.ms': 0,
  'group.consumer.min.heartbeat.interval.ms': 50,
  'group.consumer.heartbeat.interval.ms': 50,
  'group.consumer.assignment.interval.ms': 0,
}

let cluster: TestCluster
beforeEach(async () => {
  cluster = await createCluster({
    network: 'memory',
    logger: silentLogger,
    configs,
    topics: [{ name: 'orders', partitions: 3 }],
  })
})
afterEach(() => cluster.close())

function consumerOf(groupProtocol: (typeof protocols)[number], clientId = 'reader') {
  const kafka = new Kafka({ ...cluster.clientOptions(), clientId, logger: silentLogger, retryBackoffMs: 10 })
  return kafka.consumer({
    groupId: 'billing',
    topics: ['orders'],
    groupProtocol,
    ...(groupProtocol === 'classic' ? { heartbeatIntervalMs: 50 } : {}),
    startFrom: 'earliest',
    fetchMaxWaitMs: 20,
    autoCommitIntervalMs: 50,
    onPartitionsAssigned: () => new Promise((resolve) => setTimeout(resolve, 15)),
  })
}

async function send(count: number): Promise<void> {
  await using producer = new Kafka({ ...cluster.clientOptions('producer'), logger: silentLogger }).producer()
  const messages = Array.from({ length: count }, (_, i) => ({ partition: i % 3, value: 'x'.repeat(100) }))
  await producer.send('orders', messages)
}

const isCaughtUp = (consumer: Consumer) => {
  const lags = consumer.lag()
  return lags.length > 0 && lags.every(({ lag }) => lag === 0n)
}

/** Requests of that kind that a broker answered without an error. */
function answered(api: BrokerApiName, clientId = 'reader'): number {
  return cluster.requests.filter({ api, clientId, outcome: 'answered' }).filter(({ errorCode }) => !errorCode)
    .length
}

describe.each(protocols)('metrics, groupProtocol %s', (groupProtocol) => {
  test('count what the brokers were asked, and what was handed out', async () => {
    await send(300)
    const consumer = consumerOf(groupProtocol)
    let handled = 0
    const run = consumer.run(() => void handled++)
    await until(() => handled === 300 && isCaughtUp(consumer), 'all messages')
    await until(
      () => consumer.metrics().commitTotal > 0 && consumer.metrics().heartbeatTotal > 2,
      'commits and heartbeats',
    )
    await consumer.close()
    await run
    const metrics = consumer.metrics()
    expect(metrics.recordsConsumedTotal).toBe(300)
    expect(metrics.topics['orders']).toMatchObject({ recordsConsumedTotal: 300, partitions: {} })
    // 100 bytes a message, and what a record needs beside its value.
    expect(metrics.bytesConsumedTotal).toBeGreaterThan(300 * 100)
    expect(metrics.bytesConsumedTotal).toBeLessThan(300 * 130)
    expect(metrics.topics['orders']?.bytesConsumedTotal).toBe(metrics.bytesConsumedTotal)
    expect(metrics.commitTotal).toBe(answered('OffsetCommit'))
    expect(metrics.joinTotal).toBe(answered('JoinGroup'))
    expect(metrics.syncTotal).toBe(answered('SyncGroup'))
    const heartbeats =
      groupProtocol === 'classic' ? answered('Heartbeat') : answered('ConsumerGroupHeartbeat')
    expect(heartbeats - metrics.heartbeatTotal).toBeLessThanOrEqual(1)
    // The polls that the close gave up have no answer here.
    const fetches = answered('Fetch')
    expect(metrics.fetchTotal).toBeGreaterThan(2)
    expect(fetches - metrics.fetchTotal).toBeLessThanOrEqual(3)
    expect(metrics.fetchTotal).toBeLessThanOrEqual(fetches)
    expect(metrics).toMatchObject({
      rebalanceTotal: 1,
      failedRebalanceTotal: 0,
      fetchErrorTotal: 0,
      stallTotal: 0,
    })
    expect(metrics.partitionAssignedLatencyMax).toBeGreaterThanOrEqual(14)
    expect(metrics.rebalanceLatencyMax).toBeGreaterThanOrEqual(metrics.partitionAssignedLatencyMax)
    expect(metrics.assignedPartitions).toBe(0)
    expect(metrics.bufferedBytes).toBe(0)
  })

  test('show lag and lead as they are, by partition', async () => {
    await send(30)
    const consumer = consumerOf(groupProtocol)
    let release = () => {}
    const run = consumer.run(
      ({ partition, offset }) =>
        partition === 1 && offset === 3n ? new Promise<void>((resolve) => (release = resolve)) : undefined,
      { concurrency: 3 },
    )
    await until(
      () => consumer.lag().filter(({ lag }) => lag === 0n).length === 2,
      'two partitions at their end',
    )
    const metrics = consumer.metrics()
    expect(metrics).toMatchObject({ assignedPartitions: 3, recordsLagMax: 6, recordsLeadMin: 4 })
    expect(metrics.topics['orders']?.partitions).toEqual({
      0: { recordsLag: 0, recordsLead: 10 },
      1: { recordsLag: 6, recordsLead: 4 },
      2: { recordsLag: 0, recordsLead: 10 },
    })
    expect(metrics.lastHeartbeatSecondsAgo).toBeLessThan(5)
    release()
    await until(() => isCaughtUp(consumer), 'no lag')
    expect(consumer.metrics()).toMatchObject({ recordsLagMax: 0, recordsLeadMin: 10 })
    await consumer.close()
    await run
  })

  test('count a rebalance for every change of the group, and refused joins', async () => {
    const first = consumerOf(groupProtocol, 'first')
    const runs = [first.run(() => {})]
    await until(() => first.metrics().assignedPartitions === 3, 'the first')
    const second = consumerOf(groupProtocol, 'second')
    if (groupProtocol === 'classic') {
      const undo = cluster.on('JoinGroup', (request, exchange) =>
        Promise.resolve(
          errorResponses.JoinGroup(request, ErrorCode.COORDINATOR_LOAD_IN_PROGRESS, exchange.apiVersion),
        ),
      )
      void cluster.requests.waitFor('JoinGroup', ({ clientId }) => clientId === 'second').then(undo)
    }
    runs.push(second.run(() => {}))
    await until(
      () => second.metrics().assignedPartitions > 0 && first.metrics().assignedPartitions < 3,
      'both',
    )
    await until(() => first.metrics().rebalanceTotal > 1, 'a rebalance of the first')
    expect(second.metrics().rebalanceTotal).toBeGreaterThan(0)
    if (groupProtocol === 'classic') {
      const failed = first.metrics().failedRebalanceTotal + second.metrics().failedRebalanceTotal
      expect(failed).toBeGreaterThanOrEqual(1)
      const isCounted = () => first.metrics().rebalanceTotal === answered('SyncGroup', 'first')
      await until(isCounted, 'one rebalance for each SyncGroup')
    }
    await Promise.all([first.close(), second.close()])
    await Promise.all(runs)
  })
})

describe('events', () => {
  /** Everything that consumers publish, by the last part of the channel's name. */
  function record() {
    const names = [
      'rebalanced',
      'partitions-assigned',
      'partitions-revoked',
      'partitions-lost',
      'session-lost',
      'committed',
      'commit-failed',
      'fetched',
      'fetch-failed',
      'error',
    ] as const
    const events: { name: string; event: DiagnosticsEvents[DiagnosticsName] }[] = []
    const ends = names.map((name) =>
      onDiagnostics(`typed-kafka:consumer:${name}`, (event) => void events.push({ name, event })),
    )
    return {
      of: (name: (typeof names)[number]) =>
        events.filter((one) => one.name === name).map(({ event }) => event),
      end: () => ends.forEach((end) => end()),
    }
  }
  let events: ReturnType<typeof record>
  beforeEach(() => (events = record()))
  afterEach(() => events.end())

  test.each(protocols)('%s: a life of a consumer, from its join to its close', async (groupProtocol) => {
    await send(30)
    const consumer = consumerOf(groupProtocol)
    let handled = 0
    const run = consumer.run(() => void handled++)
    await until(() => handled === 30 && events.of('committed').length > 0, 'messages and a commit')
    await consumer.close()
    await run
    const names = { clientId: 'reader', groupId: 'billing' }
    expect(events.of('rebalanced')).toMatchObject([
      { ...names, generationId: expect.any(Number) as number, added: 3, revoked: 0, lost: 0 },
    ])
    expect(events.of('partitions-assigned')).toMatchObject([
      { ...names, partitions: [0, 1, 2].map((partition) => ({ topic: 'orders', partition })) },
    ])
    expect(events.of('partitions-revoked')).toHaveLength(1)
    const fetched = events.of('fetched') as DiagnosticsEvents['typed-kafka:consumer:fetched'][]
    expect(fetched.reduce((sum, { recordCount }) => sum + recordCount, 0)).toBe(30)
    expect(fetched.find(({ recordCount }) => recordCount > 0)).toMatchObject({
      ...names,
      nodeId: 1,
      throttleMs: 0,
    })
    const metrics: ConsumerMetrics = consumer.metrics()
    expect(fetched).toHaveLength(metrics.fetchTotal)
    const committed = events.of('committed') as DiagnosticsEvents['typed-kafka:consumer:committed'][]
    const last = new Map(
      committed.flatMap(({ offsets }) => offsets).map(({ partition, offset }) => [partition, offset]),
    )
    expect([...last.values()]).toEqual([10n, 10n, 10n])
    for (const name of ['partitions-lost', 'session-lost', 'commit-failed', 'error'] as const) {
      expect(events.of(name)).toEqual([])
    }
  })

  test.each(protocols)('%s: a session that ends, with its reason and what is lost', async (groupProtocol) => {
    const consumer = consumerOf(groupProtocol)
    const run = consumer.run(() => {})
    await until(() => isCaughtUp(consumer), 'the join')
    const api = groupProtocol === 'classic' ? 'Heartbeat' : 'ConsumerGroupHeartbeat'
    cluster.once(api, async (_request, exchange) => {
      const response = await exchange.proceed()
      const errorCode =
        groupProtocol === 'classic' ? ErrorCode.ILLEGAL_GENERATION : ErrorCode.FENCED_MEMBER_EPOCH
      return response && { ...response, errorCode }
    })
    await until(() => events.of('rebalanced').length === 2 && consumer.health().isReady, 'a second join')
    expect(events.of('session-lost')).toMatchObject([
      { groupId: 'billing', reason: expect.any(String) as string },
    ])
    expect(events.of('partitions-lost')).toMatchObject([{ partitions: [{}, {}, {}] }])
    expect(events.of('rebalanced')[1]).toMatchObject({ added: 3, revoked: 0, lost: 3 })
    await consumer.close()
    await run
  })

  test('errors that the user is told, and commits that fail', async () => {
    await send(3)
    const consumer = consumerOf('classic')
    cluster.on('OffsetCommit', async (_request, exchange) => {
      const response = await exchange.proceed()
      const partitions = (list: readonly object[]) =>
        list.map((one) => ({ ...one, errorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED }))
      return (
        response && {
          ...response,
          topics: response.topics.map((topic) => ({
            ...topic,
            partitions: partitions(topic.partitions) as never,
          })),
        }
      )
    })
    await expect(consumer.run(() => {})).rejects.toThrow('TOPIC_AUTHORIZATION_FAILED')
    expect(events.of('commit-failed')).toMatchObject([{ error: { code: 'TOPIC_AUTHORIZATION_FAILED' } }])
    expect(events.of('error')).toMatchObject([
      { error: { code: 'TOPIC_AUTHORIZATION_FAILED' }, isFatal: false },
    ])
    expect(consumer.metrics().commitErrorTotal).toBe(1)
    await consumer.close()
  })
})
