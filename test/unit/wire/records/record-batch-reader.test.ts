// Guards against losing or inventing records at the ragged end of a fetch, and against trusting damaged bytes (L1).
import { DecodeError } from '../../../../src/base/errors'
import { batchLayout } from '../../../../src/wire/records/batch-layout'
import { readControlRecord } from '../../../../src/wire/records/control-record'
import { encodeRecordBatch } from '../../../../src/wire/records/encode-record-batch'
import { openRecords, openRecordsAsync } from '../../../../src/wire/records/open-records'
import { RecordBatchReader, readRecordBatches } from '../../../../src/wire/records/record-batch-reader'

const records = [
  { timestamp: 100, key: 'k', value: 'v', headers: [{ key: 'h', value: 'x' }] },
  { timestamp: 90, key: null, value: null },
]

function tampered(change: (batch: Buffer) => void): Buffer {
  const batch = encodeRecordBatch({ records })
  change(batch)
  return batch
}

function drain(bytes: Buffer): void {
  for (const batch of readRecordBatches(bytes)) {
    const cursor = openRecords(batch)
    while (cursor.next());
  }
}

describe('RecordBatchReader', () => {
  it('gives the whole batches and leaves alone the one that is cut off, wherever it is cut', () => {
    const first = encodeRecordBatch({ records, baseOffset: 10n })
    const second = encodeRecordBatch({ records, baseOffset: 12n })
    const both = Buffer.concat([first, second])
    for (let length = 0; length <= both.length; length++) {
      const reader = new RecordBatchReader(both.subarray(0, length))
      const found: bigint[] = []
      for (let batch = reader.next(); batch !== undefined; batch = reader.next()) found.push(batch.baseOffset)
      expect(found).toEqual(length < first.length ? [] : length < both.length ? [10n] : [10n, 12n])
      expect(reader.remaining).toBe(length - found.length * first.length)
    }
  })

  it('reads batches that do not lie at the start of their buffer', () => {
    const batch = encodeRecordBatch({ records })
    const padded = Buffer.concat([Buffer.alloc(7), batch, Buffer.alloc(5)])
    const reader = new RecordBatchReader(padded, 7, 7 + batch.length)
    const found = reader.next()
    expect(found?.hasValidChecksum()).toBe(true)
    const cursor = openRecords(found!)
    expect([cursor.next(), cursor.key()?.toString(), cursor.next(), cursor.next()]).toEqual([
      true,
      'k',
      true,
      false,
    ])
    expect(reader.next()).toBeUndefined()
  })

  it('goes on after the last offset a batch ever had, also when its records are gone', () => {
    const [batch] = readRecordBatches(
      encodeRecordBatch({ records: [], baseOffset: 100n, lastOffsetDelta: 49 }),
    )
    expect([batch?.lastOffset, batch?.nextOffset, batch?.recordsCount]).toEqual([149n, 150n, 0])
    expect(openRecords(batch!).next()).toBe(false)
  })

  it.each([
    ['a length below the smallest batch', (b: Buffer) => b.writeInt32BE(3, batchLayout.batchLength)],
    ['a negative length', (b: Buffer) => b.writeInt32BE(-1, batchLayout.batchLength)],
    ['an unknown format', (b: Buffer) => (b[batchLayout.magic] = 3)],
    ['a negative count', (b: Buffer) => b.writeInt32BE(-1, batchLayout.recordsCount)],
    ['a count beyond its bytes', (b: Buffer) => b.writeInt32BE(2 ** 31 - 1, batchLayout.recordsCount)],
    ['a count too low', (b: Buffer) => b.writeInt32BE(1, batchLayout.recordsCount)],
    ['a count too high', (b: Buffer) => b.writeInt32BE(3, batchLayout.recordsCount)],
    ['a negative last offset', (b: Buffer) => b.writeInt32BE(-5, batchLayout.lastOffsetDelta)],
    ['an unknown codec', (b: Buffer) => (b[batchLayout.attributes + 1] = 7)],
    ['a header count without headers', (b: Buffer) => (b[b.length - 1] = 2)],
    ['a record longer than the batch', (b: Buffer) => (b[batchLayout.records] = 0x7e)],
  ])('refuses %s with a DecodeError', (_, change) => {
    expect(() => drain(tampered(change))).toThrow(DecodeError)
  })

  it('finds every single damaged byte behind the checksum', () => {
    const sound = encodeRecordBatch({ records })
    for (let at = batchLayout.attributes; at < sound.length; at++) {
      const damaged = tampered((b) => (b[at] = (b[at] as number) ^ 1))
      expect(() => readRecordBatches(damaged)[0]?.verifyChecksum()).toThrow(DecodeError)
    }
  })

  it('does not decompress past the limit', async () => {
    const bytes = encodeRecordBatch({
      records: [{ timestamp: 1, key: null, value: Buffer.alloc(50_000) }],
      compression: 'gzip',
    })
    const [batch] = readRecordBatches(bytes)
    expect(() => openRecords(batch!, { maxBytes: 10_000 })).toThrow(/larger than 10000 bytes/)
    await expect(async () => openRecordsAsync(batch!, { maxBytes: 10_000 })).rejects.toThrow(DecodeError)
  })
})

describe('readControlRecord', () => {
  function control(key: Buffer | null, value: Buffer | null) {
    const [batch] = readRecordBatches(
      encodeRecordBatch({ records: [{ timestamp: 1, key, value }], isControl: true }),
    )
    const cursor = openRecords(batch!)
    cursor.next()
    return () => readControlRecord(cursor)
  }

  it('passes over types and versions that came later', () => {
    expect(control(Buffer.from([0, 9, 0, 77]), null)()).toEqual({
      version: 9,
      type: 77,
      coordinatorEpoch: -1,
    })
  })

  it.each([
    ['no key', null, null],
    ['a short key', Buffer.from([0, 0, 0]), null],
    ['a negative version', Buffer.from([255, 255, 0, 0]), null],
    ['a marker without a value', Buffer.from([0, 0, 0, 1]), null],
    ['a marker with a short value', Buffer.from([0, 0, 0, 1]), Buffer.alloc(5)],
  ])('refuses %s with a DecodeError', (_, key, value) => {
    expect(control(key, value)).toThrow(DecodeError)
  })
})
