import * as z from 'zod/mini'
import { partitionsByTopic, type TopicPartition } from '../base/topic-partition'
import { listPartitionReassignmentsApi } from '../wire/generated/client/list-partition-reassignments'
import { request, requestTimeoutMs, type AdminCall } from './admin-call'
import { topicPartitionSchema } from './arguments'
import { callOptionFields, type AdminCallOptions } from './call-options'

/** A partition whose replicas are being moved. */
export interface PartitionReassignment extends TopicPartition {
  /** Node ids of all replicas at the moment, those that come and those that go included. */
  readonly replicas: readonly number[]
  readonly addingReplicas: readonly number[]
  readonly removingReplicas: readonly number[]
}

export interface ListPartitionReassignmentsOptions extends AdminCallOptions {
  /** Only these partitions. Default: all that are being moved. */
  readonly partitions?: readonly TopicPartition[]
}

/** The options of `listPartitionReassignments` as they are checked. */
export const listPartitionReassignmentsOptions = z.lazy(() =>
  z.strictObject({
    ...callOptionFields,
    partitions: z.optional(z.array(topicPartitionSchema)),
  }),
)

/**
 * Kafka: `Admin.listPartitionReassignments` (KIP-455), API ListPartitionReassignments, to the controller. Partitions
 * that are not being moved, or do not exist, are left out.
 */
export async function listPartitionReassignments(
  call: AdminCall,
  { partitions }: z.output<typeof listPartitionReassignmentsOptions>,
): Promise<PartitionReassignment[]> {
  const topics =
    partitions === undefined
      ? null
      : [...partitionsByTopic(partitions)].map(([name, partitionIndexes]) => ({ name, partitionIndexes }))
  const response = await request(
    call,
    { kind: 'controller' },
    listPartitionReassignmentsApi,
    { timeoutMs: requestTimeoutMs(call), topics },
    { errorOf: (answer) => answer },
  )
  return response.topics.flatMap(({ name: topic, partitions: moving }) =>
    moving.map(({ partitionIndex: partition, replicas, addingReplicas, removingReplicas }) => ({
      topic,
      partition,
      replicas,
      addingReplicas,
      removingReplicas,
    })),
  )
}
