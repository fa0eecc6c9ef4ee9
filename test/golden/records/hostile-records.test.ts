// Guards against bytes that end in anything but a value or a DecodeError: a RangeError, a hang, memory without bound (L1).
import { DecodeError } from '../../../src/base/errors'
import { batchLayout, batchLengthOverhead } from '../../../src/wire/records/batch-layout'
import { codecNamed } from '../../../src/wire/records/compression/codecs'
import { openRecords } from '../../../src/wire/records/open-records'
import { readControlRecord } from '../../../src/wire/records/control-record'
import { RecordBatchReader } from '../../../src/wire/records/record-batch-reader'
import { randomIntegers } from '../../support/random-integers'
import { loadVectors } from './vectors'

const maxBytes = 1 << 20
const small = 3000
const { records, codecs } = loadVectors()
const fields = records.map(({ name, bytes }) => ({ name, bytes: Buffer.from(bytes, 'base64') }))
const smallFields = fields.filter(({ bytes }) => bytes.length <= small)

// Errors by the hundred thousand: where each was thrown is enough to find it, and its whole stack takes most of the time.
const { stackTraceLimit } = Error
beforeAll(() => void (Error.stackTraceLimit = 2))
afterAll(() => void (Error.stackTraceLimit = stackTraceLimit))

/** Reads everything that can be read; answers how many records, or the DecodeError. */
function read(bytes: Buffer): number | DecodeError {
  let count = 0
  try {
    const reader = new RecordBatchReader(bytes)
    for (let batch = reader.next(); batch !== undefined; batch = reader.next()) {
      batch.hasValidChecksum()
      const cursor = openRecords(batch, { maxBytes })
      while (cursor.next()) {
        cursor.key()
        cursor.value()
        if (cursor.headers().length !== cursor.headerCount) throw new Error('headers are missing')
        if (batch.isControl) readControlRecord(cursor)
        count++
      }
    }
    return count
  } catch (error) {
    if (error instanceof DecodeError) return error
    throw error
  }
}

/** Cuts a field of one batch and makes the batch say that this is all, so that its inside is what is cut off. */
function cutWithin(bytes: Buffer, length: number): Buffer {
  const cut = Buffer.from(bytes.subarray(0, length))
  if (length >= batchLengthOverhead) cut.writeInt32BE(length - batchLengthOverhead, batchLayout.batchLength)
  return cut
}

describe('cut records', () => {
  it.each(fields)('$name: cut off anywhere, it gives whole batches only', ({ bytes }) => {
    const all = read(bytes)
    const step = bytes.length <= small ? 1 : Math.ceil(bytes.length / 50)
    for (let length = 0; length < bytes.length; length += step) {
      const found = read(bytes.subarray(0, length))
      expect(typeof found === 'number' && found <= Number(all)).toBe(true)
    }
  })

  const single = smallFields.filter(({ name }) => !name.startsWith('magic') && name !== 'formats mixed')
  it.each(single)('$name: a batch that ends too early is refused', ({ bytes }) => {
    for (let length = batchLengthOverhead + 1; length < bytes.length; length++) {
      const found = read(cutWithin(bytes, length))
      // Up to its magic byte a batch cannot be told from one that is cut off; snappy, gzip and lz4 may be whole already.
      if (length > batchLayout.magic) expect(found === 0 || found instanceof DecodeError).toBe(true)
    }
  })
})

describe('changed records', () => {
  it('end in a value or a DecodeError, 30,000 times', () => {
    const random = randomIntegers(2024)
    const started = Date.now()
    let values = 0
    for (let i = 0; i < 30_000; i++) {
      const bytes = Buffer.from((smallFields[i % smallFields.length] as { bytes: Buffer }).bytes)
      for (let changes = 1 + random(4); changes > 0; changes--) change(bytes, random)
      if (typeof read(bytes) === 'number') values++
    }
    // Some changes must go through (a letter of a value), or the test would prove nothing but refusals.
    expect(values).toBeGreaterThan(1000)
    expect(values).toBeLessThan(29_000)
    expect(Date.now() - started).toBeLessThan(100_000)
  }, 120_000)
})

describe('changed codec data', () => {
  it('ends in a value or a DecodeError, 4,000 times', () => {
    const random = randomIntegers(11)
    for (let i = 0; i < 4000; i++) {
      const { codec, bytes } = codecs[i % codecs.length] as (typeof codecs)[number]
      const input = Buffer.from(bytes, 'base64')
      for (let changes = 1 + random(3); changes > 0; changes--) change(input, random)
      try {
        expect(codecNamed(codec)!.decompress(input, maxBytes).length).toBeLessThanOrEqual(maxBytes)
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error
      }
    }
  }, 120_000)
})

const extremes = [-2, -1, 0, 1, 2 ** 31 - 1, -(2 ** 31)]

/** One random byte, or one of the lengths that decoders fall for. */
function change(bytes: Buffer, random: (below: number) => number): void {
  if (random(4) > 0 || bytes.length < 4) bytes[random(bytes.length)] = random(256)
  else bytes.writeInt32BE(extremes[random(extremes.length)] as number, random(bytes.length - 3))
}
