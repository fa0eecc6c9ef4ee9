/** The public names of typed-kafka. What is not listed here is internal and may change at any time. */

export { Kafka, type KafkaOptions } from './kafka'
export type { BrokersFunction } from './cluster/bootstrap-brokers'
export type { PasswordSasl, TlsOptions } from './cluster/cluster-options'
export type {
  RequestAnsweredEvent,
  RequestEvent,
  RequestListeners,
  RequestQueueEvent,
  RequestTimedOutEvent,
} from './network/request-events'
export type { SocketFactory, SocketFactoryTarget } from './network/socket-factory'
export type { SaslContext, SaslExchange, SaslMechanism } from './network/sasl/sasl-mechanism'
export type { PartitionMetadata } from './cluster/metadata'

export { Producer, type WaitOptions } from './producer/producer'
export type {
  Acks,
  CompressionOptions,
  ProducerOptions,
  ResolvedProducerOptions,
} from './producer/producer-options'
export type { InterceptedMessage, ProducerInterceptor } from './producer/interceptors'
export type {
  PartitionChoice,
  Partitioner,
  PartitionerFunction,
  PartitionerInput,
  PartitionerOption,
} from './producer/partitioners/partitioner'
export { murmur2 } from './wire/murmur2'
export { legacyMurmur2 } from './producer/partitioners/legacy-murmur2'
export type { ProducerMetrics, ProducerTopicMetrics } from './producer/producer-metrics'
export { Transaction, type TransactionWaitOptions } from './producer/transactions/transaction'
export type { TransactionGroup, TransactionOffset } from './producer/transactions/transaction-offsets'
export type { OutgoingMessage, Receipt, SendOptions } from './producer/outgoing-message'
export type { BatchCodec, CompressionCodec, CompressionType } from './wire/records/compression/codec'
export { codecNamed as compressionCodec } from './wire/records/compression/codecs'
export type { CustomCodecs } from './wire/records/compression/codecs'
export type { CodecType, CustomCodec } from './wire/records/compression/custom-codec'

export {
  Consumer,
  type CallOptions,
  type CommittedOffset,
  type OffsetToCommit,
  type ProcessTransactionallyOptions,
  type RunBatchesOptions,
  type RunOptions,
} from './consumer/consumer'
export type {
  AssignorName,
  ConsumerOptions,
  IsolationLevel,
  PartitionsListener,
  RemoteAssignorName,
  ResolvedConsumerOptions,
} from './consumer/consumer-options'
export type { GroupProtocol } from './consumer/group/create-membership'
export { Message, type TimestampType } from './message/message'
export type { MessageOf, SubscriptionInput, TopicInput } from './message/topic-input'
export type { AssignmentInput, ManualAssignment, ReadUntil } from './consumer/manual/manual-assignment'
export type { MessageReadable } from './consumer/streams/message-readable'
export type { PartitionProgress, ReadProgress } from './consumer/manual/reading-ends'
export { MessageBatch } from './message/message-batch'
export { TransactionBatch } from './consumer/transactional/transaction-batch'
export type {
  HandlerTransaction,
  OffsetTransaction,
  PositionInTransaction,
  TransactionalProducer,
} from './consumer/transactional/transactional-producer'
export type { BatchContext, HandlerContext } from './consumer/delivery/handler-context'
export {
  deadLetter,
  deadLetterHeaders,
  type DeadLetter,
  type DeadLetterMessage,
  type DeadLetterOptions,
  type DeadLetterProducer,
} from './consumer/failures/dead-letter'
export type { ErrorPolicy, GiveUp } from './consumer/failures/error-policy'
export type { FailedMessage } from './consumer/failures/failed-message'
export type { ConsumerHealth, ConsumerState, GroupHealth } from './consumer/health/consumer-health'
export type { PartitionHealth, PartitionWait } from './consumer/health/partition-health'
export type { PartitionLag } from './consumer/health/partition-lag'
export type { Stall } from './health/stall'
export type { StallKind } from './consumer/health/stall-kind'
export type {
  ConsumerMetrics,
  ConsumerPartitionMetrics,
  ConsumerTopicMetrics,
} from './consumer/health/consumer-metrics'
export type { SeekTarget, StartFrom } from './consumer/start-from'
export type { ConsumerGroupMetadata, OffsetAndMetadata } from './consumer/group/group-membership'
export type {
  AssignableTopic,
  GroupMember,
  JoiningMember,
  MemberAssignment,
  PartitionAssignor,
  RebalanceProtocol,
} from './consumer/assignors/partition-assignor'

export {
  ShareConsumer,
  type FailurePolicy,
  type ShareCallOptions,
  type ShareRunOptions,
} from './share/share-consumer'
export type {
  AcknowledgementMode,
  ResolvedShareConsumerOptions,
  ShareConsumerOptions,
} from './share/share-consumer-options'
export { ShareMessage, type ShareMessageOf } from './share/share-message'
export type { AcknowledgeType } from './share/acknowledge-type'
export type { AcknowledgementResult } from './share/acknowledgement-result'
export type {
  ShareConsumerHealth,
  ShareConsumerState,
  ShareGroupHealth,
  ShareStallKind,
} from './share/health/share-consumer-health'
export type { SharePartitionHealth, SharePartitionWait } from './share/health/share-partition-health'
export type { ShareConsumerMetrics, ShareTopicMetrics } from './share/health/share-consumer-metrics'
export type { ShareConsumerEventListeners } from './share/health/share-event-listeners'
export type { AcquireMode } from './share/share-settings'
export type { FailedAs } from './share/share-delivery'
export type { ShareHandlerContext } from './share/share-handler-context'

export { Admin } from './admin/admin'
export type { AdminOptions, ResolvedAdminOptions } from './admin/admin-options'
export type { HangingTransaction } from './admin/abort-transaction'
export type { AclFilter } from './admin/acl-filter'
export type {
  AclBinding,
  AclBindingOperation,
  AclPatternType,
  AclPermission,
  AclResourceType,
} from './admin/acl-types'
export type {
  AlterClientQuotasOptions,
  AlteredClientQuotas,
  ClientQuotaChanges,
} from './admin/alter-client-quotas'
export type { AlteredGroupOffset, NewGroupOffset } from './admin/alter-group-offsets'
export type {
  AlteredPartitionReassignment,
  AlterPartitionReassignmentsOptions,
  NewPartitionReassignment,
} from './admin/alter-partition-reassignments'
export type { NewConfigs } from './admin/alter-configs'
export type { NewReplicaLogDir, TopicPartitionReplica } from './admin/alter-replica-log-dirs'
export type { AlteredScramCredential, ScramCredentialChange } from './admin/alter-user-scram-credentials'
export type { AclOperation } from './admin/authorized-operations'
export type { AdminCallOptions, PartialResults } from './admin/call-options'
export type { ItemResult } from './admin/item-result'
export type { ConfigEntry, ConfigSource, ConfigType } from './admin/config-entries'
export type { ConfigResource, ConfigResourceType } from './admin/config-resource'
export type { NewAcl } from './admin/create-acls'
export type { QuotaEntity, QuotaEntityType } from './admin/client-quota-types'
export type { CreatedPartitions, CreatePartitionsOptions, NewPartitions } from './admin/create-partitions'
export type { CreatedTopic, CreateTopicsOptions, NewTopic } from './admin/create-topics'
export type { CreateDelegationTokenOptions } from './admin/create-delegation-token'
export type { DelegationToken, DelegationTokenExpiry } from './admin/delegation-token-types'
export type { DeletedAcls } from './admin/delete-acls'
export type { GroupPartition } from './admin/delete-group-offsets'
export type { DeletedGroup } from './admin/delete-groups'
export type { DeletedRecords, RecordsToDelete } from './admin/delete-records'
export type { DeletedTopic, DeleteTopicsOptions, TopicReference } from './admin/delete-topics'
export type { BrokerDescription, ClusterDescription, DescribeClusterOptions } from './admin/describe-cluster'
export type {
  ConfigsDescription,
  ConfigsQuery,
  ConfigSynonym,
  DescribeConfigsOptions,
  DescribedConfig,
} from './admin/describe-configs'
export type { ClientQuotas, QuotaFilter, QuotaFilterComponent } from './admin/describe-client-quotas'
export type { DescribeDelegationTokensOptions } from './admin/describe-delegation-tokens'
export type { DescribeGroupsOptions } from './admin/describe-groups'
export type { BrokerLogDirs, DescribeLogDirsOptions, LogDir, LogDirReplica } from './admin/describe-log-dirs'
export type { QuorumDescription, QuorumNode, QuorumReplica } from './admin/describe-metadata-quorum'
export type { DescribeProducersOptions, PartitionProducers, ProducerState } from './admin/describe-producers'
export type { DescribeTopicsOptions, PartitionDescription, TopicDescription } from './admin/describe-topics'
export type { TransactionDescription } from './admin/describe-transactions'
export type { UserScramCredentials } from './admin/describe-user-scram-credentials'
export type {
  DescribeFeaturesOptions,
  FeatureDescription,
  FeatureLevels,
  FeatureUpdate,
  FeatureUpgradeType,
  UpdatedFeature,
  UpdateFeaturesOptions,
} from './admin/features'
export type { ExpireDelegationTokenOptions } from './admin/expire-delegation-token'
export type { FencedProducer } from './admin/fence-producers'
export type { ElectedLeader, ElectionType } from './admin/elect-leaders'
export type {
  GroupDescription,
  GroupMember as GroupMemberDescription,
  GroupState,
  GroupType,
} from './admin/group-types'
export type {
  AlteredConfigs,
  ConfigChanges,
  IncrementalAlterConfigsOptions,
} from './admin/incremental-alter-configs'
export type {
  CommittedOffset as GroupOffset,
  GroupOffsets,
  GroupOffsetsQuery,
  ListGroupOffsetsOptions,
} from './admin/list-group-offsets'
export type { BrokerGroups, GroupListing, ListGroupsOptions } from './admin/list-groups'
export type { ListedOffset, ListOffsetsOptions, OffsetQuery, OffsetSpec } from './admin/list-offsets'
export type {
  ListPartitionReassignmentsOptions,
  PartitionReassignment,
} from './admin/list-partition-reassignments'
export type {
  ShareGroupOffset,
  ShareGroupOffsets,
  ShareGroupOffsetsQuery,
} from './admin/list-share-group-offsets'
export type { ListConfigResourcesOptions } from './admin/list-config-resources'
export type { ListTopicsOptions, TopicListing } from './admin/list-topics'
export type {
  BrokerTransactions,
  ListTransactionsOptions,
  TransactionListing,
} from './admin/list-transactions'
export type { NewRaftVoter, RaftVoter, RaftVoterEndpoint, RaftVoterOptions } from './admin/raft-voter'
export type { RenewDelegationTokenOptions } from './admin/renew-delegation-token'
export type { ScramMechanismName } from './admin/scram-types'
export type {
  AlteredShareGroupOffset,
  NewShareGroupOffset,
  ShareGroupTopic,
} from './admin/share-group-offsets'
export type {
  StreamsAssignment,
  StreamsInternalTopic,
  StreamsMember,
  StreamsSubtopology,
  StreamsTask,
  StreamsTaskOffset,
  StreamsTopology,
} from './admin/streams-group-types'
export type { TransactionState } from './admin/transaction-types'
export type {
  MemberToRemove,
  RemovedMember,
  RemoveMembersFromGroupOptions,
} from './admin/remove-members-from-group'

export { topic, type RawTopic, type Topic, type TopicSerdes } from './serde/topic'
export { bytes, nullable, string, type RawInput } from './serde/basic-serdes'
export { float64, int32, int64 } from './serde/number-serdes'
export { json } from './serde/json-serde'
export type { Serde, SerdeInput, SerdeOutput, Serialized } from './serde/serde'
export type { StandardSchema, ValidationIssue, ValidationResult } from './serde/standard-schema'
export type { HeaderInput, Headers, HeadersInput, HeaderValue } from './serde/headers'

export {
  AbortedError,
  AuthenticationError,
  BrokerError,
  ClosedError,
  ConnectionError,
  DecodeError,
  FencedError,
  InvalidArgumentError,
  InvalidOptionError,
  isKafkaError,
  KafkaError,
  SerializationError,
  TimeoutError,
  UnsupportedVersionError,
  type ErrorContext,
  type KafkaErrorOptions,
  type TimeoutErrorOptions,
  type UnansweredRequest,
} from './base/errors'
export { AdminError } from './admin/admin-error'
export { ProduceError, type ProduceErrorOptions } from './producer/produce-error'
export { ErrorCode, type ErrorCodeName, type ErrorKind } from './base/error-codes'
export {
  onDiagnostics,
  type BatchAcknowledgedEvent,
  type BatchFailedEvent,
  type BatchRetriedEvent,
  type BatchSentEvent,
  type DiagnosticsEvents,
  type DiagnosticsName,
  type ProducerBatchEvent,
  type TransactionEndedEvent,
  type OffsetResetEvent,
  type TransactionEndFailedEvent,
  type TransactionEvent,
} from './base/diagnostics'
export type {
  CommitFailedEvent,
  CommittedEvent,
  ConsumerErrorEvent,
  ConsumerEvent,
  FetchedEvent,
  FetchFailedEvent,
  FetchStartedEvent,
  HeartbeatEvent,
  PartitionsEvent,
  RebalanceBeganEvent,
  RebalancedEvent,
  RecordsPassedOverEvent,
  SessionLostEvent,
  StallEvent,
} from './base/consumer-diagnostics'
export type {
  AcknowledgedEvent,
  AcknowledgedRange,
  AcknowledgementFailedEvent,
  LocksExpiredEvent,
  ShareConsumerErrorEvent,
  ShareConsumerEvent,
  ShareFetchedEvent,
  ShareFetchFailedEvent,
  ShareJoinedEvent,
  SharePartitionsEvent,
  ShareSessionLostEvent,
  ShareStallEvent,
} from './base/share-diagnostics'
export type { ConsumerEventListeners } from './consumer/events/consumer-event-listeners'
export type {
  MessageDeadLetteredEvent,
  MessageFailureEvent,
  MessageRetriedEvent,
} from './base/failure-diagnostics'
export { consoleLogger, silentLogger, type Logger, type LogLevel } from './base/logger'
export type { TopicPartition } from './base/topic-partition'
