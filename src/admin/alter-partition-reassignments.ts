import * as z from 'zod/mini'
import { formatTopicPartition, type TopicPartition } from '../base/topic-partition'
import { alterPartitionReassignmentsApi } from '../wire/generated/client/alter-partition-reassignments'
import { request, requestTimeoutMs, type AdminCall } from './admin-call'
import { nodeIdSchema, parseItems, partitionSchema, topicNameSchema } from './arguments'
import { callOptionFields, type AdminCallOptions } from './call-options'
import { itemResults, type ItemResult, type Outcome } from './item-result'
import { runItems } from './item-runner'
import { byTopic, partitionIndex } from './leader-shards'
import { controllerRetries, oneShard, outcomeOf } from './shards'

/** Where a partition's replicas shall be. */
export interface NewPartitionReassignment extends TopicPartition {
  /** Node ids of all replicas, the preferred leader first; null cancels the move that is under way. */
  readonly replicas: readonly number[] | null
}

/** A partition whose move has begun, or was cancelled. */
export type AlteredPartitionReassignment = TopicPartition

export interface AlterPartitionReassignmentsOptions extends AdminCallOptions {
  /** False refuses moves that would give a partition more or fewer replicas; needs Kafka 4.1. Default: true. */
  readonly allowReplicationFactorChange?: boolean
}

/** The options of `alterPartitionReassignments` as they are checked. */
export const alterPartitionReassignmentsOptions = z.lazy(() =>
  z.strictObject({
    ...callOptionFields,
    allowReplicationFactorChange: z._default(z.boolean(), true),
  }),
)

const itemSchema = z.lazy(() =>
  z.strictObject({
    topic: topicNameSchema,
    partition: partitionSchema,
    replicas: z.nullable(
      z.array(nodeIdSchema).check(
        z.minLength(1, 'At least one replica is needed; null cancels a move'),
        z.refine((ids) => new Set(ids).size === ids.length, 'A node id stands for one replica only'),
      ),
    ),
  }),
)

/** From here on a request can forbid changes of the replication factor. */
const factorVersion = 1

type Options = z.output<typeof alterPartitionReassignmentsOptions>

/**
 * Kafka: `Admin.alterPartitionReassignments` (KIP-455), API AlterPartitionReassignments, to the controller. Brokers
 * copy the data afterwards.
 */
export async function alterPartitionReassignments(
  call: AdminCall,
  reassignments: readonly NewPartitionReassignment[],
  options: Options,
): Promise<ItemResult<AlteredPartitionReassignment, 'topic' | 'partition'>[]> {
  const items = parseItems(
    'alterPartitionReassignments',
    'reassignments',
    itemSchema,
    reassignments,
    (item) => `partition ${formatTopicPartition(item)}`,
  )
  const outcomes = await runItems<NewPartitionReassignment, object>(call, items, {
    plan: (open) => Promise.resolve(oneShard(open, (shard) => send(call, shard, options))),
    retried: controllerRetries,
  })
  return itemResults(items, outcomes, ({ topic, partition }) => ({ topic, partition }))
}

async function send(
  call: AdminCall,
  items: readonly NewPartitionReassignment[],
  { allowReplicationFactorChange }: Options,
): Promise<ReadonlyMap<NewPartitionReassignment, Outcome<object>>> {
  const body = {
    timeoutMs: requestTimeoutMs(call),
    allowReplicationFactorChange,
    topics: byTopic(items).map(([name, partitions]) => ({
      name,
      partitions: partitions.map(({ partition, replicas }) => ({ partitionIndex: partition, replicas })),
    })),
  }
  const response = await request(call, { kind: 'controller' }, alterPartitionReassignmentsApi, body, {
    minVersion: allowReplicationFactorChange ? 0 : factorVersion,
    errorOf: (answer) => answer,
  })
  const find = partitionIndex(items)
  const outcomes = new Map<NewPartitionReassignment, Outcome<object>>()
  for (const { name: topic, partitions } of response.responses) {
    for (const answer of partitions) {
      const item = find(topic, answer.partitionIndex)
      if (item === undefined) continue
      const context = { api: alterPartitionReassignmentsApi.name, topic, partition: item.partition }
      const what = item.replicas === null ? 'The move was not cancelled' : 'The partition is not moved'
      outcomes.set(
        item,
        outcomeOf(answer, what, context, () => ({})),
      )
    }
  }
  return outcomes
}
