// Guards against batches that brokers refuse or that say something else than what was appended (L3).
import { RecordBatchBuilder, recordSizeUpperBound } from '../../../../src/wire/records/record-batch-builder'
import type { RecordHeader } from '../../../../src/wire/records/record-header'
import { openRecords } from '../../../../src/wire/records/open-records'
import { readRecordBatches } from '../../../../src/wire/records/record-batch-reader'
import { splitBatch } from '../../../../src/wire/records/split-batch'
import { codecNamed } from '../../../../src/wire/records/compression/codecs'

interface Given {
  timestamp: number
  key: Uint8Array | string | null
  value: Uint8Array | string | null
  headers?: RecordHeader[]
}

function readBack(bytes: Buffer): unknown[] {
  return readRecordBatches(bytes).flatMap((batch) => {
    batch.verifyChecksum()
    const records: unknown[] = []
    const cursor = openRecords(batch)
    while (cursor.next()) {
      records.push([
        cursor.offset,
        cursor.timestamp,
        cursor.key()?.toString(),
        cursor.value()?.toString(),
        cursor.headers().map(({ key, value }) => [key, value?.toString()]),
      ])
    }
    return records
  })
}

function expected(given: readonly Given[]): unknown[] {
  return given.map(({ timestamp, key, value, headers = [] }, i) => [
    BigInt(i),
    timestamp,
    key === null ? undefined : Buffer.from(key as string).toString(),
    value === null ? undefined : Buffer.from(value as string).toString(),
    headers.map((h) => [
      Buffer.from(h.key).toString(),
      h.value === null ? undefined : Buffer.from(h.value as string).toString(),
    ]),
  ])
}

function fill(given: readonly Given[], slab?: Buffer | number): RecordBatchBuilder {
  const builder = new RecordBatchBuilder(slab)
  for (const { timestamp, key, value, headers } of given) builder.append(timestamp, key, value, headers)
  return builder
}

describe('RecordBatchBuilder', () => {
  it.each([0, 1, 15, 16, 17, 31, 32, 33, 63, 64, 127, 128, 1023, 1024, 1025, 8191, 8192, 100_000])(
    'writes text and bytes of %i units, ASCII or not, as they are',
    (length) => {
      const texts = ['a', 'é', '€', '😀'].flatMap((c) => [c.repeat(length), `${'a'.repeat(length)}${c}`])
      const given: Given[] = texts.flatMap((text) => [
        { timestamp: 5, key: text, value: null },
        { timestamp: 6, key: null, value: text },
        { timestamp: 7, key: text.slice(0, 40), value: Buffer.from(text) },
        {
          timestamp: 8,
          key: Buffer.from(text),
          value: text,
          headers: [{ key: text.slice(0, 9), value: text }],
        },
      ])
      expect(readBack(fill(given).seal().toBuffer())).toEqual(expected(given))
    },
  )

  it('replaces lone surrogates as UTF-8 demands, without losing its place', () => {
    const given = [
      { timestamp: 1, key: '\ud800', value: `${'x'.repeat(50)}\udc00` },
      { timestamp: 1, key: 'next', value: 'record' },
    ]
    expect(readBack(fill(given).seal().toBuffer())).toEqual(expected(given))
  })

  it('keeps every integer that a timestamp may be', () => {
    const far = [
      0,
      -1,
      1,
      2 ** 30,
      -(2 ** 30) - 1,
      2 ** 31 - 1,
      -(2 ** 31),
      2 ** 31,
      -(2 ** 31) - 1,
      2 ** 32,
      8.64e15,
      -8.64e15,
    ]
    for (const base of far) {
      const given = [base, ...far].map((timestamp) => ({ timestamp, key: null, value: null }))
      const builder = fill(given)
      expect([builder.baseTimestamp, builder.maxTimestamp]).toEqual([base, 8.64e15])
      expect(readBack(builder.seal().toBuffer())).toEqual(expected(given))
    }
  })

  it('takes a key from a range of a larger buffer', () => {
    const scratch = Buffer.from('..the key..')
    const builder = new RecordBatchBuilder()
    expect(builder.tryAppend(1e6, 1, scratch, 2, 9, 'v', null)).toBe(true)
    const long = Buffer.from('x'.repeat(100))
    expect(builder.tryAppend(1e6, 1, long, 10, 90, null, null)).toBe(true)
    expect(readBack(builder.seal().toBuffer())).toEqual(
      expected([
        { timestamp: 1, key: 'the key', value: 'v' },
        { timestamp: 1, key: 'x'.repeat(80), value: null },
      ]),
    )
  })

  it('refuses a record by which it would outgrow its limit and stays as it was', () => {
    const builder = fill([{ timestamp: 10, key: null, value: 'first' }])
    const { byteLength } = builder
    expect(builder.tryAppend(byteLength + 20, 99, null, 0, 0, 'x'.repeat(100), null)).toBe(false)
    expect([builder.count, builder.byteLength, builder.maxTimestamp]).toEqual([1, byteLength, 10])
    expect(builder.tryAppend(byteLength + 20, 11, null, 0, 0, 'fits', null)).toBe(true)
    expect(builder.byteLength).toBeLessThanOrEqual(byteLength + 20)
    expect(readBack(builder.seal().toBuffer())).toEqual(
      expected([
        { timestamp: 10, key: null, value: 'first' },
        { timestamp: 11, key: null, value: 'fits' },
      ]),
    )
  })

  it('takes one record of any size when it is empty', () => {
    const builder = new RecordBatchBuilder()
    expect(builder.tryAppend(100, 1, null, 0, 0, 'x'.repeat(5000), null)).toBe(true)
    expect(builder.tryAppend(100, 1, null, 0, 0, '', null)).toBe(false)
  })

  it('never takes more for a record than the bound says', () => {
    const headers = [
      { key: 'hé', value: 'x' },
      { key: 'k', value: null },
    ]
    for (const [keyLength, valueLength] of [
      [-1, -1],
      [0, 0],
      [5, 100],
      [8192, 2_000_000],
    ] as const) {
      const builder = fill([{ timestamp: -8.64e15, key: null, value: null }])
      const before = builder.byteLength
      const key = keyLength < 0 ? null : Buffer.alloc(keyLength)
      builder.appendAt(0x7fffffff, 8.64e15, key, valueLength < 0 ? null : Buffer.alloc(valueLength), headers)
      expect(builder.byteLength - before).toBeLessThanOrEqual(
        recordSizeUpperBound(keyLength, valueLength, headers),
      )
    }
  })

  it('takes back what was appended since a mark', () => {
    const builder = fill([{ timestamp: 10, key: 'a', value: 'b' }])
    const mark = builder.mark()
    builder.append(20, 'c', 'd')
    builder.append(30, 'e', 'f')
    builder.truncate(mark)
    builder.append(15, 'g', 'h')
    expect(builder.maxTimestamp).toBe(15)
    expect(readBack(builder.seal().toBuffer())).toEqual(
      expected([
        { timestamp: 10, key: 'a', value: 'b' },
        { timestamp: 15, key: 'g', value: 'h' },
      ]),
    )
  })

  it('starts anew when everything was taken back', () => {
    const builder = new RecordBatchBuilder()
    const mark = builder.mark()
    builder.append(20, 'c', 'd')
    builder.truncate(mark)
    builder.append(-5, 'g', 'h')
    expect([builder.baseTimestamp, builder.maxTimestamp]).toEqual([-5, -5])
    expect(readBack(builder.seal().toBuffer())).toEqual(expected([{ timestamp: -5, key: 'g', value: 'h' }]))
  })

  it('takes no records after it was sealed', () => {
    const builder = fill([{ timestamp: 1, key: null, value: null }])
    builder.seal()
    expect(() => builder.append(1, null, null)).toThrow('A sealed batch takes no more records')
  })
})

describe('SealedBatch', () => {
  const given: Given[] = Array.from({ length: 300 }, (_, i) => ({
    timestamp: i,
    key: `k${i}`,
    value: 'v'.repeat(i),
  }))

  it('L3: is the slab itself when it is not compressed', () => {
    const slab = Buffer.allocUnsafeSlow(200_000)
    const sealed = fill(given, slab).seal()
    expect((sealed.bytes as Buffer).buffer).toBe(slab.buffer)
    expect((sealed.bytes as Buffer).byteOffset).toBe(slab.byteOffset)
    expect(sealed.toBuffer().buffer).toBe(slab.buffer)
  })

  it('L3: sends compressed records as the codec gave them', () => {
    const builder = fill(given)
    const bytes = codecNamed('gzip')!.compress(builder.records)
    const sealed = builder.seal({ compressed: { type: 1, bytes } })
    expect((sealed.bytes as Uint8Array[])[1]).toBe(bytes)
    expect([sealed.byteLength, sealed.uncompressedBytes]).toEqual([61 + bytes.length, builder.byteLength])
    expect(readBack(sealed.toBuffer())).toEqual(expected(given))
  })

  it.each([false, true])(
    'changes its identity without touching the records (compressed: %s)',
    (isCompressed) => {
      const builder = fill(given)
      const compressed = isCompressed
        ? { type: 3, bytes: codecNamed('lz4')!.compress(builder.records) }
        : undefined
      const sealed = builder.seal({ isTransactional: true, ...(compressed && { compressed }) })
      const records = Buffer.from(sealed.toBuffer().subarray(61))
      for (const identity of [
        { producerId: 2n ** 63n - 1n, producerEpoch: 32767, baseSequence: 2 ** 31 - 1 },
        { producerId: -1n, producerEpoch: -1, baseSequence: -1 },
        { producerId: 5n, producerEpoch: 0, baseSequence: 7 },
      ]) {
        sealed.restamp(identity)
        const [batch] = readRecordBatches(sealed.toBuffer())
        expect(batch).toMatchObject({ ...identity, isTransactional: true, isControl: false })
        expect(batch?.hasValidChecksum()).toBe(true)
        expect(sealed.toBuffer().subarray(61).equals(records)).toBe(true)
      }
    },
  )
})

describe('splitBatch', () => {
  it('keeps all records in their order in batches under the limit', () => {
    const given: Given[] = Array.from({ length: 500 }, (_, i) => ({
      timestamp: 1000 - i,
      key: i % 3 ? `k${i}` : null,
      value: i % 5 ? 'v'.repeat(i) : null,
      ...(i % 7
        ? {}
        : {
            headers: [
              { key: 'h', value: 'x' },
              { key: 'h', value: null },
            ],
          }),
    }))
    const builder = fill(given)
    builder.seal()
    const parts = splitBatch(builder, 3000)
    expect(parts.length).toBeGreaterThan(30)
    expect(Math.max(...parts.map((part) => part.byteLength))).toBeLessThanOrEqual(3000)
    let first = 0
    for (const part of parts) {
      const share = given.slice(first, first + part.count)
      expect(part.maxTimestamp).toBe(1000 - first)
      expect(readBack(part.seal().toBuffer())).toEqual(expected(share))
      first += part.count
    }
    expect(first).toBe(500)
  })

  it('gives a record that is larger than the limit a batch of its own', () => {
    const given = ['small', 'x'.repeat(500), 'small'].map((value) => ({ timestamp: 1, key: null, value }))
    expect(splitBatch(fill(given), 200).map((part) => part.count)).toEqual([1, 1, 1])
  })
})
