import * as z from 'zod/mini'
import { ErrorCode } from '../base/error-codes'
import { groupBy } from '../base/group-by'
import { partitionsByTopic, type TopicPartition } from '../base/topic-partition'
import { alterReplicaLogDirsApi } from '../wire/generated/client/alter-replica-log-dirs'
import { request, type AdminCall } from './admin-call'
import { nodeIdSchema, parseItems, partitionSchema, topicNameSchema } from './arguments'
import { itemResults, type ItemResult, type Outcome } from './item-result'
import { runItems } from './item-runner'
import { partitionIndex } from './leader-shards'
import { brokerError } from './shards'

/** A replica on one broker. */
export interface TopicPartitionReplica extends TopicPartition {
  /** Node id of the broker that has it. */
  readonly nodeId: number
}

/** The directory a replica shall be in. */
export interface NewReplicaLogDir extends TopicPartitionReplica {
  /** Absolute path of one of the broker's `log.dirs`. */
  readonly path: string
}

const itemSchema = z.lazy(() =>
  z.strictObject({
    topic: topicNameSchema,
    partition: partitionSchema,
    nodeId: nodeIdSchema,
    path: z.string().check(z.regex(/^\//, 'must be an absolute path')),
  }),
)

/**
 * Kafka: `Admin.alterReplicaLogDirs` (KIP-113), API AlterReplicaLogDirs, to the broker of each replica. The broker
 * copies the data afterwards; `describeLogDirs` shows the copy as `isFuture` until it is done.
 */
export async function alterReplicaLogDirs(
  call: AdminCall,
  replicas: readonly NewReplicaLogDir[],
): Promise<ItemResult<TopicPartitionReplica, 'topic' | 'partition' | 'nodeId'>[]> {
  const items: readonly NewReplicaLogDir[] = parseItems(
    'alterReplicaLogDirs',
    'replicas',
    itemSchema,
    replicas,
    describeReplica,
  )
  const outcomes = await runItems<NewReplicaLogDir, object>(call, items, {
    retried: new Set(),
    plan: (open) =>
      Promise.resolve(
        [...groupBy(open, ({ nodeId }) => nodeId)].map(([nodeId, shard]) => ({
          items: shard,
          send: () => send(call, nodeId, shard),
        })),
      ),
  })
  return itemResults(items, outcomes, ({ topic, partition, nodeId }) => ({ topic, partition, nodeId }))
}

/** `orders-0 on broker 1`, for messages. */
export function describeReplica({ topic, partition, nodeId }: TopicPartitionReplica): string {
  return `${topic}-${partition} on broker ${nodeId}`
}

async function send(
  call: AdminCall,
  nodeId: number,
  items: readonly NewReplicaLogDir[],
): Promise<ReadonlyMap<NewReplicaLogDir, Outcome<object>>> {
  const dirs = [...groupBy(items, ({ path }) => path)].map(([path, replicas]) => ({
    path,
    topics: [...partitionsByTopic(replicas)].map(([name, partitions]) => ({ name, partitions })),
  }))
  const response = await request(call, { kind: 'node', nodeId }, alterReplicaLogDirsApi, { dirs })
  const find = partitionIndex(items)
  const outcomes = new Map<NewReplicaLogDir, Outcome<object>>()
  for (const { topicName: topic, partitions } of response.results) {
    for (const { partitionIndex: partition, errorCode } of partitions) {
      const item = find(topic, partition)
      if (item === undefined) continue
      const context = { api: alterReplicaLogDirsApi.name, topic, partition, nodeId }
      const error = () => brokerError({ errorCode }, `The replica is not moved to ${item.path}`, context)
      outcomes.set(item, errorCode === ErrorCode.NONE ? { value: {} } : { error: error() })
    }
  }
  return outcomes
}
