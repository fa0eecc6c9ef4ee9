// Guards where keys go: a topic that KafkaJS filled must keep each key's partition.
import { Partitioners } from '../../../src/kafkajs/partitioners/partitioners'
import type { PartitionMetadata } from '../../../src/kafkajs/types/metadata'

const partition = (partitionId: number, leader = 1): PartitionMetadata => ({
  partitionErrorCode: 0,
  partitionId,
  leader,
  replicas: [1],
  isr: [1],
})
const partitions = (count: number) => Array.from({ length: count }, (_, i) => partition(i))
const place = (name: keyof typeof Partitioners, key: Buffer | string, count = 1000) =>
  Partitioners[name]()({
    topic: 't',
    partitionMetadata: partitions(count),
    message: { key, value: null },
  })

describe('9.1 partitioners', () => {
  // Facts: what KafkaJS 2.2.4 answers for these keys over 1,000 partitions.
  test.each<[string, number, number]>([
    ['', 681, 684],
    ['a', 524, 815],
    ['ab', 434, 235],
    ['abc', 107, 907],
    ['abcd', 100, 264],
    ['order-4711', 611, 331],
    ['ключ', 24, 22],
    ['😀', 617, 402],
    ['100000000000', 222, 316],
    ['2f1cf1a6-2b4c-4c1b-9b39-55fa21a9f0a3', 937, 881],
  ])('9.1: the key %j goes to %i by default, to %i with the legacy partitioner', (key, now, legacy) => {
    expect(place('DefaultPartitioner', key)).toBe(now)
    expect(place('JavaCompatiblePartitioner', key)).toBe(now)
    expect(place('LegacyPartitioner', key)).toBe(legacy)
    expect(place('LegacyPartitioner', Buffer.from(key))).toBe(legacy)
  })

  test('9.1: a partition that the message names is kept, whatever its key', () => {
    for (const name of ['DefaultPartitioner', 'LegacyPartitioner'] as const) {
      const choose = Partitioners[name]()
      const message = { key: 'k', value: null, partition: 7 }
      expect(choose({ topic: 't', partitionMetadata: partitions(8), message })).toBe(7)
    }
  })

  test('9.1: messages without a key go to the partitions that have a leader, in turn', () => {
    const choose = Partitioners.DefaultPartitioner()
    const partitionMetadata = [partition(0), partition(1, -1), partition(2), partition(3)]
    const turns = Array.from({ length: 6 }, () =>
      choose({ topic: 't', partitionMetadata, message: { value: 'v' } }),
    )
    expect(new Set(turns)).toEqual(new Set([0, 2, 3]))
    expect(turns.slice(3)).toEqual(turns.slice(0, 3))
  })

  test('9.1: without any leader all partitions take their turn', () => {
    const choose = Partitioners.DefaultPartitioner()
    const partitionMetadata = [partition(0, -1), partition(1, -1)]
    const turns = Array.from({ length: 4 }, () =>
      choose({ topic: 't', partitionMetadata, message: { key: null, value: 'v' } }),
    )
    expect(turns.slice(2)).toEqual(turns.slice(0, 2))
    expect(new Set(turns)).toEqual(new Set([0, 1]))
  })

  test('9.1: each topic has turns of its own', () => {
    const choose = Partitioners.DefaultPartitioner()
    const next = (topic: string) =>
      choose({ topic, partitionMetadata: partitions(1000), message: { value: 'v' } })
    const first = next('a')
    next('b')
    next('b')
    expect(next('a')).toBe((first + 1) % 1000)
  })
})
