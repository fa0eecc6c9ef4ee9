import { openRecords } from '../../wire/records/open-records'
import { readBatchHeader } from '../../wire/records/record-batch'
import type { RecordCursor } from '../../wire/records/record-cursor'
import type { MemoryBatch } from './memory-batch'
import type { LogRead, OffsetAndTimestamp, ReadOptions } from '../contracts/partition-log'

/** Index of the first batch that reaches to `offset` or beyond; the number of batches when none does. */
export function firstBatchReaching(batches: readonly MemoryBatch[], offset: bigint): number {
  let low = 0
  let high = batches.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((batches[middle] as MemoryBatch).lastOffset < offset) low = middle + 1
    else high = middle
  }
  return low
}

/** Whole batches from the one that holds `offset`, or the next one there is. */
export function readBatches(batches: readonly MemoryBatch[], options: ReadOptions): LogRead {
  const { offset, maxBytes, atLeastOne, upTo } = options
  const pieces: Buffer[] = []
  let bytes = 0
  let nextOffset = offset
  for (let i = firstBatchReaching(batches, offset); i < batches.length; i++) {
    const batch = batches[i] as MemoryBatch
    if (batch.lastOffset >= upTo) break
    const isAllowed = bytes + batch.bytes.length <= maxBytes || (atLeastOne && pieces.length === 0)
    if (!isAllowed) break
    pieces.push(batch.bytes)
    bytes += batch.bytes.length
    nextOffset = batch.lastOffset + 1n
  }
  return { pieces, bytes, nextOffset }
}

/** The first record at or behind `startOffset` whose timestamp is `timestamp` or later. */
export function findByTimestamp(
  batches: readonly MemoryBatch[],
  timestamp: number,
  startOffset: bigint,
): OffsetAndTimestamp | undefined {
  for (const batch of batches) {
    if (batch.maxTimestamp < timestamp) continue
    const found = findRecord(batch, (cursor) => cursor.timestamp >= timestamp && cursor.offset >= startOffset)
    if (found !== undefined) return found
  }
  return undefined
}

/** The first record that has the highest timestamp of all. */
export function findMaxTimestamp(batches: readonly MemoryBatch[]): OffsetAndTimestamp | undefined {
  let latest: MemoryBatch | undefined
  for (const batch of batches) {
    if (batch.recordsCount > 0 && batch.maxTimestamp > (latest?.maxTimestamp ?? -1)) latest = batch
  }
  if (latest === undefined) return undefined
  const { maxTimestamp } = latest
  return findRecord(latest, (cursor) => cursor.timestamp === maxTimestamp)
}

/** Opens the records of a stored batch. */
export function openBatch(batch: MemoryBatch): RecordCursor {
  return openRecords(readBatchHeader(batch.bytes, 0, batch.bytes.length))
}

function findRecord(
  batch: MemoryBatch,
  matches: (cursor: RecordCursor) => boolean,
): OffsetAndTimestamp | undefined {
  const cursor = openBatch(batch)
  while (cursor.next()) {
    if (matches(cursor)) {
      return { offset: cursor.offset, timestamp: cursor.timestamp, leaderEpoch: batch.leaderEpoch }
    }
  }
  return undefined
}
