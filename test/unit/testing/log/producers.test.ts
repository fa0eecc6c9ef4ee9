// Guards against records that are stored twice or in the wrong order: sequences, epochs and who is fenced.
import { codeOf, contentOf, LogFixture, newestProduce } from '../support/log-fixture'

const largest = 0x7fffffff

function batchOf(producerEpoch: number, baseSequence: number, producerId = 7n) {
  return { producerId, producerEpoch, baseSequence }
}

describe('the sequences of an idempotent producer', () => {
  it('must follow one another', () => {
    const fixture = new LogFixture()
    fixture.append(['a', 'b'], batchOf(0, 0))
    fixture.append(['c'], batchOf(0, 2))
    expect(codeOf(() => fixture.append(['e'], batchOf(0, 4)))).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER')
    expect(contentOf(fixture.log)).toEqual(['0:=a', '1:=b', '2:=c'])
  })

  it('are remembered for five batches: a repeated one is answered with its first offsets', () => {
    const fixture = new LogFixture()
    for (let i = 0; i < 6; i++) fixture.append(['a', 'b'], batchOf(0, i * 2))
    for (let i = 1; i < 6; i++) {
      const again = fixture.append(['a', 'b'], batchOf(0, i * 2))
      expect(again).toMatchObject({ baseOffset: BigInt(i * 2), lastOffset: BigInt(i * 2 + 1), stored: [] })
      expect(again.isDuplicate).toBe(true)
    }
    expect(codeOf(() => fixture.append(['a', 'b'], batchOf(0, 0)))).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER')
    expect(fixture.log.endOffset).toBe(12n)
  })

  it('make no duplicate of a batch that ends elsewhere', () => {
    const fixture = new LogFixture()
    fixture.append(['a', 'b'], batchOf(0, 0))
    expect(codeOf(() => fixture.append(['a'], batchOf(0, 0)))).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER')
  })

  it('give a duplicate the timestamp that the batch has, as Kafka does', async () => {
    const fixture = new LogFixture()
    const batch = fixture.batch(['a'], batchOf(0, 0))
    const appendedAt = fixture.clock.wallTime()
    fixture.log.append(batch, 0, newestProduce)
    await fixture.clock.advance(50)
    expect(fixture.log.append(batch, 0, newestProduce).logAppendTime).toBe(appendedAt)
  })

  it('go on at 0 after the largest', () => {
    const fixture = new LogFixture()
    fixture.append(['a', 'b'], batchOf(0, largest - 1))
    expect(codeOf(() => fixture.append(['c'], batchOf(0, 1)))).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER')
    expect(codeOf(() => fixture.append(['c'], batchOf(0, 0)))).toBe('NONE')
    expect(codeOf(() => fixture.append(['d'], batchOf(0, 1)))).toBe('NONE')
  })

  it('wrap within a batch, and the batch is still known as a duplicate', () => {
    const fixture = new LogFixture()
    fixture.append(['a', 'b', 'c'], batchOf(0, largest))
    expect(fixture.log.batches[0]?.lastSequence).toBe(1)
    expect(fixture.append(['a', 'b', 'c'], batchOf(0, largest)).isDuplicate).toBe(true)
    expect(codeOf(() => fixture.append(['d'], batchOf(0, 2)))).toBe('NONE')
  })

  it('may begin anywhere with a producer that nothing is known of', () => {
    const fixture = new LogFixture()
    expect(codeOf(() => fixture.append(['a'], batchOf(3, 17)))).toBe('NONE')
    expect(codeOf(() => fixture.append(['b'], batchOf(3, 18)))).toBe('NONE')
  })

  it('begin at 0 with a new epoch, and fence the old one', () => {
    const fixture = new LogFixture()
    fixture.append(['a'], batchOf(0, 0))
    expect(codeOf(() => fixture.append(['b'], batchOf(1, 1)))).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER')
    expect(codeOf(() => fixture.append(['b'], batchOf(1, 0)))).toBe('NONE')
    expect(codeOf(() => fixture.append(['c'], batchOf(0, 1)))).toBe('INVALID_PRODUCER_EPOCH')
  })

  it('are counted for each producer by itself', () => {
    const fixture = new LogFixture()
    fixture.append(['a'], batchOf(0, 0, 1n))
    fixture.append(['b'], batchOf(0, 0, 2n))
    expect(codeOf(() => fixture.append(['c'], batchOf(0, 1, 1n)))).toBe('NONE')
    expect(fixture.log.activeProducers()).toMatchObject([
      { producerId: 1n, producerEpoch: 0, lastSequence: 1, coordinatorEpoch: -1, currentTxnStartOffset: -1n },
      { producerId: 2n, producerEpoch: 0, lastSequence: 0 },
    ])
  })

  it('stay known when the records are deleted', () => {
    const fixture = new LogFixture()
    fixture.append(['a'], batchOf(0, 0))
    fixture.log.advanceStart(1n)
    expect(codeOf(() => fixture.append(['b'], batchOf(0, 5)))).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER')
    expect(codeOf(() => fixture.append(['b'], batchOf(0, 1)))).toBe('NONE')
  })

  it('are forgotten after producer.id.expiration.ms, at the next look every ten minutes', async () => {
    const fixture = new LogFixture({ producerIdExpirationMs: 1000 })
    fixture.append(['a'], batchOf(0, 0))
    await fixture.clock.advance(599_999)
    expect(codeOf(() => fixture.append(['b'], batchOf(0, 5)))).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER')
    await fixture.clock.advance(1)
    expect(fixture.log.activeProducers()).toEqual([])
    expect(codeOf(() => fixture.append(['b'], batchOf(0, 5)))).toBe('NONE')
  })

  it('do not bind what a coordinator writes for a producer', () => {
    const fixture = new LogFixture()
    const offsets = fixture.batch(['o'], { producerId: 7n, producerEpoch: 0, isTransactional: true })
    expect(codeOf(() => fixture.log.append(offsets, 0, newestProduce, 'coordinator'))).toBe('NONE')
    expect(codeOf(() => fixture.log.append(offsets, 0, newestProduce, 'coordinator'))).toBe('NONE')
    expect(fixture.log.endOffset).toBe(2n)
    expect(fixture.log.firstUnstableOffset).toBe(0n)
  })
})
