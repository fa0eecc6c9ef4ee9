import type { Deadline } from '../base/deadline'
import type { KafkaError } from '../base/errors'
import type { RefusalListener, TopicsListener } from './topic-listing'

export interface BrokerMetadata {
  readonly nodeId: number
  readonly host: string
  readonly port: number
  readonly rack: string | null
}

export interface PartitionMetadata {
  readonly partition: number
  /** -1 while there is no leader. */
  readonly leaderId: number
  /** -1 when the broker is too old to say. */
  readonly leaderEpoch: number
  readonly replicas: readonly number[]
  readonly isr: readonly number[]
  readonly offlineReplicas: readonly number[]
  /** Kafka's error code of this partition; 0 for none. */
  readonly errorCode: number
}

export interface TopicMetadata {
  readonly name: string
  /** The zero id when the broker is too old to say. */
  readonly topicId: string
  readonly isInternal: boolean
  /** Index is the partition's number. */
  readonly partitions: readonly PartitionMetadata[]
}

export interface RequireTopicsOptions {
  /** Lets the broker create a topic that does not exist, where it is configured to. */
  readonly allowAutoTopicCreation: boolean
}

/**
 * What is known of brokers, topics and leaders. Reads are answered at once from an immutable snapshot; refreshes
 * are coalesced, one under way at a time. A leader epoch never goes backwards for one topic id.
 */
export interface Metadata {
  readonly clusterId: string | null
  /** -1 while unknown. */
  readonly controllerId: number
  brokers(): readonly BrokerMetadata[]
  topic(name: string): TopicMetadata | undefined
  topicName(topicId: string): string | undefined
  partition(topic: string, partition: number): PartitionMetadata | undefined
  /** What brokers last said of a topic they did not describe; undefined when they described it or were not asked. */
  topicFailure(name: string): KafkaError | undefined

  /**
   * Resolves when all these topics are cached; they are then kept up to date. Rejects at the deadline with what
   * the brokers last said of the missing one, at once where waiting can't help (an invalid name, no permission).
   */
  requireTopics(names: readonly string[], deadline: Deadline, options: RequireTopicsOptions): Promise<void>

  /** Asks for a refresh soon, without waiting for it. The reason is logged. */
  requestRefresh(reason: string): void

  /** Resolves after a refresh that started after this call. */
  refresh(deadline: Deadline): Promise<void>

  /** All topics of the cluster, asked for now and not kept. */
  listTopics(deadline: Deadline): Promise<readonly TopicMetadata[]>

  /**
   * Calls `listener` with the names of all topics of the cluster: soon, and then every `metadataMaxAgeMs`; never before
   * this returns. They are not kept up to date otherwise. Returns what ends it.
   * @param onRefused told when they can't be listed for a reason that does not pass by itself, such as a wrong password
   */
  watchTopics(listener: TopicsListener, onRefused?: RefusalListener): () => void

  /** A leader learnt from a response (KIP-951); ignored when its epoch is not newer than what is known. */
  updateLeader(
    topic: string,
    partition: number,
    leaderId: number,
    leaderEpoch: number,
    endpoint?: BrokerMetadata,
  ): void

  /** Calls `listener` after each change; returns what ends it. */
  onUpdate(listener: () => void): () => void
}

/** Whether brokers say that there is no topic of this name; false as well while they were not asked or did not answer. */
export function isUnknownTopic(metadata: Pick<Metadata, 'topicFailure'>, name: string): boolean {
  return metadata.topicFailure(name)?.code === 'UNKNOWN_TOPIC_OR_PARTITION'
}
