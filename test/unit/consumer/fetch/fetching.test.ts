// Guards against stalls, hot loops, unbounded memory and wrong data between the brokers and the delivery.
import { ErrorCode } from '../../../../src/base/error-codes'
import type { Message } from '../../../../src/message/message'
import { settle } from '../../support/fake-clock'
import {
  assignedConsumer,
  type ConsumerBench,
  groupConsumer,
  partitionsOf,
  shown,
  until,
  values,
} from '../support/consumer-bench'

const texts = (messages: readonly Message[]) => messages.map((message) => String(message.rawValue))

function collect({ consumer }: ConsumerBench): { seen: Message[]; run: Promise<void> } {
  const seen: Message[] = []
  return { seen, run: consumer.run((message) => void seen.push(message)) }
}

const polls = ({ cluster }: ConsumerBench) => cluster.fetches.filter(({ request }) => request.maxWaitMs > 0)

describe('sessions', () => {
  it('C10 asks for everything once, then only for what changed, and names forgotten partitions', async () => {
    const bench = assignedConsumer({}, 3)
    const { cluster, consumer } = bench
    const { seen, run } = collect(bench)
    await settle()
    await cluster.clock.advance(500)
    expect(polls(bench)[0]?.request).toMatchObject({ sessionId: 0, sessionEpoch: 0 })
    expect(polls(bench)[1]?.request).toMatchObject({ sessionEpoch: 1, topics: [], forgottenTopicsData: [] })
    cluster.log('t', 1).fill(5)
    cluster.notify()
    await until(cluster, () => seen.length === 5)
    consumer.pause(partitionsOf(2))
    await cluster.clock.advance(1000)
    const requests = polls(bench).map(({ request }) => request)
    expect(requests[2]?.topics).toMatchObject([{ partitions: [{ partition: 1, fetchOffset: 5n }] }])
    expect(requests.some(({ forgottenTopicsData }) => forgottenTopicsData?.[0]?.partitions[0] === 2)).toBe(
      true,
    )
    await consumer.close()
    await run
  })

  it.each([
    ['FETCH_SESSION_ID_NOT_FOUND', 0],
    ['INVALID_FETCH_SESSION_EPOCH', 1],
    ['FETCH_SESSION_TOPIC_ID_ERROR', 1],
  ] as const)(
    'C10 opens the session anew after %s, with the id the broker may still know',
    async (name, keepsId) => {
      const bench = assignedConsumer()
      const { cluster, consumer } = bench
      const { seen, run } = collect(bench)
      await cluster.clock.advance(500)
      cluster.fetchErrors.push(ErrorCode[name])
      cluster.notify()
      await settle()
      const request = polls(bench).at(-1)?.request
      expect(request?.sessionEpoch).toBe(0)
      expect(request?.sessionId === 0).toBe(keepsId === 0)
      cluster.log('t', 0).fill(3)
      cluster.notify()
      await until(cluster, () => seen.length === 3)
      await consumer.close()
      await run
    },
  )

  it('C10 does not spin when every session is refused', async () => {
    const bench = assignedConsumer()
    const { cluster, consumer } = bench
    for (let i = 0; i < 1000; i++) cluster.fetchErrors.push(ErrorCode.FETCH_SESSION_ID_NOT_FOUND)
    const { run } = collect(bench)
    await cluster.clock.advance(10_000)
    expect(cluster.fetches.length).toBeLessThan(30)
    await consumer.close()
    await run
  })

  it('names topics by id only when all ids are known', async () => {
    const bench = assignedConsumer()
    const { cluster, consumer } = bench
    const topic = cluster.metadata.topics.get('t')
    if (topic) topic.topicId = 'AAAAAAAAAAAAAAAAAAAAAA'
    cluster.log('t', 0).fill(3)
    const { seen, run } = collect(bench)
    await until(cluster, () => seen.length === 3)
    expect(cluster.fetches[0]?.options.maxVersion).toBe(12)
    await consumer.close()
    await run
  })

  it('F4: starts over when the connection breaks, and waits longer each time while the broker is away', async () => {
    const bench = assignedConsumer()
    const { cluster, consumer } = bench
    cluster.log('t', 0).fill(3)
    const { seen, run } = collect(bench)
    await until(cluster, () => seen.length === 3)
    cluster.down.add(1)
    await cluster.clock.advance(10_000)
    const refreshes = cluster.metadata.refreshes.length
    expect(refreshes).toBeGreaterThan(3)
    expect(refreshes).toBeLessThan(30)
    cluster.dropSessions()
    cluster.down.delete(1)
    cluster.log('t', 0).fill(2)
    await until(cluster, () => seen.length === 5)
    expect(texts(seen)).toEqual(values(0, 5))
    await consumer.close()
    await run
  })
})

describe('hand-over', () => {
  it.each([
    ['a few messages are handed out before the next fetch is sent', 5, 0],
    ['many are handed out while the broker works on the next fetch', 500, 1],
  ])('%s', async (_, count, fetchesMeanwhile) => {
    const bench = assignedConsumer()
    const { cluster, consumer } = bench
    let asked = 0
    let seen = 0
    const run = consumer.run(() => {
      if (seen++ === 0) asked = polls(bench).length
    })
    await settle()
    const before = polls(bench).length
    cluster.log('t', 0).fill(count)
    cluster.notify()
    await until(cluster, () => seen === count)
    expect(asked - before).toBe(fetchesMeanwhile)
    expect(polls(bench).length).toBeGreaterThan(before)
    await consumer.close()
    await run
  })
})

describe('leaders', () => {
  it('F3 L20 asks the new leader at once when a frozen broker still owes an answer, and drops that answer', async () => {
    const bench = assignedConsumer()
    const { cluster, consumer } = bench
    cluster.log('t', 0).fill(3)
    const { seen, run } = collect(bench)
    await until(cluster, () => seen.length === 3)
    cluster.frozen.add(1)
    cluster.log('t', 0).fill(3)
    await cluster.clock.advance(2500)
    expect(cluster.metadata.refreshes.filter((reason) => reason.includes('overdue')).length).toBeGreaterThan(
      0,
    )
    expect(seen).toHaveLength(3)
    cluster.metadata.setLeader('t', 0, 2, 6)
    await settle()
    await until(cluster, () => seen.length === 6)
    cluster.frozen.delete(1)
    await cluster.clock.advance(31_000)
    expect(texts(seen)).toEqual(values(0, 6))
    await consumer.close()
    await run
  })

  it.each([
    'NOT_LEADER_OR_FOLLOWER',
    'FENCED_LEADER_EPOCH',
    'UNKNOWN_LEADER_EPOCH',
    'UNKNOWN_TOPIC_ID',
  ] as const)('asks for metadata after %s, backs off, and goes on', async (name) => {
    const bench = assignedConsumer()
    const { cluster, consumer } = bench
    cluster.log('t', 0).fill(3)
    cluster.partitionErrors.set('t-0', [ErrorCode[name], ErrorCode[name]])
    const { seen, run } = collect(bench)
    await settle()
    const asked = cluster.fetches.length
    await settle()
    expect(cluster.fetches.length).toBe(asked)
    await until(cluster, () => seen.length === 3)
    expect(cluster.metadata.refreshes.some((reason) => reason.includes(name))).toBe(true)
    await consumer.close()
    await run
  })

  it('C12 obeys a preferred replica, and goes back to the leader when that is out of range there', async () => {
    const bench = assignedConsumer({ clientRack: 'r1' })
    const { cluster, consumer } = bench
    cluster.preferredReplica = 2
    cluster.log('t', 0).fill(3)
    const { seen, run } = collect(bench)
    await until(cluster, () => seen.length === 3)
    expect(cluster.fetches.map(({ nodeId }) => nodeId).slice(0, 2)).toEqual([1, 2])
    expect(cluster.fetches[0]?.request.rackId).toBe('r1')
    cluster.partitionErrors.set('t-0', [ErrorCode.OFFSET_OUT_OF_RANGE])
    cluster.notify()
    await until(cluster, () => cluster.fetches.filter(({ nodeId }) => nodeId === 1).length > 1)
    expect(cluster.listOffsets).toHaveLength(1)
    await consumer.close()
    await run
  })
})

describe('data', () => {
  it('C7 delivers what lies before a corrupt batch, raises, and stays there until a seek; other partitions go on', async () => {
    const { cluster, group, consumer } = groupConsumer({}, 2)
    cluster.log('t', 0).fill(30, 10)
    cluster.log('t', 0).corrupt(15n)
    cluster.log('t', 1).fill(5)
    const seen: Message[] = []
    const first = consumer.run((message) => void seen.push(message))
    const outcome = expect(first).rejects.toMatchObject({
      code: 'DECODE_FAILED',
      context: { topic: 't', partition: 0 },
    })
    await group.assign(partitionsOf(0, 1))
    await outcome
    expect(texts(seen.filter(({ partition }) => partition === 0))).toEqual(values(0, 10))
    expect(consumer.position({ topic: 't', partition: 0 })).toBe(10n)
    // It is fetched again, and still is what it was.
    const again = expect(consumer.run((message) => void seen.push(message))).rejects.toMatchObject({
      code: 'DECODE_FAILED',
    })
    await cluster.clock.advance(1000)
    await again
    consumer.seek({ topic: 't', partition: 0 }, 20)
    const second = consumer.run((message) => void seen.push(message))
    await until(cluster, () => seen.length === 25)
    expect(texts(seen.filter(({ partition }) => partition === 0).slice(10))).toEqual(values(20, 30))
    await consumer.close()
    await second
  })

  it('C8 the position moves over control, empty and compacted batches, and so does the commit', async () => {
    const { cluster, group, consumer } = groupConsumer()
    const log = cluster.log('t', 0)
    log.append([{ value: 'a' }], { lastOffsetDelta: 9 })
    log.append([], { lastOffsetDelta: 4 })
    log.appendMarker(7n, 'commit')
    const seen: Message[] = []
    const run = consumer.run((message) => void seen.push(message))
    await group.assign(partitionsOf(0))
    await cluster.clock.advance(6000)
    expect(texts(seen)).toEqual(['a'])
    expect(consumer.position({ topic: 't', partition: 0 })).toBe(16n)
    expect(group.offsetOf('t', 0)).toBe(16n)
    await consumer.close()
    await run
  })

  it('C9 returns a batch larger than the limit, ignores a cut-off rest, and shows nothing below the offset', async () => {
    const bench = assignedConsumer({ maxPartitionFetchBytes: 500, startFrom: { offset: 3 } })
    const { cluster, consumer } = bench
    cluster.log('t', 0).append(Array.from({ length: 5 }, (_, i) => ({ value: `${i}${'x'.repeat(400)}` })))
    cluster.log('t', 0).fill(20, 3, 5)
    const { seen, run } = collect(bench)
    await until(cluster, () => seen.length === 22)
    expect(seen.map(({ offset }) => offset)).toEqual(Array.from({ length: 22 }, (_, i) => BigInt(i + 3)))
    await consumer.close()
    await run
  })

  it('T11 L18 read_committed hides aborted transactions, also when the marker lies in a later fetch', async () => {
    const bench = assignedConsumer({ isolationLevel: 'read_committed', maxPartitionFetchBytes: 1 })
    const { cluster, consumer } = bench
    const log = cluster.log('t', 0)
    const transactional = (producerId: bigint, value: string) =>
      log.append([{ value }], { producerId, isTransactional: true })
    log.append([{ value: 'plain' }])
    transactional(1n, 'aborted 1')
    transactional(2n, 'committed 2')
    transactional(1n, 'aborted 1')
    log.appendMarker(2n, 'commit')
    log.append([{ value: 'plain' }], { producerId: 1n })
    log.appendMarker(1n, 'abort', 1n)
    transactional(1n, 'committed 1')
    log.appendMarker(1n, 'commit')
    transactional(1n, 'aborted 1')
    log.appendMarker(1n, 'abort', 9n)
    log.append([{ value: 'end' }])
    const { seen, run } = collect(bench)
    await until(cluster, () => texts(seen).includes('end'))
    expect(texts(seen)).toEqual(['plain', 'committed 2', 'plain', 'committed 1', 'end'])
    await consumer.close()
    await run
  })

  it('L18 read_committed shows nothing beyond the last stable offset', async () => {
    const bench = assignedConsumer({ isolationLevel: 'read_committed' })
    const { cluster, consumer } = bench
    const log = cluster.log('t', 0)
    log.fill(5)
    log.lastStableOffset = 5n
    log.append([{ value: 'open' }], { producerId: 1n, isTransactional: true })
    const { seen, run } = collect(bench)
    await cluster.clock.advance(2000)
    expect(texts(seen)).toEqual(values(0, 5))
    expect(cluster.fetches[0]?.request.isolationLevel).toBe(1)
    await consumer.close()
    await run
  })
})

describe('flow', () => {
  it('C11 has at most one poll under way at each broker', async () => {
    const bench = assignedConsumer({ maxPartitionFetchBytes: 300 }, 20)
    const { cluster, consumer } = bench
    for (let partition = 0; partition < 20; partition++) cluster.log('t', partition).fill(50, 5)
    const { seen, run } = collect(bench)
    await until(cluster, () => seen.length === 1000)
    expect(cluster.maxConcurrentFetches).toBeLessThanOrEqual(2)
    await consumer.close()
    await run
  })

  it('C11 gives every partition its turn when one answer cannot hold them all', async () => {
    const bench = assignedConsumer({ fetchMaxBytes: 1200, maxPartitionFetchBytes: 600 }, 10)
    const { cluster, consumer } = bench
    for (let partition = 0; partition < 10; partition++) cluster.log('t', partition).fill(100, 10)
    const { seen, run } = collect(bench)
    await until(cluster, () => seen.length >= 300)
    const counts = Array.from(
      { length: 10 },
      (_, p) => seen.filter(({ partition }) => partition === p).length,
    )
    expect(Math.min(...counts)).toBeGreaterThan(0)
    await consumer.close()
    await run
  })

  it('L17 a paused partition and one with a stuck handler leave the others room, and memory stays in bounds', async () => {
    const { cluster, group, consumer } = groupConsumer(
      { fetchMemoryBytes: 1_048_576, maxPartitionFetchBytes: 1_048_576 },
      3,
    )
    const value = 'x'.repeat(10_000)
    for (let partition = 0; partition < 3; partition++) {
      for (let i = 0; i < 200; i++) cluster.log('t', partition).append([{ value }, { value }])
    }
    let release = () => {}
    let count = 0
    const run = consumer.run(
      (message) => {
        if (message.partition === 1) return new Promise<void>((resolve) => (release = resolve))
        if (message.partition === 2) count++
        return undefined
      },
      { concurrency: 2 },
    )
    await group.assign(partitionsOf(0, 1, 2))
    consumer.pause(partitionsOf(0))
    await until(cluster, () => count === 400)
    const asked = cluster.fetches.map(({ request }) => request.maxBytes ?? 0)
    expect(Math.max(...asked)).toBeLessThanOrEqual(1_048_576)
    const closed = consumer.close()
    release()
    await closed
    await run
  })

  it('F5 pauses after an answer that brings bytes but no whole batch', async () => {
    const bench = assignedConsumer()
    const { cluster, consumer } = bench
    const log = cluster.log('t', 0)
    log.fill(10)
    const whole = log.batches[0]?.bytes ?? Buffer.alloc(0)
    const read = log.read.bind(log)
    log.read = () => whole.subarray(0, whole.length - 1)
    const { seen, run } = collect(bench)
    await cluster.clock.advance(10_000)
    expect(cluster.fetches.length).toBeLessThan(30)
    log.read = read
    await until(cluster, () => seen.length === 10)
    await consumer.close()
    await run
  })

  it('F2: does not make a partition that became fetchable wait for the end of a long poll', async () => {
    const bench = assignedConsumer({ fetchMaxWaitMs: 10_000 }, 2)
    const { cluster, consumer } = bench
    cluster.log('t', 0).fill(10)
    const { seen, run } = collect(bench)
    await until(cluster, () => seen.length === 10)
    const before = cluster.clock.now()
    consumer.seek({ topic: 't', partition: 0 }, 5)
    await until(cluster, () => seen.length === 15)
    expect(cluster.clock.now() - before).toBeLessThan(100)
    expect(shown(seen[10] as Message)).toBe('0:5')
    await consumer.close()
    await run
  })
})
