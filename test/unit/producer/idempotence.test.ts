// Guards against a producer that is dead, or writes duplicates or holes, after a broker lost track of its sequence.
import { ProduceError } from '../../../src/producer/produce-error'
import { settle } from '../support/fake-clock'
import { closeAll, setUp } from './support/producer-setup'

afterEach(closeAll)

const messageTooLarge = 10
const outOfOrder = 45
const invalidEpoch = 47
const unknownProducer = 59
const invalidRecord = 87

async function proven(options = {}, leaders = [1]) {
  const all = setUp(options, leaders)
  const [first] = await all.sendEach('first')
  all.cluster.next.answer({ baseOffset: 0n })
  await first
  return all
}

const stamps = (cluster: Awaited<ReturnType<typeof proven>>['cluster']) =>
  cluster.pending.map(({ only: { values, batch } }) => [
    values.join(),
    batch.producerEpoch,
    batch.baseSequence,
  ])

describe('a sequence the broker does not follow', () => {
  test('P5: out of order at the head raises the epoch, and everything goes again numbered from 0', async () => {
    const { cluster, clock, sendEach } = await proven()
    const sent = await sendEach('1', '2')
    for (const produce of cluster.pending) produce.refuse(outOfOrder)
    await clock.advance(200)
    expect(stamps(cluster)).toEqual([['1', 1, 0]])
    cluster.next.answer({ baseOffset: 1n })
    await settle()
    expect(stamps(cluster)).toEqual([['2', 1, 1]])
    cluster.next.answer({ baseOffset: 2n })
    expect(await Promise.all(sent)).toEqual([1n, 2n])
    expect(cluster.identitiesAsked).toBe(1)
  })

  test('P6: an unknown producer id is answered by a new epoch, whether or not the log was cut, once that is known', async () => {
    for (const logStartOffset of [-1n, 0n, 100n]) {
      const { cluster, clock, sendEach } = await proven()
      const sent = await sendEach('1')
      cluster.next.refuse(unknownProducer, { logStartOffset })
      await clock.advance(200)
      expect(stamps(cluster)).toEqual([logStartOffset < 0n ? ['1', 0, 1] : ['1', 1, 0]])
      cluster.next.answer({ baseOffset: 5n })
      expect(await Promise.all(sent)).toEqual([5n])
    }
  })

  test('R9: an invalid epoch is answered by a new producer id', async () => {
    const { cluster, clock, sendEach } = await proven()
    const sent = await sendEach('1')
    cluster.next.refuse(invalidEpoch)
    await clock.advance(200)
    expect(cluster.next.only.batch.producerId).toBe(1002n)
    expect(stamps(cluster)).toEqual([['1', 0, 0]])
    cluster.next.answer({ baseOffset: 1n })
    expect(await Promise.all(sent)).toEqual([1n])
  })

  test('R9: past the highest epoch a new producer id is asked for', async () => {
    const all = setUp()
    const { cluster, clock, sendEach } = all
    cluster.giveIdentity = () => ({ producerId: BigInt(cluster.identitiesAsked), producerEpoch: 32_766 })
    const sent = await sendEach('1')
    cluster.next.refuse(outOfOrder)
    await clock.advance(200)
    expect(cluster.next.only.batch.producerId).toBe(2n)
    cluster.next.answer()
    await Promise.all(sent)
  })

  test('R10: a new epoch leaves numbered batches of other partitions as they are, and takes effect behind them', async () => {
    const { cluster, clock, producer } = await proven({}, [1, 2])
    const other = producer.send('t', { value: 'other', partition: 1 })
    await settle()
    const broken = producer.send('t', { value: 'broken', partition: 0 })
    await settle()
    cluster.pending.find((produce) => produce.nodeId === 1)?.refuse(outOfOrder)
    cluster.pending.find((produce) => produce.nodeId === 2)?.lose()
    await clock.advance(200)
    expect(stamps(cluster).sort()).toEqual([
      ['broken', 1, 0],
      ['other', 0, 0],
    ])
    for (const produce of cluster.pending) produce.answer()
    await Promise.all([other, broken])
    const later = producer.send('t', { value: 'later', partition: 1 })
    await settle()
    expect(stamps(cluster)).toEqual([['later', 1, 0]])
    cluster.next.answer()
    await later
  })

  test('R6: a refused batch is final; the one behind it goes again and proves the gap, under a new epoch', async () => {
    const { cluster, clock, sendEach } = await proven()
    const [one, two] = await sendEach('1', '2')
    const [first, second] = cluster.pending
    first?.refuse(invalidRecord)
    second?.refuse(outOfOrder)
    await clock.advance(200)
    expect(await one).toMatchObject({ code: 'INVALID_RECORD', maybeStored: false })
    expect(stamps(cluster)).toEqual([['2', 1, 0]])
    cluster.next.answer({ baseOffset: 1n })
    expect(await two).toBe(1n)
  })

  test('R6: after a refusal with nothing behind it the next message starts a new epoch', async () => {
    const { cluster, sendEach } = await proven()
    const [one] = await sendEach('1')
    cluster.next.refuse(invalidRecord)
    expect(await one).toBeInstanceOf(ProduceError)
    const [two] = await sendEach('2')
    expect(stamps(cluster)).toEqual([['2', 1, 0]])
    cluster.next.answer({ baseOffset: 1n })
    expect(await two).toBe(1n)
  })

  test('P7: an expired batch leaves its sequence open; the next numbered one decides, when accepted, without a new epoch', async () => {
    const { cluster, clock, sendEach } = await proven({ deliveryTimeoutMs: 40_000 })
    const [one] = await sendEach('1')
    await clock.advance(10_000)
    const [two] = await sendEach('2')
    const [first, second] = cluster.pending
    await clock.advance(30_001)
    expect(await one).toMatchObject({ code: 'DELIVERY_TIMEOUT', maybeStored: true })
    first?.lose()
    second?.lose()
    const [three] = await sendEach('3')
    await clock.advance(200)
    expect(stamps(cluster)).toEqual([['2', 0, 2]])
    cluster.next.answer({ baseOffset: 2n })
    await settle()
    expect(stamps(cluster)).toEqual([['3', 0, 3]])
    cluster.next.answer({ baseOffset: 3n })
    expect(await Promise.all([two, three])).toEqual([2n, 3n])
  })

  test('P7: when the next numbered batch is out of order, neither was stored: new epoch, no hole, no duplicate', async () => {
    const { cluster, clock, sendEach } = await proven({ deliveryTimeoutMs: 40_000 })
    const [one] = await sendEach('1')
    await clock.advance(10_000)
    const [two] = await sendEach('2')
    await clock.advance(30_001)
    expect(await one).toMatchObject({ code: 'DELIVERY_TIMEOUT' })
    for (const produce of cluster.pending) produce.lose()
    await clock.advance(200)
    cluster.next.refuse(outOfOrder)
    await clock.advance(400)
    expect(stamps(cluster)).toEqual([['2', 1, 0]])
    cluster.next.answer({ baseOffset: 1n })
    expect(await two).toBe(1n)
  })

  test('P7: no new batch leaves while an expired one is still on its way; then a new epoch begins', async () => {
    const { cluster, clock, sendEach } = await proven({ deliveryTimeoutMs: 30_000 })
    const [one] = await sendEach('1')
    await clock.advance(30_001)
    expect(await one).toMatchObject({ code: 'DELIVERY_TIMEOUT', maybeStored: true })
    const [two] = await sendEach('2')
    expect(cluster.pending.map((produce) => produce.values)).toEqual([['1']])
    cluster.next.lose()
    await settle()
    expect(stamps(cluster)).toEqual([['2', 1, 0]])
    cluster.next.answer({ baseOffset: 2n })
    expect(await two).toBe(2n)
  })

  test('P9: a batch that is too large goes again in parts that share its numbers, those behind it keep theirs', async () => {
    const { cluster, producer, clock, sendEach } = await proven()
    const sent = producer.send(
      't',
      ['1', '2', '3', '4'].map((value) => ({ value, partition: 0 })),
    )
    await settle()
    const [behind] = await sendEach('5')
    const [large, small] = cluster.pending
    large?.refuse(messageTooLarge)
    small?.refuse(outOfOrder)
    await clock.advance(200)
    const seen: unknown[] = []
    let offset = 1n
    while (cluster.pending.length > 0) {
      seen.push(...stamps(cluster))
      for (const produce of cluster.pending) {
        produce.answer({ baseOffset: offset })
        offset += BigInt(produce.only.records.length)
      }
      await settle()
    }
    expect(seen.at(-1)).toEqual(['5', 0, 5])
    expect(seen.map((one) => (one as unknown[])[2])).toEqual([
      ...new Set(seen.map((one) => (one as unknown[])[2])),
    ])
    expect((await sent).map((receipt) => receipt.offset)).toEqual([1n, 2n, 3n, 4n])
    expect(await behind).toBe(5n)
    expect(producer.bufferedBytes).toBe(0)
  })

  test('P9: a single record that is too large fails, and what follows is delivered', async () => {
    const { cluster, sendEach } = await proven()
    const [one] = await sendEach('1')
    cluster.next.refuse(messageTooLarge)
    expect(await one).toMatchObject({ code: 'MESSAGE_TOO_LARGE', maybeStored: false })
    const [two] = await sendEach('2')
    cluster.next.answer({ baseOffset: 1n })
    expect(await two).toBe(1n)
  })

  test('P14: a topic that was created anew starts its sequence again', async () => {
    const { cluster, sendEach } = await proven()
    cluster.metadata.setTopic('t', [1], { topicId: 'another', leaderEpoch: 0 })
    const [one] = await sendEach('1')
    expect(stamps(cluster)).toEqual([['1', 0, 0]])
    cluster.next.lose({ maybeWritten: false })
    await settle()
    void one
  })

  test('T1: a refused InitProducerId fails what waits for it, and the next message asks again', async () => {
    const { cluster, sendEach } = setUp()
    const { BrokerError } = await import('../../../src/base/errors')
    const give = cluster.giveIdentity
    cluster.giveIdentity = () => {
      throw new BrokerError(31, 'InitProducerId')
    }
    const [one] = await sendEach('1')
    expect(await one).toMatchObject({ code: 'CLUSTER_AUTHORIZATION_FAILED', maybeStored: false })
    cluster.giveIdentity = give
    const [two] = await sendEach('2')
    cluster.next.answer({ baseOffset: 0n })
    expect(await two).toBe(0n)
  })
})
