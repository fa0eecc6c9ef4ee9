import * as z from 'zod/mini'
import type { TopicPartition } from '../base/topic-partition'
import { deleteRecordsApi } from '../wire/generated/client/delete-records'
import { attempt, requestTimeoutMs, type AdminCall } from './admin-call'
import { parseItems, partitionSchema, topicNameSchema } from './arguments'
import { itemResults, type ItemResult, type Outcome } from './item-result'
import { runItems } from './item-runner'
import { byTopic, leaderCall, partitionIndex } from './leader-shards'
import { outcomeOf } from './shards'

/** Records of one partition to delete. */
export interface RecordsToDelete extends TopicPartition {
  /** All records before this offset go; `highWatermark` stands for all that are replicated. */
  readonly beforeOffset: bigint | 'highWatermark'
}

/** A partition whose records were deleted. */
export interface DeletedRecords extends TopicPartition {
  /** The first offset that is left on all live replicas. */
  readonly lowWatermark: bigint
}

const itemSchema = z.lazy(() =>
  z.strictObject({
    topic: topicNameSchema,
    partition: partitionSchema,
    beforeOffset: z.union(
      [z.bigint().check(z.minimum(0n), z.maximum(0x7fffffffffffffffn)), z.literal('highWatermark')],
      "must be an offset (a bigint, not negative) or 'highWatermark'",
    ),
  }),
)

type Deleted = Pick<DeletedRecords, 'lowWatermark'>

/** Kafka's number for the high watermark. */
const highWatermark = -1n

/** Kafka: `Admin.deleteRecords`, API DeleteRecords, to the leader of each partition. */
export async function deleteRecords(
  call: AdminCall,
  records: readonly RecordsToDelete[],
): Promise<ItemResult<DeletedRecords, 'topic' | 'partition'>[]> {
  const items = parseItems(
    'deleteRecords',
    'records',
    itemSchema,
    records,
    ({ topic, partition }) => `partition ${topic}-${partition}`,
  )
  const outcomes = await runItems<RecordsToDelete, Deleted>(
    call,
    items,
    leaderCall(call, { send: (nodeId, shard) => send(call, nodeId, shard) }),
  )
  return itemResults(items, outcomes, ({ topic, partition }) => ({ topic, partition }))
}

async function send(
  call: AdminCall,
  nodeId: number,
  items: readonly RecordsToDelete[],
): Promise<ReadonlyMap<RecordsToDelete, Outcome<Deleted>>> {
  const response = await attempt(call, nodeId, deleteRecordsApi, {
    topics: byTopic(items).map(([name, partitions]) => ({
      name,
      partitions: partitions.map(({ partition, beforeOffset }) => ({
        partitionIndex: partition,
        offset: beforeOffset === 'highWatermark' ? highWatermark : beforeOffset,
      })),
    })),
    timeoutMs: requestTimeoutMs(call),
  })
  const find = partitionIndex(items)
  const outcomes = new Map<RecordsToDelete, Outcome<Deleted>>()
  for (const { name: topic, partitions } of response.topics) {
    for (const answer of partitions) {
      const { partitionIndex: partition, lowWatermark } = answer
      const item = find(topic, partition)
      const context = { api: deleteRecordsApi.name, topic, partition, nodeId }
      const outcome = outcomeOf(answer, 'Records were not deleted', context, () => ({ lowWatermark }))
      if (item !== undefined) outcomes.set(item, outcome)
    }
  }
  return outcomes
}
