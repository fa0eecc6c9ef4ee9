// Guards the placement of messages: keys where every Kafka client puts them, the rest spread so that batches fill.
import { partitionOfKey, StickyPartitioner, type PartitionLoad } from '../../../src/producer/partitioner'
import { settle } from '../support/fake-clock'
import { closeAll, setUp } from './support/producer-setup'

afterEach(closeAll)

function sticky(stickyBytes: number, random: () => number, isAdaptive = true): StickyPartitioner {
  return new StickyPartitioner({ stickyBytes, random, isAdaptive })
}

function load(partitionCount: number, more: Partial<PartitionLoad> = {}): PartitionLoad {
  const all = Array.from({ length: partitionCount }, (_, partition) => partition)
  const hasLeader = more.hasLeader ?? (() => true)
  return { partitionCount, hasLeader, queueLength: () => 0, candidates: () => all.filter(hasLeader), ...more }
}

/** Numbers of a fixed sequence, so that a run can be repeated. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff
    return state / 0x80000000
  }
}

describe('partitions', () => {
  test.each([
    ['', 9],
    ['a', 4],
    ['abcd', 8],
    ['foobar', 6],
    ['a-little-bit-longer-string', 11],
    ['åäö', 2],
    ['😀', 9],
    ['key-3', 11],
  ])('P16: key %j goes to partition %i of 12, as with the Java client', async (key, expected) => {
    const bytes = Buffer.from(key)
    expect(partitionOfKey(bytes, 0, bytes.length, 12)).toBe(expected)
    const { cluster, producer } = setUp({}, Array<number>(12).fill(1))
    const sent = [producer.send('t', { key, value: 'v' }), producer.send('t', { key: bytes, value: 'v' })]
    await settle()
    expect(cluster.next.batches.map((batch) => [batch.partition, batch.records.length])).toEqual([
      [expected, 2],
    ])
    cluster.next.answer()
    await Promise.all(sent)
  })

  test('P17: messages without a key stay on a partition for a batch, then move; over time all get their share', async () => {
    const partitioner = sticky(1000, seeded(7))
    const counts = new Map<number, number>()
    let switches = 0
    let last = -1
    for (let i = 0; i < 60_000; i++) {
      const partition = partitioner.current(load(6))
      if (partition !== last) switches++
      last = partition
      counts.set(partition, (counts.get(partition) ?? 0) + 1)
      partitioner.appended(100, false)
    }
    expect(switches).toBeGreaterThan(2000)
    expect(switches).toBeLessThanOrEqual(3000)
    for (let p = 0; p < 6; p++) expect(counts.get(p)).toBeGreaterThan(8500)
  })

  test('P17: a partition with a long queue gets less, one without a leader nothing', async () => {
    const partitioner = sticky(1, seeded(3))
    const counts = [0, 0, 0]
    const uneven = load(3, { queueLength: (p) => (p === 0 ? 9 : 0), hasLeader: (p) => p !== 2 })
    for (let i = 0; i < 11_000; i++) {
      const partition = partitioner.current(uneven)
      counts[partition] = (counts[partition] ?? 0) + 1
      partitioner.appended(1, true)
    }
    expect(counts[2]).toBe(0)
    expect(counts[0]).toBeGreaterThan(700)
    expect(counts[0]).toBeLessThan(1300)
  })

  test('P17: without adapting, the length of queues does not count', () => {
    const partitioner = sticky(1, seeded(3), false)
    const counts = [0, 0]
    for (let i = 0; i < 2000; i++) {
      const partition = partitioner.current(load(2, { queueLength: (p) => p * 50 }))
      counts[partition] = (counts[partition] ?? 0) + 1
      partitioner.appended(1, true)
    }
    expect(Math.min(...counts)).toBeGreaterThan(900)
  })

  test('P17: a partition is left at the end of a batch once a batch of bytes went there, at twice the bytes at the latest', () => {
    const partitioner = sticky(100, () => 0)
    const other = load(2, { queueLength: (p) => (p === 0 ? 0 : 1000) })
    const left: boolean[] = []
    const add = (bytes: number, isFull: boolean) => {
      partitioner.appended(bytes, isFull)
      let drawn = false
      partitioner.current({ ...other, candidates: () => ((drawn = true), [0]) })
      left.push(drawn)
    }
    partitioner.current(other)
    add(60, true)
    add(39, false)
    add(1, false)
    add(99, false)
    add(1, false)
    add(100, true)
    expect(left).toEqual([false, false, false, false, true, true])
  })

  test('P17: without any leader one is chosen all the same', () => {
    const partitioner = sticky(1000, () => 0.99)
    expect(partitioner.current(load(4, { hasLeader: () => false }))).toBe(3)
  })

  test('P17: full batches of messages without a key go to different partitions', async () => {
    const { cluster, producer } = setUp({ batchSizeBytes: 2000 }, [1, 1, 1, 1, 1, 1])
    const sent = Array.from({ length: 200 }, () => producer.send('t', { value: 'x'.repeat(100) }))
    for (let i = 0; i < 50 && cluster.pending.length + i < 51; i++) {
      await settle()
      for (const produce of cluster.pending) produce.answer()
    }
    await Promise.all(sent)
    const sizes = cluster.produced.flatMap((produce) => produce.batches.map((batch) => batch.records.length))
    expect(new Set(cluster.produced.flatMap((p) => p.batches.map((b) => b.partition))).size).toBeGreaterThan(
      2,
    )
    expect(sizes.filter((size) => size >= 15).length).toBeGreaterThanOrEqual(sizes.length - 2)
  })
})
