import { RecordCursor } from '../wire/records/record-cursor'
import { ProducerBatch } from './producer-batch'

/**
 * Cuts a batch that its broker found too large into parts of about half its size, closed and with all that belongs to
 * its records: calls, age, memory. Each part has one record at least.
 */
export function splitBatch(batch: ProducerBatch): ProducerBatch[] {
  const records = batch.builder.records
  const cursor = new RecordCursor({
    buffer: records,
    start: 0,
    end: records.length,
    baseOffset: 0n,
    baseTimestamp: batch.builder.baseTimestamp,
    count: batch.recordCount,
  })
  batch.ratio.distrust()
  const partBytes = Math.ceil(batch.builder.byteLength / 2)
  const parts: ProducerBatch[] = []
  let part: ProducerBatch | undefined
  let start = 0
  for (let record = 0; cursor.next(); record++) {
    if (part?.builder.tryAppendFrom(cursor, partBytes)) continue
    if (part) batch.handOver(part, start, record)
    start = record
    part = new ProducerBatch(batch.queue, partBytes, batch.createdAt, batch.terms, batch.ratio)
    part.builder.tryAppendFrom(cursor, partBytes)
    parts.push(part)
  }
  if (part) batch.handOver(part, start, batch.recordCount)
  shareReservation(batch, parts)
  for (const one of parts) {
    one.stage = 'closed'
    one.lastError = batch.lastError
  }
  return parts
}

/** The parts hold together what the whole held, so that the memory's account stays exact. */
function shareReservation(batch: ProducerBatch, parts: readonly ProducerBatch[]): void {
  const share = Math.floor(batch.reservedBytes / parts.length)
  parts.forEach((part, i) => {
    part.reservedBytes = i === 0 ? batch.reservedBytes - share * (parts.length - 1) : share
  })
  batch.reservedBytes = 0
}
