import { InvalidArgumentError } from '../../base/errors'
import { pushTo } from '../../base/group-by'
import type { TxnOffsetCommitRequestRequestTopic } from '../../wire/generated/client/txn-offset-commit'

/** An offset that is committed with a transaction: that of the next message to read. */
export interface TransactionOffset {
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
  /** Leader epoch of the last message read. Default: not known. */
  readonly leaderEpoch?: number | undefined
  /** Free text stored with the offset. Default: empty. */
  readonly metadata?: string | undefined
}

/** The group, and the member of it, whose offsets they are: `consumer.groupMetadata()` (KIP-447). */
export interface TransactionGroup {
  readonly groupId: string
  readonly generationId?: number | undefined
  readonly memberId?: string | undefined
  readonly groupInstanceId?: string | null | undefined
}

/** The offsets by topic, checked. @throws InvalidArgumentError */
export function offsetsByTopic(
  offsets: readonly TransactionOffset[],
): readonly TxnOffsetCommitRequestRequestTopic[] {
  const topics = new Map<string, TxnOffsetCommitRequestRequestTopic['partitions'][number][]>()
  for (const { topic, partition, offset, leaderEpoch = -1, metadata = '' } of offsets) {
    if (typeof offset !== 'bigint' || offset < 0n) {
      throw new InvalidArgumentError(`Offset ${String(offset)} is not a bigint of 0 or more`, {
        topic,
        partition,
      })
    }
    pushTo(topics, topic, {
      partitionIndex: partition,
      committedOffset: offset,
      committedLeaderEpoch: leaderEpoch,
      committedMetadata: metadata,
    })
  }
  return [...topics].map(([name, partitions]) => ({ name, partitions }))
}
