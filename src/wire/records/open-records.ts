import { DecodeError } from '../../base/errors'
import { batchHeaderBytes } from './batch-layout'
import { builtInCodecs, codecOf, type Codecs } from './compression/codecs'
import { legacyCompressedBytes, openLegacyMessage, openLegacySet } from './legacy-message-set'
import type { RecordBatch } from './record-batch'
import { type RecordArea, RecordCursor } from './record-cursor'

export interface OpenRecordsOptions {
  /** Most bytes that a batch may grow to when it is decompressed; more is a DecodeError. Default: 128 MiB. */
  readonly maxBytes?: number
  /** Of `openRecordsAsync`: what decompresses. Default: the built-in codecs. */
  readonly codecs?: Codecs | undefined
}

/** Default of `maxBytes`. */
const defaultMaxDecompressedBytes = 128 * 1024 * 1024

/** Opens the records of a batch for reading, decompressing them now. Throws DecodeError on malformed bytes. */
export function openRecords(batch: RecordBatch, options: OpenRecordsOptions = {}): RecordCursor {
  const compressed = compressedBytes(batch)
  if (compressed === undefined) return openPlain(batch)
  const { maxBytes = defaultMaxDecompressedBytes } = options
  return openDecompressed(batch, codecOf(batch.compressionType).decompress(compressed, maxBytes))
}

/**
 * As `openRecords`, but large batches are decompressed without holding up the event loop. Answers at once, without a
 * promise, when there is nothing to wait for.
 */
export function openRecordsAsync(
  batch: RecordBatch,
  options: OpenRecordsOptions = {},
): RecordCursor | Promise<RecordCursor> {
  const compressed = compressedBytes(batch)
  if (compressed === undefined) return openPlain(batch)
  const { maxBytes = defaultMaxDecompressedBytes, codecs = builtInCodecs } = options
  const opened = codecs.ofType(batch.compressionType).decompressAsync(compressed, maxBytes)
  if (!(opened instanceof Promise)) return openDecompressed(batch, opened)
  return opened.then((bytes) => openDecompressed(batch, bytes))
}

function compressedBytes(batch: RecordBatch): Buffer | undefined {
  if (batch.compressionType === 0) return undefined
  if (batch.magic < 2) return legacyCompressedBytes(batch)
  return batch.buffer.subarray(batch.start + batchHeaderBytes, batch.end)
}

function openPlain(batch: RecordBatch): RecordCursor {
  if (batch.magic < 2) return new RecordCursor(openLegacyMessage(batch))
  return new RecordCursor(areaOf(batch, batch.buffer, batch.start + batchHeaderBytes, batch.end))
}

function openDecompressed(batch: RecordBatch, bytes: Buffer): RecordCursor {
  if (batch.magic < 2) return new RecordCursor(openLegacySet(batch, bytes))
  if (batch.recordsCount > bytes.length) {
    throw new DecodeError(
      `Malformed record batch at offset ${batch.start}: ${batch.recordsCount} records in ${bytes.length} bytes`,
    )
  }
  return new RecordCursor(areaOf(batch, bytes, 0, bytes.length))
}

function areaOf(batch: RecordBatch, buffer: Buffer, start: number, end: number): RecordArea {
  const { baseOffset, baseTimestamp, recordsCount: count } = batch
  const area = { buffer, start, end, baseOffset, baseTimestamp, count }
  return batch.isLogAppendTime ? { ...area, logAppendTime: batch.maxTimestamp } : area
}
