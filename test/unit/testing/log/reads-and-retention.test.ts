// Guards against consumers that miss records or get deleted ones: reads, offsets by time, retention by whole segments.
import { codeOf, contentOf, LogFixture, newestProduce } from '../support/log-fixture'
import { encodeRecordBatch } from '../../../../src/wire/records/encode-record-batch'

const all = { maxBytes: 1_000_000, atLeastOne: true }

describe('a read', () => {
  function filled() {
    const fixture = new LogFixture()
    for (const text of ['a', 'b', 'c']) fixture.append([text, text])
    return fixture
  }

  it('gives whole batches by reference, the first of which may begin earlier', () => {
    const { log } = filled()
    const read = log.read({ offset: 3n, upTo: 6n, ...all })
    expect(read.pieces[0]).toBe(log.batches[1]?.bytes)
    expect(read.pieces).toHaveLength(2)
    expect(read).toMatchObject({ nextOffset: 6n, bytes: log.sizeInBytes * (2 / 3) })
  })

  it('gives nothing at or beyond its bound', () => {
    const { log } = filled()
    expect(log.read({ offset: 0n, upTo: 4n, ...all }).nextOffset).toBe(4n)
    expect(log.read({ offset: 4n, upTo: 4n, ...all })).toEqual({ pieces: [], bytes: 0, nextOffset: 4n })
    expect(log.read({ offset: 6n, upTo: 6n, ...all })).toEqual({ pieces: [], bytes: 0, nextOffset: 6n })
  })

  it('stops at its limit of bytes, but gives a first batch that is larger when it must', () => {
    const { log } = filled()
    const batchBytes = log.sizeInBytes / 3
    const read = (maxBytes: number, atLeastOne: boolean) =>
      log.read({ offset: 0n, upTo: 6n, maxBytes, atLeastOne }).pieces.length
    expect(read(2 * batchBytes, false)).toBe(2)
    expect(read(2 * batchBytes - 1, false)).toBe(1)
    expect(read(batchBytes - 1, true)).toBe(1)
    expect(read(batchBytes - 1, false)).toBe(0)
  })
})

describe('offsets by time', () => {
  function timed() {
    const fixture = new LogFixture()
    for (const timestamps of [
      [100, 300],
      [200, 250],
      [300, 400],
    ]) {
      const records = timestamps.map((timestamp) => ({ timestamp, key: null, value: 'x' }))
      fixture.log.append(encodeRecordBatch({ records }), 2, newestProduce)
    }
    return fixture.log
  }

  it('are those of the first record that is as late, also within a batch', () => {
    const log = timed()
    const at = (timestamp: number) => log.offsetForTimestamp(timestamp, 6n)
    expect(at(0)).toEqual({ offset: 0n, timestamp: 100, leaderEpoch: 2 })
    expect(at(101)).toEqual({ offset: 1n, timestamp: 300, leaderEpoch: 2 })
    expect(at(301)).toEqual({ offset: 5n, timestamp: 400, leaderEpoch: 2 })
    expect(at(401)).toBeUndefined()
  })

  it('lie neither before the start nor at the bound', () => {
    const log = timed()
    log.advanceStart(1n)
    expect(log.offsetForTimestamp(0, 6n)?.offset).toBe(1n)
    expect(log.offsetForTimestamp(301, 5n)).toBeUndefined()
  })

  it('of the highest timestamp are those of the first record that has it', () => {
    const log = timed()
    expect(log.maxTimestamp(6n)).toEqual({ offset: 5n, timestamp: 400, leaderEpoch: 2 })
    expect(log.maxTimestamp(5n)).toBeUndefined()
    expect(new LogFixture().log.maxTimestamp(0n)).toBeUndefined()
  })
})

describe('the start of a log', () => {
  it('can lie within a batch, which stays until all of it is deleted', () => {
    const { log, append } = bound()
    append(['a', 'b'])
    append(['c'])
    log.advanceStart(1n)
    expect(log.startOffset).toBe(1n)
    expect(log.batches).toHaveLength(2)
    log.advanceStart(2n)
    expect(log.batches).toHaveLength(1)
    log.advanceStart(1n)
    expect(log.startOffset).toBe(2n)
    log.advanceStart(9n)
    expect(log).toMatchObject({ startOffset: 9n, endOffset: 9n, sizeInBytes: 0 })
  })

  function bound() {
    const fixture = new LogFixture()
    return { log: fixture.log, append: fixture.append.bind(fixture) }
  }
})

describe('retention', () => {
  const batchBytes = new LogFixture().batch(['x']).length

  it('by time deletes the segments whose newest record is too old, the last one too', async () => {
    const fixture = new LogFixture({ segmentBytes: 2 * batchBytes, retentionMs: 1000 })
    const { log, clock } = fixture
    for (let i = 0; i < 3; i++) {
      fixture.append(['x'])
      await clock.advance(300)
    }
    fixture.append(['x'])
    await clock.advance(400)
    expect(log.applyRetention(clock.wallTime(), 4n)).toBe(false)
    await clock.advance(1)
    expect(log.applyRetention(clock.wallTime(), 4n)).toBe(true)
    expect(contentOf(log)).toEqual(['2:=x', '3:=x'])
    await clock.advance(1000)
    expect(log.applyRetention(clock.wallTime(), 4n)).toBe(true)
    expect(log).toMatchObject({ startOffset: 4n, endOffset: 4n })
    expect(fixture.append(['y']).baseOffset).toBe(4n)
  })

  it('never goes beyond what is replicated', async () => {
    const fixture = new LogFixture({ segmentBytes: batchBytes, retentionMs: 1000 })
    for (let i = 0; i < 3; i++) fixture.append(['x'])
    await fixture.clock.advance(5000)
    fixture.log.applyRetention(fixture.clock.wallTime(), 2n)
    expect(fixture.log.startOffset).toBe(2n)
  })

  it('by size deletes whole segments while at least the wanted bytes are left', () => {
    const fixture = new LogFixture({
      segmentBytes: 2 * batchBytes,
      retentionBytes: 3 * batchBytes,
      retentionMs: -1,
    })
    const { log, clock } = fixture
    for (let i = 0; i < 6; i++) fixture.append(['x'])
    expect(log.applyRetention(clock.wallTime(), 6n)).toBe(true)
    expect(log.startOffset).toBe(2n)
    expect(log.applyRetention(clock.wallTime(), 6n)).toBe(false)
    fixture.append(['x'])
    log.applyRetention(clock.wallTime(), 7n)
    expect(log.startOffset).toBe(4n)
  })

  it('begins a new segment after segment.ms too', async () => {
    const fixture = new LogFixture({ segmentMs: 1000, retentionMs: 2500 })
    fixture.append(['x'])
    await fixture.clock.advance(1001)
    fixture.append(['y'])
    await fixture.clock.advance(1500)
    fixture.log.applyRetention(fixture.clock.wallTime(), 2n)
    expect(contentOf(fixture.log)).toEqual(['1:=y'])
  })

  it('deletes nothing of a topic that is only compacted, or has no limits', async () => {
    for (const config of [{ cleanupPolicy: ['compact' as const], retentionMs: 1 }, { retentionMs: -1 }]) {
      const fixture = new LogFixture(config)
      fixture.appendKeyed(['k=v'])
      await fixture.clock.advance(10_000)
      expect(fixture.log.applyRetention(fixture.clock.wallTime(), 1n)).toBe(false)
    }
  })

  it('goes by the configs of the moment', () => {
    const fixture = new LogFixture()
    fixture.append(['x'])
    fixture.config = { ...fixture.config, maxMessageBytes: 10 }
    expect(codeOf(() => fixture.append(['x']))).toBe('MESSAGE_TOO_LARGE')
  })
})
