// Guards against compaction that loses the last value of a key, shows aborted ones, or forgets a producer's sequence.
import { codeOf, contentOf, LogFixture, newestProduce } from '../support/log-fixture'

const compacted = { cleanupPolicy: ['compact' as const], deleteRetentionMs: 1000 }

function compact({ log, clock }: LogFixture, upTo = log.endOffset): void {
  log.compact(clock.wallTime(), upTo)
}

describe('compaction', () => {
  it.each(['none', 'gzip', 'lz4'] as const)(
    'keeps the last record of each key, at its offset (%s)',
    (compression) => {
      const fixture = new LogFixture(compacted)
      fixture.appendKeyed(['a=1', 'b=1', 'c=1'], { compression })
      fixture.appendKeyed(['b=2'], { compression })
      fixture.appendKeyed(['a=2', 'a=3', 'd=1'], { compression })
      compact(fixture)
      expect(contentOf(fixture.log)).toEqual(['2:c=1', '3:b=2', '5:a=3', '6:d=1'])
      expect(fixture.log.batches.map((batch) => [batch.baseOffset, batch.lastOffset])).toEqual([
        [0n, 2n],
        [3n, 3n],
        [4n, 6n],
      ])
      expect(fixture.log.endOffset).toBe(7n)
      expect(fixture.budget.usedBytes).toBe(fixture.log.sizeInBytes)
    },
  )

  it('drops batches that are empty then, and reads go on behind them', () => {
    const fixture = new LogFixture(compacted)
    fixture.appendKeyed(['a=1', 'b=1'])
    fixture.appendKeyed(['a=2', 'b=2'])
    compact(fixture)
    expect(fixture.log.batches).toHaveLength(1)
    expect(fixture.log.startOffset).toBe(0n)
    const read = fixture.log.read({ offset: 0n, upTo: 4n, maxBytes: 9999, atLeastOne: true })
    expect(read).toMatchObject({ nextOffset: 4n })
  })

  it('leaves untouched what lies behind its bound, and does not let it overrule what lies before', () => {
    const fixture = new LogFixture(compacted)
    fixture.appendKeyed(['a=1'])
    fixture.appendKeyed(['a=2'])
    fixture.appendKeyed(['a=3'])
    compact(fixture, 2n)
    expect(contentOf(fixture.log)).toEqual(['1:a=2', '2:a=3'])
  })

  it('keeps key, value, headers and timestamp of what it writes anew', () => {
    const fixture = new LogFixture(compacted)
    fixture.appendKeyed(['a=1', 'b=1'], {
      records: [
        { timestamp: 5_000, key: 'a', value: '1' },
        {
          timestamp: 7_000,
          key: 'é',
          value: 'ü',
          headers: [
            { key: 'h', value: 'ö' },
            { key: 'n', value: null },
          ],
        },
      ],
    })
    fixture.appendKeyed(['a=2'])
    const before = fixture.log.offsetForTimestamp(7_000, 9n)
    compact(fixture)
    expect(contentOf(fixture.log)).toEqual(['1:é=ü', '2:a=2'])
    expect(fixture.log.offsetForTimestamp(0, 9n)).toEqual(before)
    expect(fixture.log.batches[0]?.maxTimestamp).toBe(7_000)
  })

  it('keeps a tombstone for delete.retention.ms from the compaction on that met it', async () => {
    const fixture = new LogFixture(compacted)
    fixture.appendKeyed(['a=1', 'b=1'])
    fixture.appendKeyed(['a'])
    compact(fixture)
    expect(contentOf(fixture.log)).toEqual(['1:b=1', '2:a=null'])
    const timestamp = fixture.log.offsetForTimestamp(fixture.clock.wallTime(), 9n)
    expect(timestamp?.offset).toBe(1n)
    await fixture.clock.advance(999)
    compact(fixture)
    expect(contentOf(fixture.log)).toEqual(['1:b=1', '2:a=null'])
    await fixture.clock.advance(1)
    compact(fixture)
    expect(contentOf(fixture.log)).toEqual(['1:b=1'])
  })

  it('drops aborted records at once, whatever they would overrule, and their marker later', async () => {
    const fixture = new LogFixture(compacted)
    const parts = { producerId: 7n, producerEpoch: 0, isTransactional: true }
    fixture.appendKeyed(['a=1'])
    fixture.appendKeyed(['a=2'], { ...parts, baseSequence: 0 })
    fixture.marker(7n, 0, false)
    fixture.appendKeyed(['b=1'], { ...parts, baseSequence: 1 })
    fixture.marker(7n, 0, true)
    compact(fixture)
    expect(contentOf(fixture.log)).toEqual(['0:a=1', '2:marker', '3:b=1', '4:marker'])
    expect(fixture.log.abortedTransactions(0n, 5n)).toEqual([{ producerId: 7n, firstOffset: 1n }])
    await fixture.clock.advance(1)
    compact(fixture)
    await fixture.clock.advance(1000)
    compact(fixture)
    expect(contentOf(fixture.log)).toEqual(['0:a=1', '3:b=1', '4:marker'])
  })

  it('tells readers nothing more of an aborted transaction that is gone, so that they see the next one', () => {
    const fixture = new LogFixture(compacted)
    const parts = { producerId: 7n, producerEpoch: 0, isTransactional: true }
    fixture.appendKeyed(['a=1'], { ...parts, baseSequence: 0 })
    fixture.marker(7n, 0, false)
    fixture.appendKeyed(['a=2'], { ...parts, baseSequence: 1 })
    fixture.marker(7n, 0, true)
    compact(fixture)
    expect(fixture.log.abortedTransactions(0n, 4n)).toEqual([{ producerId: 7n, firstOffset: 0n }])
    compact(fixture)
    expect(fixture.log.abortedTransactions(0n, 4n)).toEqual([])
    compact(fixture)
    expect(contentOf(fixture.log)).toContain('2:a=2')
  })

  it('does not touch what an open transaction may still decide', () => {
    const fixture = new LogFixture(compacted)
    fixture.appendKeyed(['a=1'])
    fixture.appendKeyed(['a=2'])
    fixture.appendKeyed(['a=3'], { producerId: 7n, producerEpoch: 0, baseSequence: 0, isTransactional: true })
    fixture.appendKeyed(['a=4'])
    compact(fixture)
    expect(contentOf(fixture.log)).toEqual(['1:a=2', '2:a=3', '3:a=4'])
  })

  it('keeps the last batch of a producer, empty if it must, for the sequence that comes next', () => {
    const fixture = new LogFixture(compacted)
    const identity = { producerId: 7n, producerEpoch: 2 }
    fixture.appendKeyed(['a=1'], { ...identity, baseSequence: 0 })
    fixture.appendKeyed(['a=2', 'b=1'], { ...identity, baseSequence: 1 })
    fixture.appendKeyed(['a=3', 'b=2'])
    compact(fixture)
    expect(contentOf(fixture.log)).toEqual(['3:a=3', '4:b=2'])
    expect(fixture.log.batches[0]).toMatchObject({
      baseOffset: 1n,
      lastOffset: 2n,
      recordsCount: 0,
      lastSequence: 2,
    })
    // All that is known now comes from what is left.
    const replica = fixture.createLog()
    replica.replicate(fixture.log.batches)
    const next = fixture.keyedBatch(['c=1'], { ...identity, baseSequence: 3 })
    expect(codeOf(() => replica.append(next, 0, newestProduce))).toBe('NONE')
    const gap = fixture.keyedBatch(['c=1'], { ...identity, baseSequence: 5 })
    expect(codeOf(() => replica.append(gap, 0, newestProduce))).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER')
    expect(replica.offsetForTimestamp(0, 9n)?.offset).toBe(3n)
  })

  it('leaves segments alone that are younger than min.compaction.lag.ms', async () => {
    const batchBytes = new LogFixture().keyedBatch(['a=1']).length
    const fixture = new LogFixture({ ...compacted, minCompactionLagMs: 1000, segmentBytes: 2 * batchBytes })
    fixture.appendKeyed(['a=1'])
    fixture.appendKeyed(['a=2'])
    await fixture.clock.advance(600)
    fixture.appendKeyed(['a=3'])
    fixture.appendKeyed(['a=4'])
    await fixture.clock.advance(400)
    compact(fixture)
    expect(contentOf(fixture.log)).toEqual(['1:a=2', '2:a=3', '3:a=4'])
    await fixture.clock.advance(600)
    compact(fixture)
    expect(contentOf(fixture.log)).toEqual(['3:a=4'])
  })

  it('gives replicas that are compacted one by one the same batches to share', () => {
    const fixture = new LogFixture(compacted)
    const follower = fixture.createLog()
    for (const entries of [['a=1', 'b=1'], ['a=2']]) follower.replicate(fixture.appendKeyed(entries).stored)
    compact(fixture)
    follower.compact(fixture.clock.wallTime(), 3n)
    expect(follower.batches[0]).toBe(fixture.log.batches[0])
    expect(fixture.budget.usedBytes).toBe(fixture.log.sizeInBytes)
  })
})
