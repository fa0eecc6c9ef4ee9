import type { PartitionLog, StoredBatch } from '../contracts/partition-log'

/**
 * Makes a follower's log equal to its leader's: what the leader lacks is truncated, found by leader epochs (KIP-101,
 * KIP-279); what the follower lacks is taken over by reference.
 */
export function catchUp(follower: PartitionLog, leader: PartitionLog): void {
  truncateDivergence(follower, leader)
  truncate(follower, leader.endOffset)
  if (follower.endOffset < leader.startOffset) {
    // What would come next was deleted at the leader: nothing the follower has connects to it.
    follower.truncateTo(follower.startOffset)
    follower.advanceStart(leader.startOffset)
  } else if (follower.startOffset < leader.startOffset) {
    follower.advanceStart(leader.startOffset)
  }
  const missing = batchesFrom(leader.batches, follower.endOffset)
  if (missing.length > 0) follower.replicate(missing)
}

function truncateDivergence(follower: PartitionLog, leader: PartitionLog): void {
  let epoch = follower.latestEpoch
  while (epoch >= 0 && follower.endOffset > follower.startOffset) {
    const theirs = leader.endOffsetForEpoch(Math.min(epoch, leader.latestEpoch))
    // The leader's records are all of later epochs.
    if (theirs.leaderEpoch === -1) return truncate(follower, leader.startOffset)
    if (theirs.leaderEpoch === epoch) return truncate(follower, theirs.endOffset)
    const own = follower.endOffsetForEpoch(theirs.leaderEpoch)
    if (own.leaderEpoch === theirs.leaderEpoch) {
      return truncate(follower, own.endOffset < theirs.endOffset ? own.endOffset : theirs.endOffset)
    }
    if (own.leaderEpoch === -1 || own.leaderEpoch >= epoch) return truncate(follower, follower.startOffset)
    truncate(follower, own.endOffset)
    epoch = own.leaderEpoch
  }
}

function truncate(log: PartitionLog, offset: bigint): void {
  if (offset < log.endOffset) log.truncateTo(offset)
}

/** The batches that hold `offset` or come behind it. */
function batchesFrom(batches: readonly StoredBatch[], offset: bigint): readonly StoredBatch[] {
  let low = 0
  let high = batches.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((batches[middle] as StoredBatch).lastOffset < offset) low = middle + 1
    else high = middle
  }
  return low === 0 ? batches : batches.slice(low)
}
