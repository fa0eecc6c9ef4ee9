import * as z from 'zod/mini'
import { ErrorCode } from '../base/error-codes'
import type { TopicPartition } from '../base/topic-partition'
import {
  alterShareGroupOffsetsApi,
  type AlterShareGroupOffsetsResponse,
} from '../wire/generated/client/alter-share-group-offsets'
import { deleteShareGroupOffsetsApi } from '../wire/generated/client/delete-share-group-offsets'
import { attempt, type AdminCall } from './admin-call'
import { describeGroupPartition } from './alter-group-offsets'
import { groupIdSchema, parseItems, partitionSchema, topicNameSchema } from './arguments'
import { itemResults, type ItemResult, type Outcome } from './item-result'
import { runItems } from './item-runner'
import { byTopic, partitionIndex } from './leader-shards'
import { brokerError, groupCall, outcomeOf } from './shards'

/** Where a share group shall begin to read a partition. */
export interface NewShareGroupOffset extends TopicPartition {
  readonly groupId: string
  /** The first message that is handed out; what was locked or acknowledged before is forgotten. */
  readonly startOffset: bigint
}

/** A partition whose start was set. */
export interface AlteredShareGroupOffset extends TopicPartition {
  readonly groupId: string
}

/** A topic that a share group shall forget, or has forgotten. */
export interface ShareGroupTopic {
  readonly groupId: string
  readonly topic: string
}

const offsetSchema = z.lazy(() =>
  z.strictObject({
    groupId: groupIdSchema,
    topic: topicNameSchema,
    partition: partitionSchema,
    startOffset: z
      .bigint('must be a bigint, such as 5n')
      .check(z.minimum(0n), z.maximum(0x7fffffffffffffffn)),
  }),
)
const topicSchema = z.lazy(() => z.strictObject({ groupId: groupIdSchema, topic: topicNameSchema }))

/**
 * Kafka: `Admin.alterShareGroupOffsets` (KIP-932), API AlterShareGroupOffsets, to the coordinator of each group. A
 * group that has members refuses it.
 */
export async function alterShareGroupOffsets(
  call: AdminCall,
  offsets: readonly NewShareGroupOffset[],
): Promise<ItemResult<AlteredShareGroupOffset, 'groupId' | 'topic' | 'partition'>[]> {
  const items: readonly NewShareGroupOffset[] = parseItems(
    'alterShareGroupOffsets',
    'offsets',
    offsetSchema,
    offsets,
    describeGroupPartition,
  )
  const ofGroup = groupCall<NewShareGroupOffset, object>(call, (nodeId, groupId, shard) =>
    sendOffsets(call, nodeId, groupId, shard),
  )
  const outcomes = await runItems(call, items, ofGroup)
  return itemResults(items, outcomes, ({ groupId, topic, partition }) => ({ groupId, topic, partition }))
}

async function sendOffsets(
  call: AdminCall,
  nodeId: number,
  groupId: string,
  items: readonly NewShareGroupOffset[],
): Promise<ReadonlyMap<NewShareGroupOffset, Outcome<object>>> {
  const topics = byTopic(items).map(([topicName, partitions]) => ({
    topicName,
    partitions: partitions.map(({ partition, startOffset }) => ({ partitionIndex: partition, startOffset })),
  }))
  const context = { api: alterShareGroupOffsetsApi.name, groupId, nodeId }
  const response = await attempt(call, nodeId, alterShareGroupOffsetsApi, { groupId, topics })
  if (response.errorCode !== ErrorCode.NONE) throw brokerError(response, 'The offset was not set', context)
  const find = partitionIndex(items)
  return new Map(
    response.responses.flatMap(({ topicName: topic, partitions }: AlteredTopic) =>
      partitions.flatMap((answer): [NewShareGroupOffset, Outcome<object>][] => {
        const partition = answer.partitionIndex
        const item = find(topic, partition)
        const place = { ...context, topic, partition }
        return item ? [[item, outcomeOf(answer, 'The offset was not set', place, () => ({}))]] : []
      }),
    ),
  )
}

type AlteredTopic = AlterShareGroupOffsetsResponse['responses'][number]

/**
 * Kafka: `Admin.deleteShareGroupOffsets` (KIP-932), API DeleteShareGroupOffsets, to the coordinator of each group. A
 * group that has members refuses it.
 */
export async function deleteShareGroupOffsets(
  call: AdminCall,
  topics: readonly ShareGroupTopic[],
): Promise<ItemResult<ShareGroupTopic, 'groupId' | 'topic'>[]> {
  const items: readonly ShareGroupTopic[] = parseItems(
    'deleteShareGroupOffsets',
    'topics',
    topicSchema,
    topics,
    describeGroupTopic,
  )
  const ofGroup = groupCall<ShareGroupTopic, object>(call, (nodeId, groupId, shard) =>
    sendTopics(call, nodeId, groupId, shard),
  )
  const outcomes = await runItems(call, items, ofGroup)
  return itemResults(items, outcomes, ({ groupId, topic }) => ({ groupId, topic }))
}

/** `group 'workers' of topic 'orders'`, for messages. */
export function describeGroupTopic({ groupId, topic }: ShareGroupTopic): string {
  return `group '${groupId}' of topic '${topic}'`
}

async function sendTopics(
  call: AdminCall,
  nodeId: number,
  groupId: string,
  items: readonly ShareGroupTopic[],
): Promise<ReadonlyMap<ShareGroupTopic, Outcome<object>>> {
  const context = { api: deleteShareGroupOffsetsApi.name, groupId, nodeId }
  const what = 'The offsets were not deleted'
  const topics = items.map(({ topic }) => ({ topicName: topic }))
  const response = await attempt(call, nodeId, deleteShareGroupOffsetsApi, { groupId, topics })
  if (response.errorCode !== ErrorCode.NONE) throw brokerError(response, what, context)
  const byName = new Map(items.map((item) => [item.topic, item]))
  return new Map(
    response.responses.flatMap((answer): [ShareGroupTopic, Outcome<object>][] => {
      const item = byName.get(answer.topicName)
      const place = { ...context, topic: answer.topicName }
      return item ? [[item, outcomeOf(answer, what, place, () => ({}))]] : []
    }),
  )
}
