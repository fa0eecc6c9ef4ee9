import * as z from 'zod/mini'
import { ErrorCode } from '../base/error-codes'
import type { TopicPartition } from '../base/topic-partition'
import { offsetDeleteApi } from '../wire/generated/client/offset-delete'
import { attempt, type AdminCall } from './admin-call'
import { describeGroupPartition } from './alter-group-offsets'
import { groupIdSchema, parseItems, partitionSchema, topicNameSchema } from './arguments'
import { itemResults, type ItemResult, type Outcome } from './item-result'
import { runItems } from './item-runner'
import { byTopic, partitionIndex } from './leader-shards'
import { brokerError, groupCall } from './shards'

/** A partition whose committed offset a group has, or had. */
export interface GroupPartition extends TopicPartition {
  readonly groupId: string
}

const itemSchema = z.lazy(() =>
  z.strictObject({
    groupId: groupIdSchema,
    topic: topicNameSchema,
    partition: partitionSchema,
  }),
)

/**
 * Kafka: `Admin.deleteConsumerGroupOffsets` (KIP-496), API OffsetDelete, to the coordinator of each group. A partition
 * without an offset is no error; one of a topic the group is subscribed to is.
 */
export async function deleteGroupOffsets(
  call: AdminCall,
  partitions: readonly GroupPartition[],
): Promise<ItemResult<GroupPartition, 'groupId' | 'topic' | 'partition'>[]> {
  const what = 'deleteGroupOffsets'
  const items = parseItems(what, 'partitions', itemSchema, partitions, describeGroupPartition)
  const outcomes = await runItems<GroupPartition, object>(
    call,
    items,
    groupCall(call, (nodeId, groupId, shard) => send(call, nodeId, groupId, shard)),
  )
  return itemResults(items, outcomes, ({ groupId, topic, partition }) => ({ groupId, topic, partition }))
}

async function send(
  call: AdminCall,
  nodeId: number,
  groupId: string,
  items: readonly GroupPartition[],
): Promise<ReadonlyMap<GroupPartition, Outcome<object>>> {
  const what = 'The offset was not deleted'
  const context = { api: offsetDeleteApi.name, groupId, nodeId }
  const response = await attempt(call, nodeId, offsetDeleteApi, {
    groupId,
    topics: byTopic(items).map(([name, partitions]) => ({
      name,
      partitions: partitions.map(({ partition }) => ({ partitionIndex: partition })),
    })),
  })
  if (response.errorCode !== ErrorCode.NONE) throw brokerError(response, what, context)
  const find = partitionIndex(items)
  const outcomes = new Map<GroupPartition, Outcome<object>>()
  for (const { name: topic, partitions } of response.topics) {
    for (const { partitionIndex: partition, errorCode } of partitions) {
      const item = find(topic, partition)
      if (item === undefined) continue
      const hint =
        errorCode === ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC
          ? 'members of the group read the topic, stop them first'
          : null
      const error = () =>
        brokerError({ errorCode, errorMessage: hint }, what, { ...context, topic, partition })
      outcomes.set(item, errorCode === ErrorCode.NONE ? { value: {} } : { error: error() })
    }
  }
  return outcomes
}
