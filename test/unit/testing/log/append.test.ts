// Guards against batches that a real broker would refuse, or would store in another form than it was given.
import { RecordValidationError } from '../../../../src/testing/log/record-validation-error'
import { batchLayout } from '../../../../src/wire/records/batch-layout'
import { crc32c } from '../../../../src/wire/crc32c'
import { encodeRecordBatch } from '../../../../src/wire/records/encode-record-batch'
import { openRecords } from '../../../../src/wire/records/open-records'
import { readBatchHeader } from '../../../../src/wire/records/record-batch'
import type { RecordBatch } from '../../../../src/wire/records/record-batch'
import { codeOf, contentOf, LogFixture, newestProduce } from '../support/log-fixture'

const now = 1_700_000_000_000

/** Changes bytes that the checksum covers, and the checksum with them. */
function forged(batch: Buffer, change: (bytes: Buffer) => void): Buffer {
  const bytes = Buffer.from(batch)
  change(bytes)
  bytes.writeUInt32BE(crc32c(bytes, batchLayout.attributes), batchLayout.crc)
  return bytes
}

function stored(fixture: LogFixture, index = 0): RecordBatch {
  const bytes = fixture.log.batches[index]?.bytes ?? Buffer.alloc(0)
  const batch = readBatchHeader(bytes, 0, bytes.length)
  expect(batch.hasValidChecksum()).toBe(true)
  return batch
}

function refusalOf(action: () => unknown): RecordValidationError {
  try {
    action()
  } catch (error) {
    if (error instanceof RecordValidationError) return error
    throw error
  }
  throw new TypeError('nothing was refused')
}

describe('a batch that is stored', () => {
  it('gets the next offsets and the leader epoch, and its checksum stays right', () => {
    const fixture = new LogFixture()
    fixture.append(['a', 'b'], {}, 3)
    const result = fixture.append(['c'], {}, 4)
    expect(result).toMatchObject({ baseOffset: 2n, lastOffset: 2n, logAppendTime: -1, isDuplicate: false })
    expect(stored(fixture, 1)).toMatchObject({ baseOffset: 2n, partitionLeaderEpoch: 4 })
    expect(fixture.log.endOffset).toBe(3n)
    expect(fixture.log.latestEpoch).toBe(4)
  })

  it('lies in bytes of its own: neither the caller sees a change nor the log', () => {
    const fixture = new LogFixture({ messageTimestampType: 'LogAppendTime' })
    fixture.append(['a'])
    const given = fixture.batch(['b'])
    const before = Buffer.from(given)
    fixture.log.append(given, 5, newestProduce)
    expect(given.equals(before)).toBe(true)
    given.fill(0)
    expect(contentOf(fixture.log)).toEqual(['0:=a', '1:=b'])
  })

  it('takes the time of the append with LogAppendTime, in header and answer', () => {
    const fixture = new LogFixture({ messageTimestampType: 'LogAppendTime' })
    const records = [{ timestamp: 5, key: null, value: 'old' }]
    const result = fixture.log.append(encodeRecordBatch({ records }), 0, newestProduce)
    expect(result.logAppendTime).toBe(now)
    expect(stored(fixture)).toMatchObject({ isLogAppendTime: true, maxTimestamp: now })
  })

  it('has the highest timestamp of its records, whatever the producer wrote', () => {
    const fixture = new LogFixture()
    const batch = forged(fixture.batch(['a', 'b']), (bytes) =>
      bytes.writeBigInt64BE(7n, batchLayout.maxTimestamp),
    )
    fixture.log.append(batch, 0, newestProduce)
    expect(stored(fixture).maxTimestamp).toBe(now)
  })

  it.each(['gzip', 'snappy', 'lz4'] as const)('is compressed anew for a topic with %s', (name) => {
    const fixture = new LogFixture({ compressionType: name })
    fixture.append(['a', 'b'], { producerId: 4n, producerEpoch: 0, baseSequence: 0 })
    fixture.append(['c'], { compression: name === 'gzip' ? 'lz4' : 'gzip' })
    expect(stored(fixture).compressionType).toBe({ gzip: 1, snappy: 2, lz4: 3 }[name])
    expect(stored(fixture, 1).compressionType).toBe({ gzip: 1, snappy: 2, lz4: 3 }[name])
    expect(stored(fixture)).toMatchObject({ producerId: 4n, baseSequence: 0, recordsCount: 2 })
    expect(contentOf(fixture.log)).toEqual(['0:=a', '1:=b', '2:=c'])
  })

  it('is unpacked for a topic that wants it uncompressed', () => {
    const fixture = new LogFixture({ compressionType: 'uncompressed' })
    fixture.append(['a', 'b'], { compression: 'gzip' })
    expect(stored(fixture).compressionType).toBe(0)
    expect(contentOf(fixture.log)).toEqual(['0:=a', '1:=b'])
  })

  it('keeps the bytes of the producer with compression.type=producer', () => {
    const fixture = new LogFixture()
    const batch = fixture.batch(['a', 'b'], { compression: 'gzip' })
    fixture.log.append(batch, 0, newestProduce)
    expect(stored(fixture).buffer.subarray(batchLayout.crc).equals(batch.subarray(batchLayout.crc))).toBe(
      true,
    )
  })

  it('is numbered anew when its offset deltas have gaps and it is compressed in another way', () => {
    const fixture = new LogFixture({ compressionType: 'lz4' })
    const records = [2, 5].map((offsetDelta) => ({
      offsetDelta,
      timestamp: now,
      key: null,
      value: `${offsetDelta}`,
    }))
    const gapped = (compression: 'gzip' | 'lz4') =>
      forged(encodeRecordBatch({ records, compression }), (bytes) =>
        bytes.writeInt32BE(1, batchLayout.lastOffsetDelta),
      )
    fixture.log.append(gapped('gzip'), 0, newestProduce)
    expect(contentOf(fixture.log)).toEqual(['0:=2', '1:=5'])
    expect(openRecords(stored(fixture)).count).toBe(2)
    expect(codeOf(() => fixture.log.append(gapped('lz4'), 0, newestProduce))).toBe('UNKNOWN_SERVER_ERROR')
  })

  it('leaves what follows it out when that is no whole batch', () => {
    const fixture = new LogFixture()
    fixture.log.append(Buffer.concat([fixture.batch(['a']), Buffer.from('rest')]), 0, newestProduce)
    expect(contentOf(fixture.log)).toEqual(['0:=a'])
  })
})

describe('a batch that is refused', () => {
  const good = new LogFixture().batch(['a', 'b', 'c'])
  const cases: [string, string, Buffer, number?][] = [
    ['no bytes', 'INVALID_RECORD', Buffer.alloc(0)],
    ['a batch that is cut off', 'INVALID_RECORD', good.subarray(0, good.length - 1)],
    ['two batches', 'INVALID_RECORD', Buffer.concat([good, good])],
    [
      'a length below any message',
      'CORRUPT_MESSAGE',
      forged(good, (b) => b.writeInt32BE(5, batchLayout.batchLength)),
    ],
    ['an unknown magic', 'CORRUPT_MESSAGE', forged(good, (b) => b.writeInt8(3, batchLayout.magic))],
    ['magic 1', 'INVALID_RECORD', forged(good, (b) => b.writeInt8(1, batchLayout.magic))],
    [
      'a wrong checksum',
      'CORRUPT_MESSAGE',
      Buffer.from(good.map((byte, at) => (at === good.length - 1 ? byte ^ 1 : byte))),
    ],
    ['a base offset', 'INVALID_RECORD', forged(good, (b) => b.writeBigInt64BE(4n, 0))],
    ['no records', 'INVALID_RECORD', encodeRecordBatch({ records: [] })],
    [
      'a negative offset range',
      'INVALID_RECORD',
      forged(good, (b) => b.writeInt32BE(-2, batchLayout.lastOffsetDelta)),
    ],
    ['a negative count', 'INVALID_RECORD', forged(good, (b) => b.writeInt32BE(-1, batchLayout.recordsCount))],
    [
      'a count that the offsets deny',
      'INVALID_RECORD',
      forged(good, (b) => b.writeInt32BE(2, batchLayout.recordsCount)),
    ],
    [
      'fewer records than announced',
      'INVALID_RECORD',
      forged(good, (b) => {
        b.writeInt32BE(4, batchLayout.recordsCount)
        b.writeInt32BE(3, batchLayout.lastOffsetDelta)
      }),
    ],
    [
      'more records than announced',
      'INVALID_RECORD',
      forged(good, (b) => {
        b.writeInt32BE(2, batchLayout.recordsCount)
        b.writeInt32BE(1, batchLayout.lastOffsetDelta)
      }),
    ],
    ['a control batch', 'INVALID_RECORD', new LogFixture().batch(['a'], { isControl: true })],
    [
      'a producer id without a sequence',
      'INVALID_RECORD',
      new LogFixture().batch(['a'], { producerId: 4n, producerEpoch: 0 }),
    ],
    [
      'an unknown codec',
      'UNKNOWN_SERVER_ERROR',
      forged(good, (b) => b.writeInt16BE(6, batchLayout.attributes)),
    ],
    [
      'bytes that its codec cannot read',
      'UNKNOWN_SERVER_ERROR',
      forged(good, (b) => b.writeInt16BE(1, batchLayout.attributes)),
    ],
    [
      'zstd before version 7',
      'UNSUPPORTED_COMPRESSION_TYPE',
      forged(good, (b) => b.writeInt16BE(4, batchLayout.attributes)),
      6,
    ],
  ]

  it.each(cases)('%s: %s', (_what, code, bytes, version = newestProduce) => {
    const { log } = new LogFixture()
    expect(codeOf(() => log.append(bytes, 0, version))).toBe(code)
    expect(log.endOffset).toBe(0n)
    expect(log.sizeInBytes).toBe(0)
  })

  it('survives each cut and each flipped bit with a refusal of Kafka', () => {
    const { log } = new LogFixture()
    const known = ['INVALID_RECORD', 'CORRUPT_MESSAGE', 'UNKNOWN_SERVER_ERROR', 'INVALID_TIMESTAMP', 'NONE']
    for (let at = 0; at < good.length; at++) {
      expect(known).toContain(codeOf(() => log.append(good.subarray(0, at), 0, newestProduce)))
      for (let bit = 0; bit < 8; bit++) {
        const flip = (bytes: Buffer) => void (bytes[at] = (bytes[at] as number) ^ (1 << bit))
        const code = codeOf(() => log.append(forged(good, flip), 0, newestProduce))
        expect([...known, 'MESSAGE_TOO_LARGE', 'OUT_OF_ORDER_SEQUENCE_NUMBER']).toContain(code)
      }
    }
  })

  it('one larger than max.message.bytes, before or after the broker compressed it', () => {
    const fixture = new LogFixture({ maxMessageBytes: 200 })
    expect(codeOf(() => fixture.append(['x'.repeat(200)]))).toBe('MESSAGE_TOO_LARGE')
    fixture.config = { ...fixture.config, compressionType: 'uncompressed' }
    expect(codeOf(() => fixture.append(['x'.repeat(200)], { compression: 'gzip' }))).toBe('MESSAGE_TOO_LARGE')
  })

  it('one larger than a segment', () => {
    const fixture = new LogFixture({ segmentBytes: 200 })
    expect(codeOf(() => fixture.append(['x'.repeat(200)]))).toBe('RECORD_LIST_TOO_LARGE')
  })

  it('one whose offset deltas are not 0, 1, 2', () => {
    const { log } = new LogFixture()
    const records = [0, 2].map((offsetDelta) => ({ offsetDelta, timestamp: now, key: null, value: 'x' }))
    const batch = forged(encodeRecordBatch({ records }), (b) =>
      b.writeInt32BE(1, batchLayout.lastOffsetDelta),
    )
    expect(codeOf(() => log.append(batch, 0, newestProduce))).toBe('INVALID_RECORD')
  })
})

describe('records that are refused by their place (KIP-467)', () => {
  it('names the records without a key in a compacted topic', () => {
    const fixture = new LogFixture({ cleanupPolicy: ['compact'] })
    const records = ['k', null, 'k', null].map((key) => ({ timestamp: now, key, value: 'v' }))
    for (const compression of ['none', 'gzip'] as const) {
      const batch = encodeRecordBatch({ records, compression })
      const refusal = refusalOf(() => fixture.log.append(batch, 0, newestProduce))
      expect(refusal.code).toBe('INVALID_RECORD')
      expect(refusal.recordErrors.map((error) => error.batchIndex)).toEqual([1, 3])
      expect(refusal.brokerMessage).toContain(
        'One or more records have been rejected due to 2 record errors in total',
      )
      expect(refusal.brokerMessage).toContain(
        "RecordError(batchIndex=1, message='Compacted topic cannot accept message without key in topic partition t-0')",
      )
    }
  })

  it('names the records whose timestamps lie outside the range of the topic', () => {
    const fixture = new LogFixture({ messageTimestampBeforeMaxMs: 1000, messageTimestampAfterMaxMs: 2000 })
    const records = [-1001, -1000, 2000, 2001].map((by) => ({ timestamp: now + by, key: null, value: 'v' }))
    const refusal = refusalOf(() => fixture.log.append(encodeRecordBatch({ records }), 0, newestProduce))
    expect(refusal.code).toBe('INVALID_TIMESTAMP')
    expect(refusal.recordErrors.map((error) => error.batchIndex)).toEqual([0, 3])
    expect(refusal.recordErrors[0]?.message).toBe(
      `Timestamp ${now - 1001} of message with offset 0 is out of range. ` +
        `The timestamp should be within [${now - 1000}, ${now + 2000}]`,
    )
  })

  it('lets any timestamp pass with LogAppendTime, and one that is missing', () => {
    const fixture = new LogFixture({ messageTimestampBeforeMaxMs: 1, messageTimestampAfterMaxMs: 1 })
    const far = encodeRecordBatch({ records: [{ timestamp: 5, key: null, value: 'v' }] })
    const none = encodeRecordBatch({ records: [{ timestamp: -1, key: null, value: 'v' }] })
    expect(codeOf(() => fixture.log.append(none, 0, newestProduce))).toBe('NONE')
    expect(codeOf(() => fixture.log.append(far, 0, newestProduce))).toBe('INVALID_TIMESTAMP')
    fixture.config = { ...fixture.config, messageTimestampType: 'LogAppendTime' }
    expect(codeOf(() => fixture.log.append(far, 0, newestProduce))).toBe('NONE')
  })

  it('refuses a producer that sets LogAppendTime itself', () => {
    const fixture = new LogFixture({ messageTimestampType: 'LogAppendTime' })
    const refusal = refusalOf(() => fixture.append(['a'], { logAppendTime: now }))
    expect(refusal.code).toBe('INVALID_TIMESTAMP')
    expect(refusal.recordErrors[0]?.message).toBe(
      `Invalid timestamp type in message DefaultRecord(offset=0, timestamp=${now}, key=0 bytes, value=1 bytes). ` +
        'Producer should not set timestamp type to LogAppendTime.',
    )
  })
})
