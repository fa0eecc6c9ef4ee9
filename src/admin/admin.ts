import type { z } from 'zod'
import { resolveOptions } from '../base/options'
import { formatTopicPartition } from '../base/topic-partition'
import type { Cluster } from '../cluster/cluster'
import type { AdminCall } from './admin-call'
import { AdminCalls } from './admin-calls'
import { resolveAdminOptions, type AdminOptions, type ResolvedAdminOptions } from './admin-options'
import {
  alterGroupOffsets,
  describeGroupPartition,
  type AlteredGroupOffset,
  type NewGroupOffset,
} from './alter-group-offsets'
import {
  callOptionsSchema,
  type AdminCallOptions,
  type PartialResults,
  type ResolvedCallOptions,
} from './call-options'
import { describeResource } from './config-resource'
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
import { deleteGroups, type DeletedGroup } from './delete-groups'
import { deleteRecords, type DeletedRecords, type RecordsToDelete } from './delete-records'
import {
  deleteTopics,
  deleteTopicsOptions,
  type DeletedTopic,
  type DeleteTopicsOptions,
  type TopicReference,
} from './delete-topics'
import {
  describeCluster,
  describeClusterOptions,
  type ClusterDescription,
  type DescribeClusterOptions,
} from './describe-cluster'
import {
  describeConfigs,
  describeConfigsOptions,
  type ConfigsDescription,
  type ConfigsQuery,
  type DescribeConfigsOptions,
} from './describe-configs'
import { describeGroups, describeGroupsOptions, type DescribeGroupsOptions } from './describe-groups'
import {
  describeTopics,
  describeTopicsOptions,
  type DescribeTopicsOptions,
  type TopicDescription,
} from './describe-topics'
import type { GroupDescription } from './group-types'
import {
  incrementalAlterConfigs,
  incrementalAlterConfigsOptions,
  type AlteredConfigs,
  type ConfigChanges,
  type IncrementalAlterConfigsOptions,
} from './incremental-alter-configs'
import type { AnyItemResult } from './admin-error'
import { requireAll, type ItemOf, type ItemResult } from './item-result'
import {
  listGroupOffsets,
  listGroupOffsetsOptions,
  type GroupOffsets,
  type GroupOffsetsQuery,
  type ListGroupOffsetsOptions,
} from './list-group-offsets'
import {
  listGroups,
  listGroupsOptions,
  mergeGroups,
  type BrokerGroups,
  type GroupListing,
  type ListGroupsOptions,
} from './list-groups'
import {
  describeQuery,
  listOffsets,
  listOffsetsOptions,
  type ListedOffset,
  type ListOffsetsOptions,
  type OffsetQuery,
} from './list-offsets'
import { listTopics, listTopicsOptions, type ListTopicsOptions, type TopicListing } from './list-topics'

/**
 * Manages topics, configs, groups, offsets and records of a cluster. Made by `kafka.admin()`; connects on first use.
 *
 * Calls over several items give one result per item, in the order of the request. By default a call resolves only
 * when every item succeeded, and otherwise rejects with an AdminError, whose `results` tell how each item ended: who
 * ignores the result does not miss a failure. With `{ partial: true }` the call resolves with those results itself:
 * an item's `error` is null or the reason.
 */
export class Admin {
  /** The options in force. */
  readonly options: ResolvedAdminOptions
  readonly #calls: AdminCalls

  /** @throws InvalidOptionError */
  constructor(cluster: Cluster, options?: AdminOptions) {
    this.options = resolveAdminOptions(options, cluster.requestTimeoutMs)
    this.#calls = new AdminCalls(cluster, this.options)
  }

  /** Reaches the cluster now, for those who want to fail at start-up. No other call needs it. */
  async connect(options?: AdminCallOptions): Promise<void> {
    await this.#call('connect', callOptionsSchema, options, ({ cluster, deadline }) =>
      cluster.metadata.refresh(deadline),
    )
  }

  /** Creates topics. A topic that exists already fails with TOPIC_ALREADY_EXISTS. */
  createTopics(
    topics: readonly NewTopic[],
    options: CreateTopicsOptions & PartialResults,
  ): Promise<ItemResult<CreatedTopic, 'name'>[]>
  createTopics(topics: readonly NewTopic[], options?: CreateTopicsOptions): Promise<CreatedTopic[]>
  createTopics(topics: readonly NewTopic[], options?: CreateTopicsOptions) {
    return this.#items('createTopics', createTopicsOptions, options, topicByName, (call, resolved) =>
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
    return this.#items('deleteTopics', deleteTopicsOptions, options, describe, (call, resolved) =>
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
    return this.#items('createPartitions', createPartitionsOptions, options, describe, (call, resolved) =>
      createPartitions(call, topics, resolved),
    )
  }

  /** The topics of the cluster, by name. */
  listTopics(options?: ListTopicsOptions): Promise<TopicListing[]> {
    return this.#call('listTopics', listTopicsOptions, options, listTopics)
  }

  /** Topics with their partitions, leaders and replicas. */
  describeTopics(
    topics: readonly string[],
    options: DescribeTopicsOptions & PartialResults,
  ): Promise<ItemResult<TopicDescription, 'name'>[]>
  describeTopics(topics: readonly string[], options?: DescribeTopicsOptions): Promise<TopicDescription[]>
  describeTopics(topics: readonly string[], options?: DescribeTopicsOptions) {
    return this.#items('describeTopics', describeTopicsOptions, options, topicByName, (call, resolved) =>
      describeTopics(call, topics, resolved),
    )
  }

  /** The configs of topics, brokers, groups, … */
  describeConfigs(
    resources: readonly ConfigsQuery[],
    options: DescribeConfigsOptions & PartialResults,
  ): Promise<ItemResult<ConfigsDescription, 'type' | 'name'>[]>
  describeConfigs(
    resources: readonly ConfigsQuery[],
    options?: DescribeConfigsOptions,
  ): Promise<ConfigsDescription[]>
  describeConfigs(resources: readonly ConfigsQuery[], options?: DescribeConfigsOptions) {
    return this.#items(
      'describeConfigs',
      describeConfigsOptions,
      options,
      describeResource,
      (call, resolved) => describeConfigs(call, resources, resolved),
    )
  }

  /** Changes single configs; those that are not named stay as they are. */
  incrementalAlterConfigs(
    changes: readonly ConfigChanges[],
    options: IncrementalAlterConfigsOptions & PartialResults,
  ): Promise<ItemResult<AlteredConfigs, 'type' | 'name'>[]>
  incrementalAlterConfigs(
    changes: readonly ConfigChanges[],
    options?: IncrementalAlterConfigsOptions,
  ): Promise<AlteredConfigs[]>
  incrementalAlterConfigs(changes: readonly ConfigChanges[], options?: IncrementalAlterConfigsOptions) {
    return this.#items(
      'incrementalAlterConfigs',
      incrementalAlterConfigsOptions,
      options,
      describeResource,
      (call, resolved) => incrementalAlterConfigs(call, changes, resolved),
    )
  }

  /** The groups of the cluster. With `partial`, one result per broker: a broker that fails hides its groups only. */
  listGroups(options: ListGroupsOptions & PartialResults): Promise<ItemResult<BrokerGroups, 'nodeId'>[]>
  listGroups(options?: ListGroupsOptions): Promise<GroupListing[]>
  async listGroups(
    options?: ListGroupsOptions,
  ): Promise<ItemResult<BrokerGroups, 'nodeId'>[] | GroupListing[]> {
    return this.#call('listGroups', listGroupsOptions, options, async (call, resolved) => {
      const results = await listGroups(call, resolved)
      if (resolved.partial) return results
      return mergeGroups(requireAll('listGroups', results, ({ nodeId }) => `broker ${nodeId}`))
    })
  }

  /** Groups with their state, members and assignments; of the classic protocol and of KIP-848. */
  describeGroups(
    groupIds: readonly string[],
    options: DescribeGroupsOptions & PartialResults,
  ): Promise<ItemResult<GroupDescription, 'groupId'>[]>
  describeGroups(groupIds: readonly string[], options?: DescribeGroupsOptions): Promise<GroupDescription[]>
  describeGroups(groupIds: readonly string[], options?: DescribeGroupsOptions) {
    return this.#items('describeGroups', describeGroupsOptions, options, groupById, (call, resolved) =>
      describeGroups(call, groupIds, resolved),
    )
  }

  /** The offsets groups have committed. */
  listGroupOffsets(
    groups: readonly GroupOffsetsQuery[],
    options: ListGroupOffsetsOptions & PartialResults,
  ): Promise<ItemResult<GroupOffsets, 'groupId'>[]>
  listGroupOffsets(
    groups: readonly GroupOffsetsQuery[],
    options?: ListGroupOffsetsOptions,
  ): Promise<GroupOffsets[]>
  listGroupOffsets(groups: readonly GroupOffsetsQuery[], options?: ListGroupOffsetsOptions) {
    return this.#items('listGroupOffsets', listGroupOffsetsOptions, options, groupById, (call, resolved) =>
      listGroupOffsets(call, groups, resolved),
    )
  }

  /** Sets the committed offsets of groups without members. */
  alterGroupOffsets(
    offsets: readonly NewGroupOffset[],
    options: AdminCallOptions & PartialResults,
  ): Promise<ItemResult<AlteredGroupOffset, 'groupId' | 'topic' | 'partition'>[]>
  alterGroupOffsets(
    offsets: readonly NewGroupOffset[],
    options?: AdminCallOptions,
  ): Promise<AlteredGroupOffset[]>
  alterGroupOffsets(offsets: readonly NewGroupOffset[], options?: AdminCallOptions) {
    return this.#items('alterGroupOffsets', callOptionsSchema, options, describeGroupPartition, (call) =>
      alterGroupOffsets(call, offsets),
    )
  }

  /** Deletes groups and their offsets. A group with members fails with NON_EMPTY_GROUP. */
  deleteGroups(
    groupIds: readonly string[],
    options: AdminCallOptions & PartialResults,
  ): Promise<ItemResult<DeletedGroup, 'groupId'>[]>
  deleteGroups(groupIds: readonly string[], options?: AdminCallOptions): Promise<DeletedGroup[]>
  deleteGroups(groupIds: readonly string[], options?: AdminCallOptions) {
    return this.#items('deleteGroups', callOptionsSchema, options, groupById, (call) =>
      deleteGroups(call, groupIds),
    )
  }

  /** The cluster's id, controller and brokers. */
  describeCluster(options?: DescribeClusterOptions): Promise<ClusterDescription> {
    return this.#call('describeCluster', describeClusterOptions, options, describeCluster)
  }

  /** Offsets of partitions: the earliest, the latest, at a time. One partition may be asked for several. */
  listOffsets(
    queries: readonly OffsetQuery[],
    options: ListOffsetsOptions & PartialResults,
  ): Promise<ItemResult<ListedOffset, 'topic' | 'partition' | 'at'>[]>
  listOffsets(queries: readonly OffsetQuery[], options?: ListOffsetsOptions): Promise<ListedOffset[]>
  listOffsets(queries: readonly OffsetQuery[], options?: ListOffsetsOptions) {
    return this.#items('listOffsets', listOffsetsOptions, options, describeQuery, (call, resolved) =>
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
    return this.#items('deleteRecords', callOptionsSchema, options, formatTopicPartition, (call) =>
      deleteRecords(call, records),
    )
  }

  /** Waits for the calls under way, at most `closeTimeoutMs`, and ends the rest. Can be called twice. */
  close(): Promise<void> {
    return this.#calls.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #call<Schema extends CallSchema, T>(
    what: string,
    schema: Schema,
    options: unknown,
    body: (call: AdminCall, options: Readonly<z.output<Schema>>) => Promise<T>,
  ): Promise<T> {
    // Inside the promise, so that a wrong option rejects like everything else.
    return Promise.resolve().then(() => {
      const resolved = resolveOptions(schema, what, options)
      return this.#calls.run(what, resolved, (call) => body(call, resolved))
    })
  }

  /** A call over items: its results as they are, or all or nothing. */
  #items<Schema extends CallSchema, Key, Result extends Key & AnyItemResult>(
    what: string,
    schema: Schema,
    options: unknown,
    describe: (key: Key) => string,
    body: (call: AdminCall, options: Readonly<z.output<Schema>>) => Promise<Result[]>,
  ): Promise<Result[] | ItemOf<Result>[]> {
    return this.#call(what, schema, options, async (call, resolved) => {
      const results = await body(call, resolved)
      return resolved.partial ? results : requireAll(what, results, describe)
    })
  }
}

type CallSchema = z.ZodType<ResolvedCallOptions>

function topicByName({ name }: { readonly name: string }): string {
  return `topic '${name}'`
}

function groupById({ groupId }: { readonly groupId: string }): string {
  return `group '${groupId}'`
}
