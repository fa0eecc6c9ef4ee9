import type { Cluster } from './cluster'
import type { RetryOptions } from './config'
import type {
  ConnectEvent,
  ConsumerCommitOffsetsEvent,
  ConsumerCrashEvent,
  ConsumerEndBatchProcessEvent,
  ConsumerEvents,
  ConsumerFetchEvent,
  ConsumerFetchStartEvent,
  ConsumerGroupJoinEvent,
  ConsumerHeartbeatEvent,
  ConsumerRebalancingEvent,
  ConsumerReceivedUnsubcribedTopicsEvent,
  ConsumerStartBatchProcessEvent,
  DisconnectEvent,
  InstrumentationEvent,
  RemoveInstrumentationEventListener,
  RequestEvent,
  RequestQueueSizeEvent,
  RequestTimeoutEvent,
  ValueOf,
} from './events'
import type { GroupDescription, GroupMember, GroupMemberAssignment, GroupState } from './group'
import type { Logger } from './logger'
import type { KafkaMessage } from './message'
import type {
  Offsets,
  OffsetsByTopicPartition,
  TopicPartitionOffset,
  TopicPartitionOffsetAndMetadata,
  TopicPartitions,
} from './metadata'

/** Divides partitions among members, for one consumer. */
export type Assigner = {
  name: string
  version: number
  assign(group: { members: GroupMember[]; topics: string[] }): Promise<GroupMemberAssignment[]>
  protocol(subscription: { topics: string[] }): GroupState
}

/** Makes an assigner. */
export type PartitionAssigner = (config: { cluster: Cluster; groupId: string; logger: Logger }) => Assigner

/** What `kafka.consumer()` takes. Times are milliseconds, sizes bytes. */
export interface ConsumerConfig {
  groupId: string
  /** Default: `[PartitionAssigners.roundRobin]`. */
  partitionAssigners?: PartitionAssigner[]
  /** Default: 300,000. */
  metadataMaxAge?: number
  /** Default: 30,000. */
  sessionTimeout?: number
  /** Default: 60,000. */
  rebalanceTimeout?: number
  /** Default: 3,000. */
  heartbeatInterval?: number
  /** Default: 1,048,576. */
  maxBytesPerPartition?: number
  /** Default: 1. */
  minBytes?: number
  /** Default: 10,485,760. */
  maxBytes?: number
  /** Default: 5,000. */
  maxWaitTimeInMs?: number
  retry?: RetryOptions & { restartOnFailure?: (err: Error) => Promise<boolean> }
  /** Default: true. */
  allowAutoTopicCreation?: boolean
  maxInFlightRequests?: number
  /** Default: false. */
  readUncommitted?: boolean
  /** Default: `''`. */
  rackId?: string
  /**
   * Beyond KafkaJS. A member that comes back under it within the session timeout keeps its partitions, and nobody else's
   * are moved meanwhile (KIP-345); such a member does not leave its group when it stops.
   */
  groupInstanceId?: string
  /**
   * Beyond KafkaJS. With `'consumer'` (KIP-848, Kafka 4.0) the broker assigns, and a member that comes or goes stops only
   * what moves. `sessionTimeout`, `heartbeatInterval` and `partitionAssigners` are the broker's then. Default: `'classic'`.
   */
  groupProtocol?: 'classic' | 'consumer'
  /** Beyond KafkaJS. How the broker assigns with `groupProtocol: 'consumer'`. Default: as the broker is set. */
  groupRemoteAssignor?: string
}

/** Messages of one partition that came together. */
export type Batch = {
  topic: string
  partition: number
  /** End of the log. */
  highWatermark: string
  messages: KafkaMessage[]
  isEmpty(): boolean
  firstOffset(): string | null
  lastOffset(): string
  /** How far the batch's last message is from the end of the log. */
  offsetLag(): string
  /** How far its first one is. */
  offsetLagLow(): string
}

export interface EachMessagePayload {
  topic: string
  partition: number
  message: KafkaMessage
  heartbeat(): Promise<void>
  /** Stops reading this partition; the answer resumes it. */
  pause(): () => void
}

export interface EachBatchPayload {
  batch: Batch
  /** Everything up to this offset is done. */
  resolveOffset(offset: string): void
  heartbeat(): Promise<void>
  /** Stops reading this partition; the answer resumes it. */
  pause(): () => void
  commitOffsetsIfNecessary(offsets?: Offsets): Promise<void>
  uncommittedOffsets(): OffsetsByTopicPartition
  /** False once the consumer stops. */
  isRunning(): boolean
  /** True when the batch is of no use any more: its partition was sought or given away. */
  isStale(): boolean
}

export type ConsumerEachMessagePayload = EachMessagePayload
export type ConsumerEachBatchPayload = EachBatchPayload

export type EachBatchHandler = (payload: EachBatchPayload) => Promise<void>
export type EachMessageHandler = (payload: EachMessagePayload) => Promise<void>

/** What `consumer.run` takes. */
export type ConsumerRunConfig = {
  /** Default: true. */
  autoCommit?: boolean
  /** Milliseconds between commits within a batch. Default: none. */
  autoCommitInterval?: number | null
  /** Messages between commits within a batch. Default: none. */
  autoCommitThreshold?: number | null
  /** A batch whose handler came back is done as a whole. Default: true. */
  eachBatchAutoResolve?: boolean
  /** Default: 1. */
  partitionsConsumedConcurrently?: number
  eachBatch?: EachBatchHandler
  /** Counts before `eachBatch`. */
  eachMessage?: EachMessageHandler
}

/** @deprecated use `topics` */
export type ConsumerSubscribeTopic = { topic: string | RegExp; fromBeginning?: boolean }
export type ConsumerSubscribeTopics = { topics: (string | RegExp)[]; fromBeginning?: boolean }

export type Consumer = {
  connect(): Promise<void>
  disconnect(): Promise<void>
  subscribe(subscription: ConsumerSubscribeTopics | ConsumerSubscribeTopic): Promise<void>
  stop(): Promise<void>
  run(config?: ConsumerRunConfig): Promise<void>
  commitOffsets(topicPartitions: Array<TopicPartitionOffsetAndMetadata>): Promise<void>
  seek(topicPartitionOffset: TopicPartitionOffset): void
  describeGroup(): Promise<GroupDescription>
  pause(topics: Array<{ topic: string; partitions?: number[] }>): void
  paused(): TopicPartitions[]
  resume(topics: Array<{ topic: string; partitions?: number[] }>): void
  on(
    eventName: ConsumerEvents['HEARTBEAT'],
    listener: (event: ConsumerHeartbeatEvent) => void,
  ): RemoveInstrumentationEventListener<typeof eventName>
  on(
    eventName: ConsumerEvents['COMMIT_OFFSETS'],
    listener: (event: ConsumerCommitOffsetsEvent) => void,
  ): RemoveInstrumentationEventListener<typeof eventName>
  on(
    eventName: ConsumerEvents['GROUP_JOIN'],
    listener: (event: ConsumerGroupJoinEvent) => void,
  ): RemoveInstrumentationEventListener<typeof eventName>
  on(
    eventName: ConsumerEvents['FETCH_START'],
    listener: (event: ConsumerFetchStartEvent) => void,
  ): RemoveInstrumentationEventListener<typeof eventName>
  on(
    eventName: ConsumerEvents['FETCH'],
    listener: (event: ConsumerFetchEvent) => void,
  ): RemoveInstrumentationEventListener<typeof eventName>
  on(
    eventName: ConsumerEvents['START_BATCH_PROCESS'],
    listener: (event: ConsumerStartBatchProcessEvent) => void,
  ): RemoveInstrumentationEventListener<typeof eventName>
  on(
    eventName: ConsumerEvents['END_BATCH_PROCESS'],
    listener: (event: ConsumerEndBatchProcessEvent) => void,
  ): RemoveInstrumentationEventListener<typeof eventName>
  on(
    eventName: ConsumerEvents['CONNECT'],
    listener: (event: ConnectEvent) => void,
  ): RemoveInstrumentationEventListener<typeof eventName>
  on(
    eventName: ConsumerEvents['DISCONNECT'],
    listener: (event: DisconnectEvent) => void,
  ): RemoveInstrumentationEventListener<typeof eventName>
  on(
    eventName: ConsumerEvents['STOP'],
    listener: (event: InstrumentationEvent<null>) => void,
  ): RemoveInstrumentationEventListener<typeof eventName>
  on(
    eventName: ConsumerEvents['CRASH'],
    listener: (event: ConsumerCrashEvent) => void,
  ): RemoveInstrumentationEventListener<typeof eventName>
  on(
    eventName: ConsumerEvents['REBALANCING'],
    listener: (event: ConsumerRebalancingEvent) => void,
  ): RemoveInstrumentationEventListener<typeof eventName>
  on(
    eventName: ConsumerEvents['RECEIVED_UNSUBSCRIBED_TOPICS'],
    listener: (event: ConsumerReceivedUnsubcribedTopicsEvent) => void,
  ): RemoveInstrumentationEventListener<typeof eventName>
  on(
    eventName: ConsumerEvents['REQUEST'],
    listener: (event: RequestEvent) => void,
  ): RemoveInstrumentationEventListener<typeof eventName>
  on(
    eventName: ConsumerEvents['REQUEST_TIMEOUT'],
    listener: (event: RequestTimeoutEvent) => void,
  ): RemoveInstrumentationEventListener<typeof eventName>
  on(
    eventName: ConsumerEvents['REQUEST_QUEUE_SIZE'],
    listener: (event: RequestQueueSizeEvent) => void,
  ): RemoveInstrumentationEventListener<typeof eventName>
  on(
    eventName: ValueOf<ConsumerEvents>,
    // eslint-disable-next-line @typescript-eslint/no-explicit-any -- listeners of events not known by name, as with KafkaJS
    listener: (event: InstrumentationEvent<any>) => void,
  ): RemoveInstrumentationEventListener<typeof eventName>
  logger(): Logger
  readonly events: ConsumerEvents
}
