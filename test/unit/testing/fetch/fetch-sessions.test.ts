// Guards against sessions (KIP-227) that forget a partition, repeat what the client knows, or outlive their broker.
import { ErrorCode } from '../../../../src/base/error-codes'
import { Fetcher, partitionsOf, type FetchOptions, type Wanted } from '../support/fetcher'
import { batchOf, ReplicationCluster } from '../support/replication-cluster'

let cluster: ReplicationCluster
let fetcher: Fetcher

beforeEach(() => {
  cluster = new ReplicationCluster(1, { 'max.incremental.fetch.session.cache.slots': '2' })
  fetcher = new Fetcher(cluster)
  cluster.createTopic('orders', { partitions: 3 })
})

const append = (value: string, index: number) =>
  cluster.partition('orders', index).append(batchOf([value]), { origin: 'client' })
const all: Wanted[] = [0, 1, 2].map((partition) => ({ partition }))

const open = async (wanted = all, options: FetchOptions = {}): Promise<number> => {
  const response = await fetcher.fetch(wanted, { sessionId: 0, sessionEpoch: 0, ...options })
  return response?.sessionId ?? -1
}
const next = async (
  sessionId: number,
  sessionEpoch: number,
  wanted: Wanted[] = [],
  more: FetchOptions = {},
) => {
  const response = await fetcher.fetch(wanted, { sessionId, sessionEpoch, ...more })
  const partitions = response && partitionsOf(response)
  return {
    errorCode: response?.errorCode,
    sessionId: response?.sessionId,
    given: partitions?.map(({ partitionIndex, values }) => [partitionIndex, ...values]),
  }
}

it('tells in a full response of all partitions, and in an incremental one only of what changed', async () => {
  append('a', 1)
  const full = await fetcher.fetch(all, { sessionId: 0, sessionEpoch: 0 })
  expect(partitionsOf(full).map(({ partitionIndex }) => partitionIndex)).toEqual([0, 1, 2])
  const id = full?.sessionId ?? 0
  expect(id).toBeGreaterThan(0)
  expect((await next(id, 1, [{ partition: 1, offset: 1n }])).given).toEqual([])
  append('b', 2)
  expect(await next(id, 2)).toEqual({ errorCode: 0, sessionId: id, given: [[2, 'b']] })
})

it('tells of a new high watermark or log start without records', async () => {
  append('a', 0)
  const id = await open([{ partition: 0, offset: 1n }])
  cluster.partition('orders').deleteRecordsBefore(1n)
  expect((await next(id, 1)).given).toEqual([[0]])
  expect((await next(id, 2)).given).toEqual([])
})

it('repeats an error until it is over', async () => {
  const id = await open([{ partition: 0, offset: 7n }])
  expect((await next(id, 1)).given).toEqual([[0]])
  expect((await next(id, 2)).given).toEqual([[0]])
  expect((await next(id, 3, [{ partition: 0, offset: 0n }])).given).toEqual([[0]])
  expect((await next(id, 4)).given).toEqual([])
})

it('adds partitions, and forgets those it is told to', async () => {
  const id = await open([{ partition: 0 }])
  append('a', 0)
  append('b', 1)
  const changed = await next(id, 1, [{ partition: 1 }], { forget: [{ topic: 'orders', partition: 0 }] })
  expect(changed.given).toEqual([[1, 'b']])
  append('c', 0)
  expect((await next(id, 2, [{ partition: 1, offset: 1n }])).given).toEqual([])
})

it('ends when all partitions are forgotten', async () => {
  const id = await open([{ partition: 0 }])
  const forget = [{ topic: 'orders', partition: 0 }]
  expect(await next(id, 1, [], { forget })).toEqual({ errorCode: 0, sessionId: 0, given: [] })
  expect((await next(id, 2)).errorCode).toBe(ErrorCode.FETCH_SESSION_ID_NOT_FOUND)
})

it('lets partitions take turns: who got records comes last the next time', async () => {
  const id = await open()
  for (const index of [0, 1, 2]) for (let i = 0; i < 2; i++) append(`${index}`, index)
  const maxBytes = batchOf(['0']).length
  const order: unknown[] = []
  for (let epoch = 1; epoch <= 4; epoch++) {
    const { given } = await next(id, epoch, [], { maxBytes })
    order.push(given?.filter(([, ...values]) => values.length > 0).map(([partition]) => partition))
  }
  expect(order).toEqual([[0], [1], [2], [0]])
})

it('refuses wrong ids, wrong epochs, and a change between names and ids', async () => {
  const id = await open()
  expect((await next(id + 1, 1)).errorCode).toBe(ErrorCode.FETCH_SESSION_ID_NOT_FOUND)
  expect(await next(id, 2)).toEqual({
    errorCode: ErrorCode.INVALID_FETCH_SESSION_EPOCH,
    sessionId: 0,
    given: [],
  })
  expect((await next(id, 1, [], { version: 12 })).errorCode).toBe(ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR)
  expect((await next(id, 1)).errorCode).toBe(0)
})

it('goes on as a new session when the client starts with epoch 0 again', async () => {
  const first = await open()
  const second = await open(all, { sessionId: first })
  expect(second).not.toBe(first)
  expect((await next(first, 1)).errorCode).toBe(ErrorCode.FETCH_SESSION_ID_NOT_FOUND)
  expect((await next(second, 1)).errorCode).toBe(0)
})

it('is closed by epoch -1', async () => {
  const id = await open()
  const closed = await fetcher.fetch([], { sessionId: id, sessionEpoch: -1 })
  expect(closed).toMatchObject({ errorCode: 0, sessionId: 0 })
  expect((await next(id, 1)).errorCode).toBe(ErrorCode.FETCH_SESSION_ID_NOT_FOUND)
})

it('is not given when all slots are taken, until one was idle for two minutes', async () => {
  const first = await open([{ partition: 0 }])
  const second = await open([{ partition: 0 }])
  expect(await open([{ partition: 0 }])).toBe(0)
  await cluster.clock.advance(100_000)
  await next(second, 1)
  await cluster.clock.advance(20_001)
  expect(await open([{ partition: 0 }])).toBeGreaterThan(0)
  expect((await next(first, 1)).errorCode).toBe(ErrorCode.FETCH_SESSION_ID_NOT_FOUND)
  expect((await next(second, 2)).errorCode).toBe(0)
})

it('takes the slot of a smaller one that is older than two minutes, although that is in use', async () => {
  const small = await open([{ partition: 0 }])
  const large = await open(all)
  await cluster.clock.advance(120_001)
  await next(small, 1)
  await next(large, 1)
  expect(await open([{ partition: 0 }])).toBe(0)
  expect(await open([{ partition: 0 }, { partition: 1 }])).toBeGreaterThan(0)
  expect((await next(small, 2)).errorCode).toBe(ErrorCode.FETCH_SESSION_ID_NOT_FOUND)
  expect((await next(large, 2)).errorCode).toBe(0)
})

it('does not outlive its broker', async () => {
  const id = await open()
  cluster.brokers.stop(1, 'clean')
  cluster.brokers.start(1)
  expect((await next(id, 1)).errorCode).toBe(ErrorCode.FETCH_SESSION_ID_NOT_FOUND)
})

it('by ids does not take a topic of the same name for the old one; by names it does', async () => {
  const byId = await open()
  const byName = await open(all, { version: 12 })
  cluster.topics.delete('orders')
  cluster.createTopic('orders', { partitions: 3 })
  append('new', 0)
  const stale = await fetcher.fetch([], { sessionId: byId, sessionEpoch: 1 })
  expect(partitionsOf(stale).map(({ errorCode }) => errorCode)).toEqual(
    Array(3).fill(ErrorCode.UNKNOWN_TOPIC_ID),
  )
  expect((await next(byName, 1, [], { version: 12 })).given?.[0]).toEqual([0, 'new'])
})
