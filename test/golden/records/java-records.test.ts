// Guards against reading a Java producer's or broker's batches other than Java does: fields, records and every codec.
import { createHash } from 'node:crypto'
import { codecNamed } from '../../../src/wire/records/compression/codecs'
import { openRecordsAsync } from '../../../src/wire/records/open-records'
import { readControlRecord } from '../../../src/wire/records/control-record'
import { encodeRecordBatch } from '../../../src/wire/records/encode-record-batch'
import { readRecordBatches } from '../../../src/wire/records/record-batch-reader'
import { openRecords } from '../../../src/wire/records/open-records'
import { type BatchVector, loadVectors, readAll } from './vectors'

const { records, codecs } = loadVectors()

describe('batches that Java wrote', () => {
  it('C16: cover all codecs and formats', () => {
    const seen = new Set(
      records.flatMap(({ batches }) => batches.map((b) => `${b.magic}/${b.compressionType}`)),
    )
    expect([...seen].sort()).toEqual('0/0 0/1 0/2 0/3 1/0 1/1 1/2 1/3 2/0 2/1 2/2 2/3 2/4'.split(' '))
  })

  it.each(records)('C16: $name: our reader finds what Java finds', ({ bytes, batches }) => {
    expect(readAll(Buffer.from(bytes, 'base64'))).toEqual(batches)
  })

  it.each(records)('$name: reads the same without holding up the event loop', async ({ bytes }) => {
    for (const batch of readRecordBatches(Buffer.from(bytes, 'base64'))) {
      const now = openRecords(batch)
      const later = await openRecordsAsync(batch)
      while (now.next()) {
        expect(later.next()).toBe(true)
        expect([later.offset, later.key(), later.value()]).toEqual([now.offset, now.key(), now.value()])
      }
      expect(later.next()).toBe(false)
    }
  })

  // Gzip and the like may come out different; without a codec there is only one way to write a batch.
  // Left out is what Java does not tell: records' own times behind an append time, and what only compaction writes.
  const plain = records.filter(({ batches }) =>
    batches.every(
      (b) =>
        b.magic === 2 &&
        b.compressionType === 0 &&
        !b.logAppendTime &&
        !b.deleteHorizon &&
        b.records.length > 0,
    ),
  )
  it.each(plain)('$name: written again, it is the same bytes', ({ bytes, batches }) => {
    const written = Buffer.concat(batches.map(encodeAgain))
    expect(written.toString('base64')).toBe(bytes)
  })

  it('tells the kind and the coordinator epoch of transaction markers', () => {
    const markers = records.filter(({ name }) => name.startsWith('marker '))
    const found = markers.map(({ name, bytes }) => {
      const [batch] = readRecordBatches(Buffer.from(bytes, 'base64'))
      const cursor = openRecords(batch!)
      cursor.next()
      return [name, readControlRecord(cursor)]
    })
    expect(found).toEqual([
      ['marker ABORT', { version: 0, type: 0, coordinatorEpoch: 21 }],
      ['marker COMMIT', { version: 0, type: 1, coordinatorEpoch: 21 }],
    ])
  })
})

describe('bytes of codecs with settings that Kafka itself does not use', () => {
  it.each(codecs)('$codec, $name', async ({ codec, bytes, length, sha256 }) => {
    const input = Buffer.from(bytes, 'base64')
    const output = codecNamed(codec)!.decompress(input, length)
    expect([output.length, hash(output)]).toEqual([length, sha256])
    expect(hash(await codecNamed(codec)!.decompressAsync(input, length))).toBe(sha256)
    expect(() => codecNamed(codec)!.decompress(input, length - 1)).toThrow(/larger than/)
  })
})

function hash(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function encodeAgain(batch: BatchVector): Buffer {
  return encodeRecordBatch({
    baseOffset: BigInt(batch.baseOffset),
    lastOffsetDelta: Number(BigInt(batch.lastOffset) - BigInt(batch.baseOffset)),
    partitionLeaderEpoch: batch.partitionLeaderEpoch,
    producerId: BigInt(batch.producerId),
    producerEpoch: batch.producerEpoch,
    baseSequence: batch.baseSequence,
    isTransactional: batch.transactional,
    isControl: batch.control,
    ...(batch.logAppendTime ? { logAppendTime: batch.maxTimestamp } : {}),
    records: batch.records.map((record) => ({
      offsetDelta: Number(BigInt(record.offset) - BigInt(batch.baseOffset)),
      timestamp: record.timestamp,
      key: record.key === null ? null : Buffer.from(record.key, 'base64'),
      value: record.value === null ? null : Buffer.from(record.value, 'base64'),
      headers: record.headers.map(([key, value]) => ({
        key,
        value: value === null ? null : Buffer.from(value, 'base64'),
      })),
    })),
  })
}
