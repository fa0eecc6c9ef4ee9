import { ErrorCode } from '../../base/error-codes'
import type { CommittedOffset, Group, OffsetCaller } from '../contracts/group'
import type { Services } from '../contracts/services'
import type { Topic } from '../contracts/topics'
import type { AskedTopic } from './offset-topics'

interface CommittedPartition {
  readonly committedOffset: bigint
  readonly committedLeaderEpoch: number
  readonly committedMetadata: string | null
}

/** Asks the group whether it takes a commit by this caller, as a whole and for each partition that exists. */
export function validateCommit(
  group: Group,
  caller: OffsetCaller,
  topics: readonly AskedTopic<{ readonly partitions: readonly { readonly partitionIndex: number }[] }>[],
): void {
  group.validateCommit(caller)
  for (const { asked, found } of topics) {
    if (typeof found === 'number') continue
    for (const { partitionIndex } of asked.partitions) {
      group.validatePartitionCommit?.(caller, found.name, partitionIndex)
    }
  }
}

/** The offset as it is stored, or the code it is refused with. */
export function offsetToStore(
  { runtime, configs }: Services,
  topic: Topic,
  { committedOffset, committedLeaderEpoch, committedMetadata }: CommittedPartition,
): CommittedOffset | number {
  const metadata = committedMetadata ?? ''
  if (metadata.length > configs.brokerNumber('offset.metadata.max.bytes'))
    return ErrorCode.OFFSET_METADATA_TOO_LARGE
  return {
    offset: committedOffset,
    leaderEpoch: committedLeaderEpoch,
    metadata,
    committedAt: runtime.clock.wallTime(),
    topicId: topic.id,
  }
}
