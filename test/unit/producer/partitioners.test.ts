// Guards the choice of partitions by other rules than the default: no key may move, no wrong answer may go unnoticed.
import { choosePartition, createPartitioner } from '../../../src/producer/partitioners/choose-partition'
import type { Partitioner, PartitionerInput } from '../../../src/producer/partitioners/partitioner'
import { settle } from '../support/fake-clock'
import { rejectionOf } from '../../support/rejection'
import { closeAll, setUp } from './support/producer-setup'

afterEach(closeAll)

const led = (...leaders: number[]) => leaders.map((leaderId, partition) => ({ partition, leaderId }))

function place(partitioner: Partitioner | undefined, key: string | null, partitions = led(1, 1, 1)): number {
  const message = { topic: 't', partitions, key, value: 'v', headers: null, index: 0 }
  return choosePartition(partitioner as Partitioner, message)
}

describe('round-robin', () => {
  test('takes every partition in turn, also with keys and when messages open batches', async () => {
    const { cluster, producer } = setUp({ partitioner: 'round-robin', batchSizeBytes: 200 }, [1, 2, 3])
    const sent = Array.from({ length: 9 }, (_, i) =>
      producer.send('t', { key: 'k', value: `${i}`.repeat(90) }),
    )
    for (let i = 0; i < 9; i++) {
      await settle()
      for (const produce of cluster.pending) produce.answer()
    }
    const receipts = await Promise.all(sent)
    expect(receipts.map(({ partition }) => partition)).toEqual([0, 1, 2, 0, 1, 2, 0, 1, 2])
  })

  test('passes over partitions without a leader, unless none has one', () => {
    const partitioner = createPartitioner('round-robin', Math.random)
    const partial = led(1, -1, 2)
    expect([1, 2, 3, 4].map(() => place(partitioner, null, partial))).toEqual([0, 2, 0, 2])
    expect([1, 2, 3].map(() => place(partitioner, null, led(-1, -1)))).toEqual([0, 1, 0])
  })

  test('topics take turns of their own', () => {
    const partitioner = createPartitioner('round-robin', Math.random) as Partitioner
    const next = (topic: string) =>
      choosePartition(partitioner, {
        topic,
        partitions: led(1, 1),
        key: null,
        value: null,
        headers: null,
        index: 0,
      })
    expect(['a', 'b', 'a', 'b', 'b'].map(next)).toEqual([0, 0, 1, 1, 0])
  })
})

describe('kafkajs-legacy', () => {
  // What KafkaJS 2.2.4's LegacyPartitioner answers for 12 partitions.
  test.each([
    ['', 0],
    ['a', 7],
    ['ab', 11],
    ['abc', 11],
    ['abcd', 0],
    ['foobar', 5],
    ['a-little-bit-longer-string', 5],
    ['åäö', 6],
    ['😀', 6],
    ['key-3', 11],
    ['order-12345', 8],
  ])('puts key %j on partition %i of 12, as KafkaJS does', (key, expected) => {
    expect(
      place(createPartitioner('kafkajs-legacy', Math.random), key, led(...Array<number>(12).fill(1))),
    ).toBe(expected)
  })

  test('deals messages without a key out from a random start, to partitions with a leader', () => {
    const partitioner = createPartitioner('kafkajs-legacy', () => 0.5)
    const taken = [1, 2, 3, 4].map(() => place(partitioner, null, led(1, 1, -1, 1)))
    expect(new Set(taken.slice(0, 3))).toEqual(new Set([0, 1, 3]))
    expect(taken[3]).toBe(taken[0])
  })

  test('a key stays where it belongs though its partition has no leader', () => {
    const partitioner = createPartitioner('kafkajs-legacy', Math.random)
    expect(place(partitioner, 'a', led(1, 1, 1))).toBe(place(partitioner, 'a', led(-1, -1, -1)))
  })
})

describe('a partitioner of one’s own', () => {
  test('sees the message as it will be sent, and the partitions with their leaders', async () => {
    const seen: PartitionerInput[] = []
    const partitioner = (input: PartitionerInput) => (seen.push(input), 2)
    const { cluster, producer } = setUp({ partitioner }, [1, -1, 1])
    const sent = [
      producer.send('t', { key: 'k', value: Buffer.from('v'), headers: { h: 'x' } }),
      producer.send('t', { value: 'w' }),
      producer.send('t', { value: 'explicit', partition: 0 }),
    ]
    await settle()
    cluster.next.answer()
    expect((await Promise.all(sent)).map(({ partition }) => partition)).toEqual([2, 2, 0])
    expect(seen).toHaveLength(2)
    expect(seen[0]).toMatchObject({
      topic: 't',
      partitionCount: 3,
      headers: [{ key: 'h', value: 'x' }],
      partitions: [
        { partition: 0, leaderId: 1 },
        { partition: 1, leaderId: -1 },
        { partition: 2, leaderId: 1 },
      ],
    })
    expect([String(Buffer.from(seen[0]?.key ?? [])), String(seen[0]?.value)]).toEqual(['k', 'v'])
    expect(seen[1]).toMatchObject({ key: null, value: 'w', headers: [] })
  })

  test('may be an object with state, and may keep the key it was given', async () => {
    class Counting implements Partitioner {
      readonly keys: (Uint8Array | null)[] = []
      partition({ key, partitionCount }: PartitionerInput) {
        return this.keys.push(key) % partitionCount
      }
    }
    const partitioner = new Counting()
    const { cluster, producer } = setUp({ partitioner }, [1, 1])
    const key = Buffer.from('one')
    const sent = producer.send('t', [
      { key, value: 'a' },
      { key: 'two', value: 'b' },
    ])
    key.fill(0)
    await settle()
    cluster.next.answer()
    expect((await sent).map(({ partition }) => partition)).toEqual([1, 0])
    expect(partitioner.keys.map((one) => String(Buffer.from(one ?? [])))).toEqual(['one', 'two'])
  })

  test.each([
    ['a number beyond the last partition', () => 3, /answered 3 for message 1: .* from 0 to 2/],
    ['a negative number', () => -1, /answered -1/],
    ['a fraction', () => 0.5, /answered 0.5/],
    ['nothing', () => undefined as never, /answered undefined/],
    ['a promise', (async () => 1) as never, /answered a promise/],
    [
      'an error',
      () => {
        throw new RangeError('no such shard')
      },
      /The partitioner failed for message 1: no such shard/,
    ],
  ])('that gives %s takes its call back, and only that', async (_, wrong: () => number, message) => {
    for (const hasMetadata of [true, false]) {
      const partitioner = ({ value }: PartitionerInput) => (value === 'wrong' ? wrong() : 0)
      const { cluster, clock, producer } = setUp({ partitioner }, hasMetadata ? [1, 1, 1] : [])
      const before = producer.send('t', { value: 'before' })
      const refused = rejectionOf(producer.send('t', [{ value: 'fine' }, { value: 'wrong' }]))
      const after = producer.send('t', { value: 'after' })
      if (!hasMetadata) cluster.metadata.setTopic('t', [1, 1, 1])
      await clock.advance(200)
      const error = await refused
      expect(error.code).toBe('INVALID_ARGUMENT')
      expect(error.message).toMatch(message)
      for (const produce of cluster.pending) produce.answer()
      await clock.advance(200)
      for (const produce of cluster.pending) produce.answer()
      await Promise.all([before, after])
      expect(cluster.produced.flatMap((produce) => produce.values)).toEqual(['before', 'after'])
      expect(producer.bufferedBytes).toBe(0)
    }
  })

  test('is asked once, whatever is sent again', async () => {
    let asked = 0
    const { cluster, clock, producer } = setUp({ partitioner: () => asked++ % 2 }, [1, 1])
    const sent = producer.send('t', { value: 'v' })
    await settle()
    cluster.next.answer({ errorCode: 7 })
    await clock.advance(200)
    cluster.next.answer()
    expect((await sent).partition).toBe(0)
    expect(asked).toBe(1)
  })

  test('that sends itself does not break the call it is asked for', async () => {
    const inner: Promise<unknown>[] = []
    const { cluster, clock, producer } = setUp(
      {
        partitioner: ({ value }) => {
          if (value === 'outer') inner.push(producer.send('t', { value: 'inner' }))
          return 0
        },
      },
      [1],
    )
    const outer = producer.send('t', [{ value: 'outer' }, { value: 'second' }])
    await clock.advance(10)
    while (cluster.pending.length > 0) {
      for (const produce of cluster.pending) produce.answer()
      await clock.advance(10)
    }
    await Promise.all([outer, ...inner])
    expect(cluster.produced.flatMap((produce) => produce.values)).toEqual(['outer', 'second', 'inner'])
  })
})

describe('options of the default partitioner', () => {
  test('with partitionerIgnoreKeys, messages of one key fill the batch of one partition, then go elsewhere', async () => {
    const { cluster, producer } = setUp({ partitionerIgnoreKeys: true, batchSizeBytes: 1000 }, [1, 1, 1, 1])
    const sent = Array.from({ length: 100 }, (_, i) =>
      producer.send('t', { key: i % 2 === 0 ? 'same' : Buffer.from('same'), value: 'x'.repeat(80) }),
    )
    for (let i = 0; i < 40; i++) {
      await settle()
      for (const produce of cluster.pending) produce.answer()
    }
    const partitions = new Set((await Promise.all(sent)).map(({ partition }) => partition))
    expect(partitions.size).toBeGreaterThan(1)
    expect(
      cluster.produced.flatMap(({ batches }) => batches).every(({ records }) => records[0]?.key === 'same'),
    ).toBe(true)
  })

  test('P17: with partitionerAvailabilityTimeoutMs, a broker that does not keep up gets no messages without a key', async () => {
    const { clock, cluster, producer } = setUp(
      { partitionerAvailabilityTimeoutMs: 50, maxInFlightRequestsPerConnection: 1, batchSizeBytes: 1 },
      [1, 2],
    )
    // Broker 1 answers nothing: its second message waits.
    cluster.onProduce = (produce) => {
      if (produce.nodeId === 2) produce.answer()
    }
    const stuck = [0, 0].map((partition) => producer.send('t', { value: 'stuck', partition }))
    await clock.advance(60)
    const sent = Array.from({ length: 50 }, () => producer.send('t', { value: 'v' }))
    await clock.advance(1)
    expect(new Set((await Promise.all(sent)).map(({ partition }) => partition))).toEqual(new Set([1]))
    cluster.onProduce = (produce) => produce.answer()
    for (const produce of cluster.pending) produce.answer()
    await clock.advance(10)
    await Promise.all(stuck)
  })
})
