import * as z from 'zod/mini'
import { ErrorCode } from '../base/error-codes'
import type { TopicPartition } from '../base/topic-partition'
import { offsetCommitApi, type OffsetCommitRequest } from '../wire/generated/client/offset-commit'
import { attempt, type AdminCall } from './admin-call'
import { groupIdSchema, parseItems, partitionSchema, topicNameSchema } from './arguments'
import { itemResults, type ItemResult, type Outcome } from './item-result'
import { runItems } from './item-runner'
import { byTopic, partitionIndex } from './leader-shards'
import { brokerError, groupCall } from './shards'

/** An offset to set as a group's committed one. */
export interface NewGroupOffset extends TopicPartition {
  readonly groupId: string
  /** The next message the group shall read. */
  readonly offset: bigint
  /** Default: not known. */
  readonly leaderEpoch?: number
  /** Text to keep beside the offset. Default: empty. */
  readonly metadata?: string
}

/** A partition of a group whose offset was set. */
export interface AlteredGroupOffset extends TopicPartition {
  readonly groupId: string
}

const offsetSchema = z.lazy(() =>
  z.strictObject({
    groupId: groupIdSchema,
    topic: topicNameSchema,
    partition: partitionSchema,
    offset: z.bigint('must be a bigint, such as 5n').check(z.minimum(0n), z.maximum(0x7fffffffffffffffn)),
    leaderEpoch: z.optional(z.int().check(z.minimum(0), z.maximum(2_147_483_647))),
    metadata: z.optional(z.string()),
  }),
)

/** From here on topics go by id. */
const lastVersionWithNames = 9

/**
 * Kafka: `Admin.alterConsumerGroupOffsets`, API OffsetCommit, to the coordinator of each group. A group that has
 * members refuses it (UNKNOWN_MEMBER_ID): only its members may commit then.
 */
export async function alterGroupOffsets(
  call: AdminCall,
  offsets: readonly NewGroupOffset[],
): Promise<ItemResult<AlteredGroupOffset, 'groupId' | 'topic' | 'partition'>[]> {
  const items = parseItems('alterGroupOffsets', 'offsets', offsetSchema, offsets, describeGroupPartition)
  const outcomes = await runItems<NewGroupOffset, object>(
    call,
    items,
    groupCall(call, (nodeId, groupId, shard) => send(call, nodeId, groupId, shard)),
  )
  return itemResults(items, outcomes, ({ groupId, topic, partition }) => ({ groupId, topic, partition }))
}

/** `group 'billing' at orders-0`, for messages. */
export function describeGroupPartition({ groupId, topic, partition }: AlteredGroupOffset): string {
  return `group '${groupId}' at ${topic}-${partition}`
}

async function send(
  call: AdminCall,
  nodeId: number,
  groupId: string,
  items: readonly NewGroupOffset[],
): Promise<ReadonlyMap<NewGroupOffset, Outcome<object>>> {
  const response = await attempt(call, nodeId, offsetCommitApi, commitRequest(groupId, items), {
    maxVersion: lastVersionWithNames,
  })
  const find = partitionIndex(items)
  const outcomes = new Map<NewGroupOffset, Outcome<object>>()
  for (const { name: topic, partitions } of response.topics) {
    for (const { partitionIndex: partition, errorCode } of partitions) {
      const item = find(topic, partition)
      if (item === undefined) continue
      const context = { api: offsetCommitApi.name, groupId, topic, partition, nodeId }
      const hint = errorCode === ErrorCode.UNKNOWN_MEMBER_ID ? 'the group has members, stop them first' : null
      const error = () => brokerError({ errorCode, errorMessage: hint }, 'The offset was not set', context)
      outcomes.set(item, errorCode === ErrorCode.NONE ? { value: {} } : { error: error() })
    }
  }
  return outcomes
}

/** A commit that comes from no member. */
function commitRequest(groupId: string, items: readonly NewGroupOffset[]): OffsetCommitRequest {
  return {
    groupId,
    memberId: '',
    generationIdOrMemberEpoch: -1,
    topics: byTopic(items).map(([name, partitions]) => ({
      name,
      partitions: partitions.map(({ partition, offset, leaderEpoch, metadata }) => ({
        partitionIndex: partition,
        committedOffset: offset,
        committedLeaderEpoch: leaderEpoch ?? -1,
        committedMetadata: metadata ?? '',
      })),
    })),
  }
}
