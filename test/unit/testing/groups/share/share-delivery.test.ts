// Guards against a record that two members hold at once, that comes for ever, or that never comes.
import { encodeRecordBatch } from '../../../../../src/wire/records/encode-record-batch'
import type { Topic } from '../../../../../src/testing/contracts/topics'
import { codeName } from '../../support/group-fixture'
import { ShareDriver, of } from './share-driver'

const accept = 1
const release = 2
const reject = 3
const renew = 4

describe('the records of a share group', () => {
  let group: ShareDriver
  let topic: Topic

  beforeEach(async () => {
    group = new ShareDriver()
    topic = await group.begin()
  })

  afterEach(() => group.cluster.close())

  test('are held by who got them, and come again when released, with a higher count', async () => {
    group.produce(topic, 5, 5)
    const first = await group.take({ topics: of(topic) })
    expect(first.acquired).toEqual([[0, 9, 1]])
    expect(first.response.acquisitionLockTimeoutMs).toBe(30_000)
    expect((await group.take({ topics: of(topic), memberId: 'n' })).acquired).toEqual([])

    const second = await group.take({
      shareSessionEpoch: 1,
      topics: of(topic, 0, [0, 2, accept], [3, 4, release, reject]),
    })
    expect(second.partition).toMatchObject({ acknowledgeErrorCode: 0, errorCode: 0 })
    expect(second.acquired).toEqual([[3, 3, 2]])
    expect(second.partition?.records).toHaveLength((first.partition?.records.length ?? 0) / 2)
  })

  test('come in ranges that end with batches', async () => {
    group.produce(topic, 3, 3, 3)
    expect((await group.take({ topics: of(topic), batchSize: 4 })).acquired).toEqual([
      [0, 5, 1],
      [6, 8, 1],
    ])
  })

  test('come in whole batches, or by the exact number when that is asked for', async () => {
    group.produce(topic, 3, 3, 3)
    expect((await group.take({ topics: of(topic), maxRecords: 2 })).acquired).toEqual([[0, 2, 1]])
    expect(
      (await group.take({ topics: of(topic), memberId: 'n', maxRecords: 2, shareAcquireMode: 1 })).acquired,
    ).toEqual([[3, 4, 1]])
    expect(
      (await group.take({ shareSessionEpoch: 1, memberId: 'n', maxRecords: 3, shareAcquireMode: 1 }))
        .acquired,
    ).toEqual([[5, 7, 1]])
  })

  test('come again when the lock is over, and no more when they came too often', async () => {
    group.configure({ 'share.record.lock.duration.ms': '15000', 'share.delivery.count.limit': '2' })
    group.produce(topic, 2)
    await group.take({ topics: of(topic) })
    await group.cluster.clock.advance(14_999)
    expect((await group.take({ shareSessionEpoch: 1 })).acquired).toEqual([])
    await group.cluster.clock.advance(1)
    expect((await group.take({ shareSessionEpoch: 2 })).acquired).toEqual([[0, 1, 2]])
    await group.cluster.clock.advance(15_000)
    expect((await group.take({ shareSessionEpoch: 3 })).acquired).toEqual([])
    group.produce(topic, 1)
    expect((await group.take({ shareSessionEpoch: 4 })).acquired).toEqual([[2, 2, 1]])
  })

  test('come in ever smaller parts when their batch fails again and again, and alone at last', async () => {
    group.produce(topic, 4)
    await group.take({ topics: of(topic) })
    const counts: (readonly (readonly number[])[])[] = []
    for (let epoch = 1; epoch <= 4; epoch++) {
      const last = counts.at(-1)?.at(-1)?.[1] ?? 3
      counts.push(
        (await group.take({ shareSessionEpoch: epoch, topics: of(topic, 0, [0, last, release]) })).acquired,
      )
    }
    expect(counts).toEqual([[[0, 3, 2]], [[0, 3, 3]], [[0, 1, 4]], [[0, 0, 5]]])
  })

  test('are kept by a renewed lock', async () => {
    group.produce(topic, 2)
    await group.take({ topics: of(topic) })
    await group.cluster.clock.advance(20_000)
    const request = { shareSessionEpoch: 1, isRenewAck: true, topics: of(topic, 0, [0, 0, renew]) }
    expect((await group.acknowledge(request)).responses[0]?.partitions[0]?.errorCode).toBe(0)
    await group.cluster.clock.advance(10_000)
    expect((await group.take({ shareSessionEpoch: 2 })).acquired).toEqual([[1, 1, 2]])
    await group.cluster.clock.advance(20_000)
    expect((await group.take({ shareSessionEpoch: 3 })).acquired).toEqual([[0, 0, 2]])
  })

  test('are no more than the group may have in flight', async () => {
    group.configure({ 'share.partition.max.record.locks': '100' })
    group.produce(topic, 60, 60, 60)
    expect((await group.take({ topics: of(topic) })).acquired).toEqual([[0, 119, 1]])
    expect((await group.take({ shareSessionEpoch: 1 })).acquired).toEqual([])
    const next = await group.take({ shareSessionEpoch: 2, topics: of(topic, 0, [0, 59, accept]) })
    expect(next.acquired).toEqual([[120, 179, 1]])
  })

  test('are waited for', async () => {
    const waiting = group.take({ topics: of(topic), maxWaitMs: 500 })
    await group.cluster.clock.advance(100)
    group.produce(topic, 1)
    expect((await waiting).acquired).toEqual([[0, 0, 1]])
    const again = group.take({ shareSessionEpoch: 1, maxWaitMs: 500 })
    await group.cluster.clock.advance(500)
    expect((await again).response.responses).toEqual([])
  })

  test('go to a waiting member when another one releases them', async () => {
    group.produce(topic, 1)
    await group.take({ topics: of(topic) })
    const waiting = group.take({ topics: of(topic), memberId: 'n', maxWaitMs: 500 })
    await group.cluster.clock.advance(100)
    await group.acknowledge({ shareSessionEpoch: 1, topics: of(topic, 0, [0, 0, release]) })
    expect((await waiting).acquired).toEqual([[0, 0, 2]])
  })

  test('are given back when the session or its connection ends', async () => {
    group.produce(topic, 2)
    const connection = new AbortController()
    await group.take({ topics: of(topic) }, { ended: connection.signal })
    connection.abort()
    expect((await group.take({ topics: of(topic), memberId: 'n' })).acquired).toEqual([[0, 1, 2]])
    await group.take({ shareSessionEpoch: -1, memberId: 'n', topics: of(topic, 0, [0, 0, accept]) })
    expect((await group.take({ topics: of(topic) })).acquired).toEqual([[1, 1, 3]])
  })

  test('answer nothing to a member whose connection ended while it waited', async () => {
    const connection = new AbortController()
    const waiting = group.fetch({ topics: of(topic), maxWaitMs: 500 }, { ended: connection.signal })
    connection.abort()
    expect(await waiting).toBeUndefined()
  })

  test('begin at the end, at the start, or a while ago, as the group wants', async () => {
    const latest = new ShareDriver()
    latest.configure({ 'share.auto.offset.reset': 'latest' })
    const one = await latest.begin()
    latest.produce(one, 3)
    await latest.take({ topics: of(one) })
    latest.produce(one, 1)
    expect((await latest.take({ shareSessionEpoch: 1 })).acquired).toEqual([[3, 3, 1]])
    latest.cluster.close()

    const lately = new ShareDriver()
    lately.configure({ 'share.auto.offset.reset': 'by_duration:PT1M' })
    const two = await lately.begin()
    const at = (timestamp: number) => encodeRecordBatch({ records: [{ timestamp, key: null, value: 'v' }] })
    const now = lately.cluster.clock.wallTime()
    two.partitions[0]?.append(at(now - 120_000), { origin: 'client' })
    two.partitions[0]?.append(at(now - 30_000), { origin: 'client' })
    expect((await lately.take({ topics: of(two) })).acquired).toEqual([[1, 1, 1]])
    lately.cluster.close()
  })

  test('begin behind what was deleted', async () => {
    group.produce(topic, 3, 3)
    await group.take({ topics: of(topic), maxRecords: 1 })
    topic.partitions[0]?.deleteRecordsBefore(5n)
    expect((await group.take({ shareSessionEpoch: 1 })).acquired).toEqual([[5, 5, 1]])
    const lost = await group.acknowledge({ shareSessionEpoch: 2, topics: of(topic, 0, [0, 1, accept]) })
    expect(codeName(lost.responses[0]?.partitions[0]?.errorCode ?? -1)).toBe('NONE')
  })

  test('of aborted transactions are passed over by read_committed', async () => {
    group.configure({ 'share.isolation.level': 'read_committed' })
    const transactional = { isTransactional: true, producerId: 7n, producerEpoch: 0 }
    const records = [{ timestamp: 1, key: null, value: 'v' }]
    const partition = topic.partitions[0]
    partition?.append(encodeRecordBatch({ ...transactional, baseSequence: 0, records }), { origin: 'client' })
    expect((await group.take({ topics: of(topic) })).acquired).toEqual([])
    partition?.appendMarker({
      producerId: 7n,
      producerEpoch: 0,
      committed: false,
      coordinatorEpoch: 0,
      transactionVersion: 1,
    })
    group.produce(topic, 1)
    expect((await group.take({ shareSessionEpoch: 1 })).acquired).toEqual([[1, 2, 1]])
  })

  test.each([
    [
      [[0, 0, accept]],
      'INVALID_RECORD_STATE',
      'The offset cannot be acknowledged. The offset is not acquired.',
    ],
    [
      [[50, 60, accept]],
      'INVALID_REQUEST',
      'Batch record not found. The first offset in request is past acquired records.',
    ],
    [
      [[2, 12, accept]],
      'INVALID_REQUEST',
      'Batch record not found. The last offset in request is past acquired records.',
    ],
    [[[2, 1, accept]], 'INVALID_REQUEST', null],
    [[[2, 2]], 'INVALID_REQUEST', null],
    [[[1, 2, accept, accept, accept]], 'INVALID_REQUEST', null],
    [[[2, 2, 9]], 'INVALID_REQUEST', null],
    [[[2, 2, renew]], 'INVALID_REQUEST', null],
    [
      [
        [2, 2, accept],
        [1, 1, accept],
      ],
      'INVALID_REQUEST',
      null,
    ],
  ] as const)('are not acknowledged by %j', async (acknowledgements, code, message) => {
    group.produce(topic, 1, 2)
    await group.take({ topics: of(topic) })
    await group.acknowledge({ shareSessionEpoch: 1, topics: of(topic, 0, [0, 0, release]) })
    const response = await group.acknowledge({
      shareSessionEpoch: 2,
      topics: of(topic, 0, ...acknowledgements),
    })
    const partition = response.responses[0]?.partitions[0]
    expect([codeName(partition?.errorCode ?? 0), partition?.errorMessage]).toEqual([code, message])
    const rest = await group.acknowledge({ shareSessionEpoch: 3, topics: of(topic, 0, [1, 2, accept]) })
    expect(rest.responses[0]?.partitions[0]?.errorCode).toBe(0)
  })

  test('may be acknowledged again where they lie before the start, and not behind the end', async () => {
    group.produce(topic, 3)
    await group.take({ topics: of(topic) })
    const errorOf = async (shareSessionEpoch: number, ...acknowledgement: [number, number, number]) => {
      const request = { shareSessionEpoch, topics: of(topic, 0, acknowledgement) }
      return codeName((await group.acknowledge(request)).responses[0]?.partitions[0]?.errorCode ?? -1)
    }
    expect(await errorOf(1, 0, 1, accept)).toBe('NONE')
    expect(await errorOf(2, 0, 1, accept)).toBe('NONE')
    expect(await errorOf(3, 1, 2, accept)).toBe('NONE')
    expect(await errorOf(4, 0, 1, accept)).toBe('NONE')
    expect(await errorOf(5, 3, 3, accept)).toBe('INVALID_RECORD_STATE')
  })

  test('come again together with those that they came with first', async () => {
    group.produce(topic, 2, 2, 2)
    await group.take({ topics: of(topic), maxRecords: 3 })
    await group.take({ shareSessionEpoch: 1 })
    const all = await group.take({ shareSessionEpoch: 2, topics: of(topic, 0, [0, 5, release]) })
    expect(all.acquired).toEqual([
      [0, 3, 2],
      [4, 5, 2],
    ])
  })

  test('are not acknowledged by somebody else, and then none of the request is', async () => {
    group.produce(topic, 1)
    await group.take({ topics: of(topic) })
    await group.take({ topics: of(topic), memberId: 'n' })
    const request = { memberId: 'n', shareSessionEpoch: 1, topics: of(topic, 0, [0, 0, accept]) }
    const partition = (await group.acknowledge(request)).responses[0]?.partitions[0]
    expect([codeName(partition?.errorCode ?? 0), partition?.errorMessage]).toEqual([
      'INVALID_RECORD_STATE',
      'Member is not the owner of offset',
    ])
  })
})

describe('the records of a share group whose leader moves', () => {
  let group: ShareDriver
  let topic: Topic

  beforeEach(async () => {
    group = new ShareDriver({}, 2)
    const { services, clock } = group.cluster
    topic = services.topics.create({ name: 't', assignments: new Map([[0, [1, 2]]]) })
    const broker = services.coordinators.find('group', 'g').brokerId
    await group.heartbeat({ subscribedTopicNames: ['t'] }, { broker })
    await clock.advance(1)
    group.produce(topic, 4)
  })

  afterEach(() => group.cluster.close())

  test('lose their locks, and keep what was acknowledged and how often they came', async () => {
    await group.take({ topics: of(topic) })
    await group.acknowledge({ shareSessionEpoch: 1, topics: of(topic, 0, [0, 1, accept, release]) })
    topic.partitions[0]?.moveLeader(2)

    const refused = await group.take({ shareSessionEpoch: 2, maxWaitMs: 1000 })
    expect(codeName(refused.partition?.errorCode ?? 0)).toBe('NOT_LEADER_OR_FOLLOWER')
    expect(refused.partition?.currentLeader).toEqual({ leaderId: 2, leaderEpoch: 1 })
    expect(refused.response.nodeEndpoints).toMatchObject([
      { nodeId: 2, host: 'localhost', port: 9093, rack: 'rack-2' },
    ])
    const moved = await group.take({ topics: of(topic) }, { broker: 2 })
    expect(moved.acquired).toEqual([
      [1, 1, 2],
      [2, 3, 1],
    ])
  })

  test('are not released by a lock or a session of the leader before', async () => {
    const connection = new AbortController()
    await group.take({ topics: of(topic) }, { ended: connection.signal })
    await group.acknowledge({ shareSessionEpoch: 1, topics: of(topic, 0, [0, 0, accept]) })
    topic.partitions[0]?.moveLeader(2)
    await group.cluster.clock.advance(30_000)
    expect((await group.take({ topics: of(topic) }, { broker: 2 })).acquired).toEqual([[1, 3, 1]])
    connection.abort()
    expect((await group.take({ topics: of(topic), memberId: 'n' }, { broker: 2 })).acquired).toEqual([])
  })

  test('begin anew where the group was told to begin when it said nothing of them yet', async () => {
    group.configure({ 'share.auto.offset.reset': 'latest' })
    await group.take({ topics: of(topic) })
    group.produce(topic, 1)
    expect((await group.take({ shareSessionEpoch: 1 })).acquired).toEqual([[4, 4, 1]])
    topic.partitions[0]?.moveLeader(2)
    expect((await group.take({ topics: of(topic) }, { broker: 2 })).acquired).toEqual([])
  })
})
