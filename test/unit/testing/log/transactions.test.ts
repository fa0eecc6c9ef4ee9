// Guards against read_committed consumers that see what is undecided or aborted, and against coordinators that lost office.
import type { TransactionMarker } from '../../../../src/testing/contracts/partition'
import { codeOf, LogFixture, newestProduce } from '../support/log-fixture'

function inTransaction(producerId: bigint, baseSequence: number, producerEpoch = 0) {
  return { producerId, producerEpoch, baseSequence, isTransactional: true }
}

describe('transactions in a log', () => {
  it('keep readers of what is committed back, up to the oldest open one', () => {
    const fixture = new LogFixture()
    const { log } = fixture
    fixture.append(['plain'])
    fixture.append(['a'], inTransaction(1n, 0))
    fixture.append(['b'], inTransaction(2n, 0))
    fixture.append(['a'], inTransaction(1n, 1))
    expect(log.firstUnstableOffset).toBe(1n)
    fixture.marker(1n, 0, true)
    expect(log.firstUnstableOffset).toBe(2n)
    fixture.append(['a'], inTransaction(1n, 2))
    fixture.marker(2n, 0, false)
    expect(log.firstUnstableOffset).toBe(5n)
    fixture.marker(1n, 0, true)
    expect(log.firstUnstableOffset).toBeUndefined()
    expect(log.endOffset).toBe(8n)
    expect(log.lastStableOffset(8n)).toBe(8n)
  })

  it('stay undecided until their marker is replicated', () => {
    const fixture = new LogFixture()
    fixture.append(['plain'])
    fixture.append(['a'], inTransaction(1n, 0))
    fixture.marker(1n, 0, true)
    expect(fixture.log.lastStableOffset(2n)).toBe(1n)
    expect(fixture.log.lastStableOffset(1n)).toBe(1n)
    expect(fixture.log.lastStableOffset(3n)).toBe(3n)
  })

  it('end with a control batch that has epoch and coordinator of the marker', () => {
    const fixture = new LogFixture()
    fixture.append(['a'], inTransaction(1n, 0))
    expect(fixture.marker(1n, 0, false, 9)).toMatchObject({ baseOffset: 1n, lastOffset: 1n })
    expect(fixture.log.batches[1]).toMatchObject({ isControl: true, isTransactional: true, baseSequence: -1 })
    expect(fixture.log.activeProducers()).toMatchObject([
      { producerId: 1n, coordinatorEpoch: 9, currentTxnStartOffset: -1n, lastSequence: 0 },
    ])
  })

  it('tell which of them were aborted in a range', () => {
    const fixture = new LogFixture()
    const { log } = fixture
    fixture.append(['a'], inTransaction(1n, 0))
    fixture.append(['b'], inTransaction(2n, 0))
    fixture.marker(2n, 0, false)
    fixture.append(['c'], inTransaction(3n, 0))
    fixture.marker(3n, 0, true)
    fixture.marker(1n, 0, false)
    fixture.append(['a'], inTransaction(1n, 1))
    fixture.marker(1n, 0, false)
    const first = { producerId: 1n, firstOffset: 0n }
    const second = { producerId: 2n, firstOffset: 1n }
    expect(log.abortedTransactions(0n, 1n)).toEqual([first])
    expect(log.abortedTransactions(0n, 5n)).toEqual([second, first])
    expect(log.abortedTransactions(3n, 6n)).toEqual([first])
    expect(log.abortedTransactions(6n, 8n)).toEqual([{ producerId: 1n, firstOffset: 6n }])
    expect(log.abortedTransactions(8n, 9n)).toEqual([])
  })

  it('have no aborted entry when they wrote nothing', () => {
    const fixture = new LogFixture()
    fixture.marker(1n, 0, false)
    expect(fixture.log.abortedTransactions(0n, 9n)).toEqual([])
    expect(fixture.log.endOffset).toBe(1n)
  })

  it('take no records that stand outside, from the same producer', () => {
    const fixture = new LogFixture()
    fixture.append(['a'], inTransaction(1n, 0))
    const outside = { producerId: 1n, producerEpoch: 0, baseSequence: 1 }
    expect(codeOf(() => fixture.append(['b'], outside))).toBe('INVALID_TXN_STATE')
  })

  it('keep the producer known although its id expires', async () => {
    const fixture = new LogFixture({ producerIdExpirationMs: 1 })
    fixture.append(['a'], inTransaction(1n, 0))
    await fixture.clock.advance(700_000)
    expect(fixture.log.activeProducers()).toHaveLength(1)
  })

  it('begin where the log does when their first records were deleted', () => {
    const fixture = new LogFixture()
    for (let i = 0; i < 3; i++) fixture.append(['a'], inTransaction(1n, i))
    fixture.log.advanceStart(2n)
    expect(fixture.log.firstUnstableOffset).toBe(2n)
    expect(fixture.log.lastStableOffset(3n)).toBe(2n)
  })
})

describe('a marker', () => {
  function marker(fields: Partial<TransactionMarker>): TransactionMarker {
    return {
      producerId: 1n,
      producerEpoch: 5,
      committed: true,
      coordinatorEpoch: 3,
      transactionVersion: 1,
      ...fields,
    }
  }

  function opened(): LogFixture {
    const fixture = new LogFixture()
    fixture.append(['a'], inTransaction(1n, 0, 5))
    return fixture
  }

  it('is refused from an older epoch of the producer', () => {
    const { log } = opened()
    expect(codeOf(() => log.appendMarker(marker({ producerEpoch: 4 }), 0))).toBe('INVALID_PRODUCER_EPOCH')
    expect(codeOf(() => log.appendMarker(marker({ producerEpoch: 6 }), 0))).toBe('NONE')
  })

  it('is refused from an older coordinator', () => {
    const { log } = opened()
    log.appendMarker(marker({}), 0)
    const older = marker({ coordinatorEpoch: 2 })
    expect(codeOf(() => log.appendMarker(older, 0))).toBe('TRANSACTION_COORDINATOR_FENCED')
    expect(codeOf(() => log.appendMarker(marker({ coordinatorEpoch: 4 }), 0))).toBe('NONE')
  })

  it('of transactions v2 must have a later epoch than the records, but may be repeated', () => {
    const { log } = opened()
    const same = marker({ transactionVersion: 2 })
    expect(codeOf(() => log.appendMarker(same, 0))).toBe('INVALID_PRODUCER_EPOCH')
    const bumped = marker({ transactionVersion: 2, producerEpoch: 6 })
    expect(codeOf(() => log.appendMarker(bumped, 0))).toBe('NONE')
    expect(codeOf(() => log.appendMarker(bumped, 0))).toBe('NONE')
    expect(codeOf(() => log.appendMarker(same, 0))).toBe('INVALID_PRODUCER_EPOCH')
  })

  it('of transactions v1 lets the sequences go on, of v2 restarts them', () => {
    const first = opened()
    first.log.appendMarker(marker({}), 0)
    expect(codeOf(() => first.append(['b'], inTransaction(1n, 1, 5)))).toBe('NONE')
    const second = opened()
    second.log.appendMarker(marker({ transactionVersion: 2, producerEpoch: 6 }), 0)
    const next = inTransaction(1n, 1, 6)
    expect(codeOf(() => second.append(['b'], next))).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER')
    expect(codeOf(() => second.append(['b'], { ...next, baseSequence: 0 }))).toBe('NONE')
  })

  it('gets the time of the append as its type where the topic has it so', () => {
    const fixture = new LogFixture({ messageTimestampType: 'LogAppendTime' })
    expect(fixture.marker(1n, 0, true).logAppendTime).toBe(fixture.clock.wallTime())
  })
})

describe('the first batch of a transaction', () => {
  it('must have sequence 0 with transactions v2 when nothing is known of the producer', () => {
    const { log, batch } = withBatch()
    expect(codeOf(() => log.append(batch, 0, 12))).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER')
    expect(codeOf(() => log.append(batch, 0, 11))).toBe('NONE')
  })

  function withBatch() {
    const fixture = new LogFixture()
    return { log: fixture.log, batch: fixture.batch(['a'], inTransaction(1n, 3)) }
  }

  it('is answered like any duplicate when it comes again after the marker of v1', () => {
    const fixture = new LogFixture()
    const batch = fixture.batch(['a'], inTransaction(1n, 0))
    fixture.log.append(batch, 0, newestProduce)
    fixture.marker(1n, 0, true)
    expect(fixture.log.append(batch, 0, newestProduce)).toMatchObject({ isDuplicate: true, baseOffset: 0n })
  })
})
