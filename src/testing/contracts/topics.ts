import type { Partition } from './partition'

/** A topic that exists. */
export interface Topic {
  readonly name: string
  /** In Kafka's spelling, 22 characters. */
  readonly id: string
  /** True for `__consumer_offsets`, `__transaction_state` and `__share_group_state`. */
  readonly isInternal: boolean
  /** By index. */
  readonly partitions: readonly Partition[]
  readonly createdAt: number
}

/** What is asked of a new topic. */
export interface NewTopicSpec {
  readonly name: string
  /** Default: the broker's `num.partitions`. */
  readonly partitions?: number
  /** Default: the broker's `default.replication.factor`. */
  readonly replicationFactor?: number
  /** Replicas by partition instead of a count. */
  readonly assignments?: ReadonlyMap<number, readonly number[]>
  readonly configs?: Readonly<Record<string, string | null>>
}

/** All topics of the cluster. Each change is seen by all brokers at once. */
export interface Topics {
  readonly all: Iterable<Topic>
  byName(name: string): Topic | undefined
  byId(id: string): Topic | undefined
  /** The partition, or undefined when topic or index do not exist. */
  partition(name: string, index: number): Partition | undefined
  /** @throws what Kafka refuses: INVALID_TOPIC_EXCEPTION, TOPIC_ALREADY_EXISTS, INVALID_CONFIG, INVALID_PARTITIONS, … */
  create(spec: NewTopicSpec): Topic
  /** What `create` would make of it, without making it. @throws as `create` */
  plan(spec: NewTopicSpec): TopicPlan
  /** Makes what was planned just now. */
  createPlanned(plan: TopicPlan): Topic
  /**
   * Adds partitions up to a total, on the given replicas or placed as for a new topic.
   * @throws UNKNOWN_TOPIC_OR_PARTITION, INVALID_PARTITIONS, INVALID_REPLICA_ASSIGNMENT, INVALID_REPLICATION_FACTOR
   */
  addPartitions(name: string, total: number, options?: AddPartitionsOptions): Topic
  /** @throws UNKNOWN_TOPIC_OR_PARTITION */
  delete(name: string): void
  /** Creates an internal topic on first need. */
  ensureInternal(name: InternalTopicName): Topic
  watch(listener: (change: TopicChange) => void): () => void
}

/** A topic as it would be created: checked, with its defaults and the places of its replicas. */
export interface TopicPlan {
  readonly name: string
  /** Replicas of each partition, by index. */
  readonly assignments: readonly (readonly number[])[]
  readonly configs: ReadonlyMap<string, string>
}

/** How partitions are added to a topic. */
export interface AddPartitionsOptions {
  /** Replicas of each added partition. */
  readonly assignments?: readonly (readonly number[])[]
  /** Checks and changes nothing. */
  readonly validateOnly?: boolean
}

export type InternalTopicName = '__consumer_offsets' | '__transaction_state' | '__share_group_state'

/** What changed of a topic. Leader changes are told by the partition itself. */
export interface TopicChange {
  readonly kind: 'created' | 'deleted' | 'partitions-added'
  readonly topic: Topic
}
