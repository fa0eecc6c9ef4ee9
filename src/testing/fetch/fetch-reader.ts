import type { FetchPartition } from './fetch-partition'
import { readPartition, type FetchScope, type PartitionRead } from './partition-read'

/** What all partitions of a fetch gave together. */
export interface FetchRead {
  /** One for each partition, in their order. */
  readonly reads: readonly PartitionRead[]
  readonly bytes: number
  readonly isUrgent: boolean
}

/**
 * Reads the partitions in their order until `maxBytes` are full. The first batch of the first partition that has any is
 * given however large it is, so that a consumer always gets on (KIP-74).
 */
export function readAll(
  scope: FetchScope,
  partitions: readonly FetchPartition[],
  maxBytes: number,
): FetchRead {
  const reads: PartitionRead[] = []
  let bytes = 0
  let isUrgent = false
  for (const wanted of partitions) {
    const read = readPartition(scope, wanted, Math.max(0, maxBytes - bytes), bytes === 0)
    bytes += read.bytes
    isUrgent ||= read.isUrgent
    reads.push(read)
  }
  return { reads, bytes, isUrgent }
}
