import { formatTopicPartition } from '../base/topic-partition'
import { callOptionsSchema, type AdminCallOptions, type PartialResults } from './call-options'
import {
  createPartitions,
  createPartitionsOptions,
  type CreatedPartitions,
  type CreatePartitionsOptions,
  type NewPartitions,
} from './create-partitions'
import {
  createTopics,
  createTopicsOptions,
  type CreatedTopic,
  type CreateTopicsOptions,
  type NewTopic,
} from './create-topics'
import { deleteRecords, type DeletedRecords, type RecordsToDelete } from './delete-records'
import {
  deleteTopics,
  deleteTopicsOptions,
  type DeletedTopic,
  type DeleteTopicsOptions,
  type TopicReference,
} from './delete-topics'
import {
  describeTopics,
  describeTopicsOptions,
  type DescribeTopicsOptions,
  type TopicDescription,
} from './describe-topics'
import type { ItemResult } from './item-result'
import {
  describeQuery,
  listOffsets,
  listOffsetsOptions,
  type ListedOffset,
  type ListOffsetsOptions,
  type OffsetQuery,
} from './list-offsets'
import { listTopics, listTopicsOptions, type ListTopicsOptions, type TopicListing } from './list-topics'
import { AdminBase } from './admin-base'
import {
  alterPartitionReassignments,
  alterPartitionReassignmentsOptions,
  type AlteredPartitionReassignment,
  type AlterPartitionReassignmentsOptions,
  type NewPartitionReassignment,
} from './alter-partition-reassignments'
import { electLeaders, type ElectedLeader, type ElectionType } from './elect-leaders'
import {
  listPartitionReassignments,
  listPartitionReassignmentsOptions,
  type ListPartitionReassignmentsOptions,
  type PartitionReassignment,
} from './list-partition-reassignments'
import type { TopicPartition } from '../base/topic-partition'

/** Topics, their partitions, records and offsets. */
export abstract class TopicAdmin extends AdminBase {
  /** Creates topics. A topic that exists already fails with TOPIC_ALREADY_EXISTS. */
  createTopics(
    topics: readonly NewTopic[],
    options: CreateTopicsOptions & PartialResults,
  ): Promise<ItemResult<CreatedTopic, 'name'>[]>
  createTopics(topics: readonly NewTopic[], options?: CreateTopicsOptions): Promise<CreatedTopic[]>
  createTopics(topics: readonly NewTopic[], options?: CreateTopicsOptions) {
    return this.items('createTopics', createTopicsOptions, options, topicByName, (call, resolved) =>
      createTopics(call, topics, resolved),
    )
  }

  /** Deletes topics, by name or id. Brokers delete the data in the background. */
  deleteTopics(
    topics: readonly TopicReference[],
    options: DeleteTopicsOptions & PartialResults,
  ): Promise<ItemResult<DeletedTopic, 'name' | 'topicId'>[]>
  deleteTopics(topics: readonly TopicReference[], options?: DeleteTopicsOptions): Promise<DeletedTopic[]>
  deleteTopics(topics: readonly TopicReference[], options?: DeleteTopicsOptions) {
    const describe = (item: { readonly name: string | null; readonly topicId: string | null }) =>
      item.name === null ? `topic id '${item.topicId}'` : `topic '${item.name}'`
    return this.items('deleteTopics', deleteTopicsOptions, options, describe, (call, resolved) =>
      deleteTopics(call, topics, resolved),
    )
  }

  /** Adds partitions to topics. Keys map to other partitions from then on; Kafka can't take partitions away. */
  createPartitions(
    topics: readonly NewPartitions[],
    options: CreatePartitionsOptions & PartialResults,
  ): Promise<ItemResult<CreatedPartitions, 'topic'>[]>
  createPartitions(
    topics: readonly NewPartitions[],
    options?: CreatePartitionsOptions,
  ): Promise<CreatedPartitions[]>
  createPartitions(topics: readonly NewPartitions[], options?: CreatePartitionsOptions) {
    const describe = ({ topic }: { readonly topic: string }) => `topic '${topic}'`
    return this.items('createPartitions', createPartitionsOptions, options, describe, (call, resolved) =>
      createPartitions(call, topics, resolved),
    )
  }

  /** The topics of the cluster, by name. */
  listTopics(options?: ListTopicsOptions): Promise<TopicListing[]> {
    return this.call('listTopics', listTopicsOptions, options, listTopics)
  }

  /** Topics with their partitions, leaders and replicas. */
  describeTopics(
    topics: readonly string[],
    options: DescribeTopicsOptions & PartialResults,
  ): Promise<ItemResult<TopicDescription, 'name'>[]>
  describeTopics(topics: readonly string[], options?: DescribeTopicsOptions): Promise<TopicDescription[]>
  describeTopics(topics: readonly string[], options?: DescribeTopicsOptions) {
    return this.items('describeTopics', describeTopicsOptions, options, topicByName, (call, resolved) =>
      describeTopics(call, topics, resolved),
    )
  }

  /** Offsets of partitions: the earliest, the latest, at a time. One partition may be asked for several. */
  listOffsets(
    queries: readonly OffsetQuery[],
    options: ListOffsetsOptions & PartialResults,
  ): Promise<ItemResult<ListedOffset, 'topic' | 'partition' | 'at'>[]>
  listOffsets(queries: readonly OffsetQuery[], options?: ListOffsetsOptions): Promise<ListedOffset[]>
  listOffsets(queries: readonly OffsetQuery[], options?: ListOffsetsOptions) {
    return this.items('listOffsets', listOffsetsOptions, options, describeQuery, (call, resolved) =>
      listOffsets(call, queries, resolved),
    )
  }

  /** Deletes the oldest records of partitions. */
  deleteRecords(
    records: readonly RecordsToDelete[],
    options: AdminCallOptions & PartialResults,
  ): Promise<ItemResult<DeletedRecords, 'topic' | 'partition'>[]>
  deleteRecords(records: readonly RecordsToDelete[], options?: AdminCallOptions): Promise<DeletedRecords[]>
  deleteRecords(records: readonly RecordsToDelete[], options?: AdminCallOptions) {
    return this.items('deleteRecords', callOptionsSchema, options, formatTopicPartition, (call) =>
      deleteRecords(call, records),
    )
  }

  /** Moves partitions to other replicas, or cancels such moves. Brokers copy the data in the background. */
  alterPartitionReassignments(
    reassignments: readonly NewPartitionReassignment[],
    options: AlterPartitionReassignmentsOptions & PartialResults,
  ): Promise<ItemResult<AlteredPartitionReassignment, 'topic' | 'partition'>[]>
  alterPartitionReassignments(
    reassignments: readonly NewPartitionReassignment[],
    options?: AlterPartitionReassignmentsOptions,
  ): Promise<AlteredPartitionReassignment[]>
  alterPartitionReassignments(
    reassignments: readonly NewPartitionReassignment[],
    options?: AlterPartitionReassignmentsOptions,
  ) {
    return this.items(
      'alterPartitionReassignments',
      alterPartitionReassignmentsOptions,
      options,
      formatTopicPartition,
      (call, resolved) => alterPartitionReassignments(call, reassignments, resolved),
    )
  }

  /** The partitions whose replicas are being moved. */
  listPartitionReassignments(options?: ListPartitionReassignmentsOptions): Promise<PartitionReassignment[]> {
    const schema = listPartitionReassignmentsOptions
    return this.call('listPartitionReassignments', schema, options, listPartitionReassignments)
  }

  /** Elects leaders of partitions; `all` are all partitions of the cluster that need it. */
  electLeaders(
    type: ElectionType,
    partitions: readonly TopicPartition[] | 'all',
    options: AdminCallOptions & PartialResults,
  ): Promise<ItemResult<ElectedLeader, 'topic' | 'partition'>[]>
  electLeaders(
    type: ElectionType,
    partitions: readonly TopicPartition[] | 'all',
    options?: AdminCallOptions,
  ): Promise<ElectedLeader[]>
  electLeaders(
    type: ElectionType,
    partitions: readonly TopicPartition[] | 'all',
    options?: AdminCallOptions,
  ) {
    return this.items('electLeaders', callOptionsSchema, options, formatTopicPartition, (call) =>
      electLeaders(call, type, partitions),
    )
  }
}

function topicByName({ name }: { readonly name: string }): string {
  return `topic '${name}'`
}
