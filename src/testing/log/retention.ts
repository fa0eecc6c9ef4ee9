import type { MemoryBatch } from './memory-batch'
import type { LogConfig } from '../contracts/partition-log'

/** What retention looks at. */
export interface RetentionInput {
  readonly batches: readonly MemoryBatch[]
  /** Where the segments begin, in their order; the first may begin before the first batch. */
  readonly segmentBases: readonly bigint[]
  readonly endOffset: bigint
  readonly sizeInBytes: number
  /** Only segments that end at or before it go. */
  readonly highWatermark: bigint
  /** Wall time. */
  readonly now: number
  readonly config: LogConfig
}

interface SegmentContent {
  readonly endOffset: bigint
  readonly bytes: number
  readonly largestTimestamp: number
}

/**
 * The offset that the log starts at once the segments are gone that are too old or too many; undefined when all stay.
 * As in Kafka, time comes first and counts from the newest record of a segment, and only whole segments go: by time
 * the last one too, by size only while at least `retention.bytes` are left.
 */
export function startAfterRetention(input: RetentionInput): bigint | undefined {
  const { config, highWatermark, now } = input
  if (!config.cleanupPolicy.includes('delete')) return undefined
  const segments = contents(input).filter((segment) => segment.bytes > 0)
  let deleted = 0
  let start: bigint | undefined
  let bytesLeft = input.sizeInBytes

  const deleteWhile = (isDeletable: (segment: SegmentContent) => boolean): void => {
    for (; deleted < segments.length; deleted++) {
      const segment = segments[deleted] as SegmentContent
      if (segment.endOffset > highWatermark || !isDeletable(segment)) return
      start = segment.endOffset
      bytesLeft -= segment.bytes
    }
  }
  if (config.retentionMs >= 0) deleteWhile((s) => now - s.largestTimestamp > config.retentionMs)
  if (config.retentionBytes >= 0) deleteWhile((s) => bytesLeft - s.bytes >= config.retentionBytes)
  return start
}

function contents({ batches, segmentBases, endOffset }: RetentionInput): SegmentContent[] {
  let at = 0
  return segmentBases.map((_base, index) => {
    const end = segmentBases[index + 1] ?? endOffset
    let bytes = 0
    let largestTimestamp = -1
    let appendedAt = -1
    for (; at < batches.length; at++) {
      const batch = batches[at] as MemoryBatch
      if (batch.baseOffset >= end) break
      bytes += batch.bytes.length
      largestTimestamp = Math.max(largestTimestamp, batch.maxTimestamp)
      appendedAt = batch.appendedAt
    }
    return { endOffset: end, bytes, largestTimestamp: largestTimestamp < 0 ? appendedAt : largestTimestamp }
  })
}
