// Guards against lost order, duplicated or missing sequence numbers, and messages reported with the wrong outcome.
import { settle } from '../support/fake-clock'
import { closeAll, setUp } from './support/producer-setup'

afterEach(closeAll)

const notLeader = 6
const requestTimedOut = 7
const outOfOrder = 45
const duplicate = 46

/** A producer that has had one success, so that several requests may be in flight. */
async function proven(options = {}) {
  const all = setUp(options)
  const [first] = await all.sendEach('first')
  all.cluster.next.answer({ baseOffset: 0n })
  await first
  return all
}

const sequences = (all: { cluster: { pending: { only: { batch: { baseSequence: number } } }[] } }) =>
  all.cluster.pending.map((produce) => produce.only.batch.baseSequence)

describe('order and sequences', () => {
  test('P1: five batches whose first is refused go again one after another, in order, with their sequences', async () => {
    const all = await proven()
    const { cluster, clock, sendEach } = all
    const sent = await sendEach('1', '2', '3', '4', '5')
    expect(sequences(all)).toEqual([1, 2, 3, 4, 5])
    const [one, ...others] = cluster.pending
    one?.refuse(requestTimedOut)
    for (const other of others) other.refuse(outOfOrder)
    await clock.advance(200)
    expect(sequences(all)).toEqual([1])
    cluster.next.answer({ baseOffset: 1n })
    await settle()
    expect(sequences(all)).toEqual([2, 3, 4, 5])
    cluster.pending.forEach((produce, i) => produce.answer({ baseOffset: BigInt(2 + i) }))
    expect(await Promise.all(sent)).toEqual([1n, 2n, 3n, 4n, 5n])
    expect(cluster.produced.every((produce) => produce.only.batch.producerEpoch === 0)).toBe(true)
  })

  test('P2: a thousand un-awaited sends get a thousand distinct offsets, in order', async () => {
    const { cluster, producer } = setUp()
    let next = 0n
    cluster.onProduce = (produce) => {
      const baseOffset = next
      next += BigInt(produce.only.records.length)
      produce.answer({ baseOffset })
    }
    const receipts = await Promise.all(
      Array.from({ length: 1000 }, (_, i) => producer.send('t', { value: `v${i}`, partition: 0 })),
    )
    expect(receipts.map((receipt) => receipt.offset)).toEqual(
      Array.from({ length: 1000 }, (_, i) => BigInt(i)),
    )
    expect(cluster.produced).toHaveLength(1)
  })

  test('P3: without idempotence a partition has one batch in flight, and a retry keeps the order', async () => {
    const { cluster, clock, sendEach } = setUp({ acks: 1 })
    const sent = await sendEach('1', '2', '3')
    expect(cluster.pending.map((produce) => produce.values)).toEqual([['1']])
    cluster.next.refuse(notLeader)
    await clock.advance(200)
    expect(cluster.next.values).toEqual(['1'])
    expect(cluster.next.only.batch.producerId).toBe(-1n)
    cluster.next.answer({ baseOffset: 0n })
    await settle()
    expect(cluster.next.values).toEqual(['2', '3'])
    cluster.next.answer({ baseOffset: 1n })
    expect(await Promise.all(sent)).toEqual([0n, 1n, 2n])
  })

  test('P4: a resend that the broker has already is a success with an unknown offset', async () => {
    const { cluster, clock, sendEach } = setUp()
    const [sent] = await sendEach('1')
    cluster.next.lose()
    await clock.advance(200)
    cluster.next.refuse(duplicate)
    expect(await sent).toBe(-1n)
  })

  test('R1: the success of a later batch counts only after the earlier one was sent again', async () => {
    const all = await proven()
    const { cluster, clock, sendEach } = all
    const [one, two] = await sendEach('1', '2')
    const [first, second] = cluster.pending
    first?.refuse(requestTimedOut)
    second?.answer({ baseOffset: 2n })
    await clock.advance(200)
    expect(sequences(all)).toEqual([1])
    cluster.next.answer({ baseOffset: 1n })
    await settle()
    expect(sequences(all)).toEqual([2])
    cluster.next.answer({ baseOffset: 2n })
    expect(await Promise.all([one, two])).toEqual([1n, 2n])
  })

  test('R2: answers that arrive out of order are handled in the order of their requests', async () => {
    const { cluster, sendEach } = await proven()
    const [one, two] = await sendEach('1', '2')
    const settled: string[] = []
    void one?.then(() => settled.push('1'))
    void two?.then(() => settled.push('2'))
    const [first, second] = cluster.pending
    second?.answer({ baseOffset: 2n })
    await settle()
    expect(settled).toEqual([])
    first?.answer({ baseOffset: 1n })
    await settle()
    expect(settled).toEqual(['1', '2'])
  })

  test('R4: after a leader moved, nothing goes to the new one until the old one has answered', async () => {
    const { cluster, sendEach } = await proven()
    void (await sendEach('1'))
    cluster.metadata.setTopic('t', [2], { leaderEpoch: 2 })
    void (await sendEach('2'))
    expect(cluster.pending.map((produce) => [produce.nodeId, produce.values])).toEqual([[1, ['1']]])
    cluster.next.answer({ baseOffset: 1n })
    await settle()
    expect(cluster.pending.map((produce) => [produce.nodeId, produce.values])).toEqual([[2, ['2']]])
  })

  test('R5: one request is in flight until the first success on a leader, then several', async () => {
    const { cluster, sendEach } = setUp()
    void (await sendEach('1', '2'))
    expect(cluster.pending).toHaveLength(1)
    cluster.next.answer()
    await settle()
    void (await sendEach('3'))
    expect(cluster.pending).toHaveLength(2)
    for (const produce of cluster.pending) produce.answer()
    cluster.metadata.setTopic('t', [2], { leaderEpoch: 2 })
    await settle()
    void (await sendEach('4', '5'))
    expect(cluster.pending.map((produce) => produce.nodeId)).toEqual([2])
  })

  test('R7: a batch that may be stored is sent again with the same number', async () => {
    const { cluster, clock, sendEach } = setUp()
    void (await sendEach('1'))
    const before = cluster.next.only.batch
    cluster.next.lose()
    await clock.advance(200)
    const again = cluster.next.only.batch
    expect([again.producerId, again.producerEpoch, again.baseSequence]).toEqual([
      before.producerId,
      before.producerEpoch,
      before.baseSequence,
    ])
  })

  test('R14: a request carries one batch of each partition, and partitions take turns', async () => {
    const { cluster, producer } = setUp({ batchSizeBytes: 200, maxRequestSizeBytes: 450 }, [1, 1, 1, 1])
    const value = 'x'.repeat(100)
    for (const partition of [0, 1, 2, 3]) void producer.send('t', { value, partition }).catch(() => {})
    await settle()
    const perRequest = cluster.pending.map((produce) => produce.batches.map((batch) => batch.partition))
    expect(perRequest).toEqual([
      [0, 1],
      [2, 3],
    ])
  })

  test('P20: the sequence counts records, goes on across batches, and wraps from 2^31 - 1 to 0', async () => {
    const { sequenceAfter } = await import('../../../src/producer/partition-queue')
    expect(sequenceAfter(5, 3)).toBe(8)
    expect(sequenceAfter(0x7fffffff, 1)).toBe(0)
    expect(sequenceAfter(0x7ffffffe, 3)).toBe(1)
    expect(sequenceAfter(0x7ffffffe, 1)).toBe(0x7fffffff)
  })

  test('P20: identity and sequence are set when a batch leaves, not when it is filled', async () => {
    const { cluster, producer } = setUp()
    let give: (identity: { producerId: bigint; producerEpoch: number }) => void = () => {}
    cluster.giveIdentity = () => new Promise((resolve) => (give = resolve))
    const sent = producer.send('t', { value: '1', partition: 0 })
    await settle()
    expect(cluster.produced).toHaveLength(0)
    give({ producerId: 77n, producerEpoch: 3 })
    await settle()
    const { batch } = cluster.next.only
    expect([batch.producerId, batch.producerEpoch, batch.baseSequence]).toEqual([77n, 3, 0])
    cluster.next.answer()
    await sent
  })

  test('L23: a waiting producer has nothing scheduled but its deadlines', async () => {
    const { cluster, clock, sendEach } = setUp()
    const sent = await sendEach('1')
    expect(clock.pendingTimers).toBe(1)
    cluster.next.answer()
    await Promise.all(sent)
    expect(clock.pendingTimers).toBe(0)
  })
})
