import { batchHeaderBytes } from './batch-layout'
import { RecordBatchBuilder } from './record-batch-builder'
import { RecordCursor } from './record-cursor'

/**
 * Spreads the records of a batch that a broker found too large over batches of at most `maxBytes` (uncompressed, with
 * header), in their order. A record that is larger by itself gets a batch of its own. The given builder, sealed or
 * not, stays as it is.
 */
export function splitBatch(builder: RecordBatchBuilder, maxBytes: number): RecordBatchBuilder[] {
  const buffer = builder.records
  const cursor = new RecordCursor({
    buffer,
    start: 0,
    end: buffer.length,
    baseOffset: 0n,
    baseTimestamp: builder.baseTimestamp,
    count: builder.count,
  })
  const parts: RecordBatchBuilder[] = []
  const initialBytes = batchHeaderBytes + Math.min(maxBytes, builder.byteLength)
  let part: RecordBatchBuilder | undefined
  while (cursor.next()) {
    if (part?.tryAppendFrom(cursor, maxBytes)) continue
    part = new RecordBatchBuilder(initialBytes)
    parts.push(part)
    part.tryAppendFrom(cursor, maxBytes)
  }
  return parts
}
