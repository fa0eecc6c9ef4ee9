// Guards against a Fetch API that gives too much, too little or too late, or another error than Kafka's.
import { ErrorCode } from '../../../../src/base/error-codes'
import { settle } from '../../support/fake-clock'
import { Fetcher, partitionsOf } from '../support/fetcher'
import { batchOf, ReplicationCluster } from '../support/replication-cluster'

const client = { origin: 'client' } as const
let cluster: ReplicationCluster
let fetcher: Fetcher

beforeEach(() => {
  cluster = new ReplicationCluster(3, { 'broker.session.timeout.ms': '1000' })
  fetcher = new Fetcher(cluster)
  cluster.createTopic('orders', { partitions: 3 })
})

afterEach(() => cluster.brokers.close())

const append = (values: string[], index = 0) =>
  cluster.partition('orders', index).append(batchOf(values), client)
const transactional = (values: string[], producerId: bigint) =>
  cluster
    .partition('orders')
    .append(batchOf(values, { isTransactional: true, producerId, producerEpoch: 0, baseSequence: 0 }), client)
const endTransaction = (producerId: bigint, committed: boolean) =>
  cluster
    .partition('orders')
    .appendMarker({ producerId, producerEpoch: 0, committed, coordinatorEpoch: 0, transactionVersion: 1 })

describe('records', () => {
  it.each([4, 5, 7, 9, 10, 11, 12, 13, 15, 16, 17, 18])('come in version %i', async (version) => {
    append(['a', 'b'])
    append(['c'])
    const first = await fetcher.one({ offset: 1n }, { version })
    expect(first).toMatchObject({ errorCode: 0, highWatermark: 3n, lastStableOffset: 3n })
    expect(first.values).toEqual(['a', 'b', 'c'])
    expect(first.abortedTransactions).toBeNull()
    if (version >= 5) expect(first.logStartOffset).toBe(0n)
  })

  it('come as an empty set, not as none, at the end of the log', async () => {
    append(['a'])
    const end = await fetcher.one({ offset: 1n })
    expect(end.records).toHaveLength(0)
    expect(end.records).not.toBeNull()
  })

  it('end at the high watermark', async () => {
    append(['a'])
    cluster.partition('orders').holdReplication(2)
    append(['b'])
    expect(await fetcher.one()).toMatchObject({ values: ['a'], highWatermark: 1n })
  })

  it('are counted for the quota, and neither sent nor counted when it is used up', async () => {
    append(['a'])
    const bytes = cluster.partition('orders').leaderLog.sizeInBytes
    await fetcher.fetch([{}])
    expect(cluster.fetched).toEqual([bytes])
    cluster.throttleMs = 70
    const response = await fetcher.fetch([{}])
    expect(response).toMatchObject({ throttleTimeMs: 70, errorCode: 0, responses: [] })
    expect(cluster.fetched).toEqual([bytes, bytes, -bytes])
  })
})

describe('limits', () => {
  const size = batchOf(['0123456789']).length

  beforeEach(() => {
    for (const index of [0, 1, 2]) for (let i = 0; i < 3; i++) append(['0123456789'], index)
  })

  const counts = async (wanted: { partition: number; partitionMaxBytes?: number }[], maxBytes: number) =>
    (await fetcher.partitions(wanted, { maxBytes })).map(({ values }) => values.length)

  it('of a partition count whole batches', async () => {
    expect(await counts([{ partition: 0, partitionMaxBytes: 2 * size + 1 }], 10_000)).toEqual([2])
  })

  it('of the request are spent in the order of the partitions', async () => {
    const wanted = [{ partition: 2 }, { partition: 0 }, { partition: 1 }]
    expect(await counts(wanted, 4 * size)).toEqual([3, 1, 0])
  })

  it('never keep back the first batch of the first partition that has one', async () => {
    expect(await counts([{ partition: 0, partitionMaxBytes: 1 }], 1)).toEqual([1])
    const wanted = [{ partition: 0 }, { partition: 1, partitionMaxBytes: 1 }]
    expect(await counts(wanted, 10_000)).toEqual([3, 0])
  })

  it('are bounded by the fetch.max.bytes of the broker', async () => {
    cluster = new ReplicationCluster(1, { 'fetch.max.bytes': '1024' })
    fetcher = new Fetcher(cluster)
    cluster.createTopic('orders')
    for (let i = 0; i < 4; i++) append(['x'.repeat(400)])
    expect((await fetcher.one()).values).toHaveLength(2)
  })
})

describe('long polling', () => {
  const poll = (wanted = [{}], options: Parameters<Fetcher['fetch']>[1] = {}) => {
    const state = { isDone: false }
    const result = fetcher.fetch(wanted, { maxWaitMs: 500, ...options }).then((response) => {
      state.isDone = true
      return response
    })
    return { state, result }
  }

  it('answers in the moment a record comes', async () => {
    const { state, result } = poll([{}])
    await settle()
    expect(state.isDone).toBe(false)
    append(['a'])
    expect(partitionsOf(await result)[0]?.values).toEqual(['a'])
    expect(cluster.clock.pendingTimers).toBe(0)
  })

  it('gives all that one Produce request brought, not only what woke it', async () => {
    const { result } = poll([{ partition: 0 }, { partition: 1 }] as never)
    await settle()
    append(['a'], 0)
    append(['b'], 1)
    expect(partitionsOf(await result).map(({ values }) => values)).toEqual([['a'], ['b']])
  })

  it('answers with nothing when the time is over', async () => {
    const { state, result } = poll()
    await cluster.clock.advance(499)
    expect(state.isDone).toBe(false)
    await cluster.clock.advance(1)
    expect(partitionsOf(await result)[0]?.values).toEqual([])
  })

  it('waits until minBytes are there, counted over all partitions', async () => {
    const size = batchOf(['a']).length
    const { state, result } = poll([{ partition: 0 }, { partition: 1 }] as never, { minBytes: 2 * size })
    await settle()
    append(['a'], 0)
    await settle()
    expect(state.isDone).toBe(false)
    append(['b'], 1)
    expect(partitionsOf(await result).map(({ values }) => values)).toEqual([['a'], ['b']])
  })

  it('is not woken by records that are not replicated yet', async () => {
    const { state, result } = poll()
    cluster.partition('orders').holdReplication(3)
    await settle()
    append(['a'])
    await settle()
    expect(state.isDone).toBe(false)
    cluster.partition('orders').releaseReplication(3)
    expect(partitionsOf(await result)[0]?.values).toEqual(['a'])
  })

  it('with read_committed waits for the marker', async () => {
    const { state, result } = poll([{}], { isolationLevel: 1 })
    await settle()
    transactional(['a'], 5n)
    await settle()
    expect(state.isDone).toBe(false)
    endTransaction(5n, true)
    expect(partitionsOf(await result)[0]?.values).toEqual(['a'])
  })

  it('ends when the leader moves, the topic is deleted, or records are', async () => {
    const moved = poll([{ currentLeaderEpoch: 0 }] as never)
    await settle()
    cluster.partition('orders').moveLeader(2)
    expect(partitionsOf(await moved.result)[0]?.errorCode).toBe(ErrorCode.FENCED_LEADER_EPOCH)

    append(['a'], 1)
    const cut = poll([{ partition: 1, offset: 1n }] as never)
    await settle()
    cluster.partition('orders', 1).deleteRecordsBefore(1n)
    expect(partitionsOf(await cut.result)[0]?.logStartOffset).toBe(1n)

    const deleted = poll([{ partition: 1, offset: 1n }] as never)
    await settle()
    cluster.topics.delete('orders')
    expect(partitionsOf(await deleted.result)[0]?.errorCode).toBe(ErrorCode.UNKNOWN_TOPIC_ID)
  })

  it('is given up with the connection, and leaves nothing behind', async () => {
    const connection = new AbortController()
    const { result } = poll([{}], { signal: connection.signal })
    await settle()
    connection.abort()
    expect(await result).toBeUndefined()
    expect(cluster.clock.pendingTimers).toBe(0)
  })

  it('answers at once when an offset is out of range, however long the wait', async () => {
    const { result } = poll([{ partition: 0 }, { partition: 1, offset: 9n }] as never)
    expect(partitionsOf(await result)[1]?.errorCode).toBe(ErrorCode.OFFSET_OUT_OF_RANGE)
  })

  it('does not wait when no partition can be waited for', async () => {
    const { result } = poll([{ topic: 'AAAAAAAAAAAAAAAAAAAAAQ' }] as never)
    expect(partitionsOf(await result)[0]?.errorCode).toBe(ErrorCode.UNKNOWN_TOPIC_ID)
  })
})

describe('read_committed', () => {
  it('ends before the first open transaction, and read_uncommitted does not', async () => {
    append(['a'])
    transactional(['t'], 5n)
    append(['b'])
    const committed = await fetcher.one({}, { isolationLevel: 1 })
    expect(committed).toMatchObject({ values: ['a'], lastStableOffset: 1n, highWatermark: 3n })
    expect(committed.abortedTransactions).toEqual([])
    const all = await fetcher.one()
    expect(all).toMatchObject({ values: ['a', 't', 'b'], lastStableOffset: 1n, abortedTransactions: null })
  })

  it('names the aborted transactions of what it gives', async () => {
    transactional(['t'], 5n)
    endTransaction(5n, false)
    append(['b'])
    const first = await fetcher.one({}, { isolationLevel: 1 })
    expect(first.abortedTransactions).toMatchObject([{ producerId: 5n, firstOffset: 0n }])
    expect((await fetcher.one({ offset: 2n }, { isolationLevel: 1 })).abortedTransactions).toEqual([])
  })
})

describe('refusals', () => {
  const error = async (...args: Parameters<Fetcher['one']>) => (await fetcher.one(...args)).errorCode

  it('tell unknown topics by name and by id, and unknown partitions', async () => {
    expect(await error({ topic: 'none' }, { version: 12 })).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    expect(await error({ topic: 'AAAAAAAAAAAAAAAAAAAAAQ' })).toBe(ErrorCode.UNKNOWN_TOPIC_ID)
    expect(await error({ partition: 9 })).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  })

  it('of offsets outside the log say nothing of its bounds', async () => {
    append(['a'])
    expect(await fetcher.one({ offset: 2n })).toMatchObject({
      errorCode: ErrorCode.OFFSET_OUT_OF_RANGE,
      highWatermark: -1n,
      logStartOffset: -1n,
    })
    cluster.partition('orders').deleteRecordsBefore(1n)
    expect(await error({ offset: 0n })).toBe(ErrorCode.OFFSET_OUT_OF_RANGE)
    expect(await error({ offset: 1n })).toBe(0)
  })

  it('tell older and newer leader epochs apart', async () => {
    cluster.partition('orders').moveLeader(2)
    cluster.partition('orders').moveLeader(1)
    expect(await error({ currentLeaderEpoch: 1 })).toBe(ErrorCode.FENCED_LEADER_EPOCH)
    expect(await error({ currentLeaderEpoch: 3 })).toBe(ErrorCode.UNKNOWN_LEADER_EPOCH)
    expect(await error({ currentLeaderEpoch: 2 })).toBe(0)
  })

  it('hit who may not read', async () => {
    cluster.denied.add('Read Topic orders')
    expect(await error()).toBe(ErrorCode.TOPIC_AUTHORIZATION_FAILED)
  })

  it('hit who pretends to be a broker', async () => {
    expect(await error({}, { version: 12, replicaId: 2 })).toBe(ErrorCode.TOPIC_AUTHORIZATION_FAILED)
    const replicaState = { replicaId: 2, replicaEpoch: 1n }
    expect(await error({}, { replicaState })).toBe(ErrorCode.TOPIC_AUTHORIZATION_FAILED)
  })

  it('hit clients before version 10 on topics that are compressed with zstd', async () => {
    cluster.createTopic('packed', { configs: { 'compression.type': 'zstd' } })
    expect(await error({ topic: 'packed' }, { version: 9 })).toBe(ErrorCode.UNSUPPORTED_COMPRESSION_TYPE)
    expect(await error({ topic: 'packed' }, { version: 10 })).toBe(0)
  })

  it('name the leader and where it is, from version 16 on', async () => {
    cluster.createTopic('far', { replicas: [2, 3] })
    for (const version of [12, 16, 18]) {
      const response = await fetcher.fetch([{ topic: 'far' }], { version })
      const [partition] = partitionsOf(response)
      expect(partition?.errorCode).toBe(ErrorCode.NOT_LEADER_OR_FOLLOWER)
      const hint = version >= 16 ? { leaderId: 2, leaderEpoch: 0 } : { leaderId: -1, leaderEpoch: -1 }
      expect(partition?.currentLeader).toMatchObject(hint)
      expect(response?.nodeEndpoints.map(({ nodeId, port }) => [nodeId, port])).toEqual(
        version >= 16 ? [[2, 9092]] : [],
      )
    }
  })
})

describe('divergence (KIP-595)', () => {
  it('is told by the end of the last epoch that both know', async () => {
    append(['a'])
    cluster.partition('orders').moveLeader(2)
    append(['b'])
    const options = { brokerId: 2, maxWaitMs: 1000 }
    const diverged = await fetcher.one({ offset: 2n, lastFetchedEpoch: 0 }, options)
    expect(diverged).toMatchObject({ errorCode: 0, divergingEpoch: { epoch: 0, endOffset: 1n } })
    expect(diverged.records).toHaveLength(0)
    expect((await fetcher.one({ offset: 1n, lastFetchedEpoch: 0 }, options)).values).toEqual(['b'])
  })
})

describe('followers', () => {
  const selector = 'org.apache.kafka.common.replica.RackAwareReplicaSelector'

  beforeEach(() => {
    cluster = new ReplicationCluster(3, { 'replica.selector.class': selector })
    fetcher = new Fetcher(cluster)
    cluster.createTopic('orders')
    for (const id of [1, 2, 3]) cluster.brokers.setRack(id, `rack-${id}`)
    append(['a'])
  })

  it('serve consumers since version 11, and only the leader before', async () => {
    expect((await fetcher.one({}, { version: 11, brokerId: 2 })).values).toEqual(['a'])
    const refused = await fetcher.one({}, { version: 10, brokerId: 2 })
    expect(refused.errorCode).toBe(ErrorCode.NOT_LEADER_OR_FOLLOWER)
  })

  it('are preferred in the rack of the client, and then no records are given', async () => {
    const answer = await fetcher.one({}, { rackId: 'rack-3', maxWaitMs: 1000 })
    expect(answer).toMatchObject({ preferredReadReplica: 3, values: [], errorCode: 0, highWatermark: 1n })
    expect(await fetcher.one({}, { rackId: 'rack-1' })).toMatchObject({
      preferredReadReplica: -1,
      values: ['a'],
    })
    expect(await fetcher.one({}, { rackId: 'rack-9' })).toMatchObject({
      preferredReadReplica: -1,
      values: ['a'],
    })
    expect(await fetcher.one({}, { rackId: 'rack-3', brokerId: 3 })).toMatchObject({
      preferredReadReplica: -1,
      values: ['a'],
    })
  })

  it('are not preferred while they are out of sync, or lack the offset', async () => {
    cluster.partition('orders').holdReplication(3)
    append(['b'])
    expect((await fetcher.one({ offset: 2n }, { rackId: 'rack-3' })).preferredReadReplica).toBe(-1)
    expect((await fetcher.one({ offset: 0n }, { rackId: 'rack-3' })).preferredReadReplica).toBe(3)
    cluster.brokers.stop(3, 'clean')
    expect((await fetcher.one({ offset: 0n }, { rackId: 'rack-3' })).preferredReadReplica).toBe(-1)
  })

  it('give only what they know to be replicated', async () => {
    cluster.partition('orders').holdReplication(3)
    append(['b'])
    const behind = await fetcher.one({}, { brokerId: 3 })
    expect(behind).toMatchObject({ values: ['a'], highWatermark: 1n })
    expect((await fetcher.one({ offset: 2n }, { brokerId: 3 })).errorCode).toBe(ErrorCode.OFFSET_OUT_OF_RANGE)
    const waiting = fetcher.one({ offset: 1n }, { brokerId: 3, maxWaitMs: 1000 })
    await settle()
    cluster.partition('orders').releaseReplication(3)
    expect((await waiting).values).toEqual(['b'])
  })

  it('are not preferred without a selector', async () => {
    cluster = new ReplicationCluster(2)
    fetcher = new Fetcher(cluster)
    cluster.createTopic('orders')
    cluster.brokers.setRack(2, 'r')
    expect((await fetcher.one({}, { rackId: 'r' })).preferredReadReplica).toBe(-1)
  })
})
