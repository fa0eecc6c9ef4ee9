import { noMessage, noOffset, unthrottled, type ErrorResponses } from './error-response'

/** Topics, partitions and the cluster. */
export const clusterErrors: ErrorResponses<
  | 'Metadata'
  | 'DescribeCluster'
  | 'DescribeTopicPartitions'
  | 'CreateTopics'
  | 'DeleteTopics'
  | 'CreatePartitions'
  | 'ElectLeaders'
  | 'AlterPartitionReassignments'
  | 'ListPartitionReassignments'
  | 'AlterReplicaLogDirs'
  | 'DescribeLogDirs'
  | 'DescribeProducers'
  | 'DescribeTransactions'
  | 'ListTransactions'
  | 'DescribeQuorum'
  | 'UpdateFeatures'
  | 'UnregisterBroker'
  | 'UnregisterController'
  | 'AddRaftVoter'
  | 'RemoveRaftVoter'
> = {
  // All topics were asked for: the error has a place of its own since version 13, and none before.
  Metadata: ({ topics }, errorCode, version) => ({
    ...unthrottled,
    brokers: [],
    errorCode: version >= 13 ? errorCode : 0,
    topics: (topics ?? []).map(({ name, topicId }) => ({
      errorCode,
      name: name ?? (version >= 12 ? null : ''),
      topicId,
      partitions: [],
    })),
  }),
  DescribeCluster: (_, errorCode) => ({ ...unthrottled, errorCode, clusterId: '', brokers: [] }),
  DescribeTopicPartitions: ({ topics }, errorCode) => ({
    ...unthrottled,
    topics: topics.map(({ name }) => ({
      errorCode,
      name,
      topicId: 'AAAAAAAAAAAAAAAAAAAAAA',
      partitions: [],
    })),
  }),
  CreateTopics: ({ topics }, errorCode) => ({
    ...unthrottled,
    topics: topics.map(({ name }) => ({ name, errorCode, errorMessage: noMessage })),
  }),
  // Names stand in a list of their own before version 6.
  DeleteTopics: ({ topics, topicNames }, errorCode, version) => ({
    ...unthrottled,
    responses:
      version >= 6
        ? topics.map(({ name, topicId }) => ({ name, topicId, errorCode }))
        : topicNames.map((name) => ({ name, errorCode })),
  }),
  CreatePartitions: ({ topics }, errorCode) => ({
    ...unthrottled,
    results: topics.map(({ name }) => ({ name, errorCode })),
  }),
  ElectLeaders: ({ topicPartitions }, errorCode, version) => ({
    ...unthrottled,
    ...(version >= 1 ? { errorCode } : {}),
    replicaElectionResults: (topicPartitions ?? []).map(({ topic, partitions }) => ({
      topic,
      partitionResult: partitions.map((partitionId) => ({ partitionId, errorCode, errorMessage: noMessage })),
    })),
  }),
  AlterPartitionReassignments: (_, errorCode) => ({
    ...unthrottled,
    errorCode,
    errorMessage: noMessage,
    responses: [],
  }),
  ListPartitionReassignments: (_, errorCode) => ({
    ...unthrottled,
    errorCode,
    errorMessage: noMessage,
    topics: [],
  }),
  AlterReplicaLogDirs: ({ dirs }, errorCode) => ({
    ...unthrottled,
    results: dirs.flatMap(({ topics }) =>
      topics.map(({ name, partitions }) => ({
        topicName: name,
        partitions: partitions.map((partitionIndex) => ({ partitionIndex, errorCode })),
      })),
    ),
  }),
  DescribeLogDirs: (_, errorCode, version) =>
    version >= 3
      ? { ...unthrottled, errorCode, results: [] }
      : { ...unthrottled, results: [{ errorCode, logDir: '', topics: [] }] },
  DescribeProducers: ({ topics }, errorCode) => ({
    ...unthrottled,
    topics: topics.map(({ name, partitionIndexes }) => ({
      name,
      partitions: partitionIndexes.map((partitionIndex) => ({
        partitionIndex,
        errorCode,
        activeProducers: [],
      })),
    })),
  }),
  DescribeTransactions: ({ transactionalIds }, errorCode) => ({
    ...unthrottled,
    transactionStates: transactionalIds.map((transactionalId) => ({
      errorCode,
      transactionalId,
      transactionState: '',
      transactionTimeoutMs: 0,
      transactionStartTimeMs: noOffset,
      producerId: noOffset,
      producerEpoch: -1,
      topics: [],
    })),
  }),
  ListTransactions: (_, errorCode) => ({
    ...unthrottled,
    errorCode,
    unknownStateFilters: [],
    transactionStates: [],
  }),
  DescribeQuorum: (_, errorCode) => ({ errorCode, topics: [] }),
  UpdateFeatures: (_, errorCode) => ({ ...unthrottled, errorCode, errorMessage: noMessage }),
  UnregisterBroker: (_, errorCode) => ({ ...unthrottled, errorCode, errorMessage: noMessage }),
  UnregisterController: (_, errorCode) => ({ ...unthrottled, errorCode, errorMessage: noMessage }),
  AddRaftVoter: (_, errorCode) => ({ ...unthrottled, errorCode, errorMessage: noMessage }),
  RemoveRaftVoter: (_, errorCode) => ({ ...unthrottled, errorCode, errorMessage: noMessage }),
}

/** Configs, quotas and telemetry. */
export const configErrors: ErrorResponses<
  | 'DescribeConfigs'
  | 'AlterConfigs'
  | 'IncrementalAlterConfigs'
  | 'ListConfigResources'
  | 'DescribeClientQuotas'
  | 'AlterClientQuotas'
  | 'GetTelemetrySubscriptions'
  | 'PushTelemetry'
  | 'ApiVersions'
> = {
  DescribeConfigs: ({ resources }, errorCode) => ({
    ...unthrottled,
    results: resources.map(({ resourceType, resourceName }) => ({
      errorCode,
      errorMessage: noMessage,
      resourceType,
      resourceName,
      configs: [],
    })),
  }),
  AlterConfigs: ({ resources }, errorCode) => ({
    ...unthrottled,
    responses: resources.map(({ resourceType, resourceName }) => ({
      errorCode,
      errorMessage: noMessage,
      resourceType,
      resourceName,
    })),
  }),
  IncrementalAlterConfigs: ({ resources }, errorCode) => ({
    ...unthrottled,
    responses: resources.map(({ resourceType, resourceName }) => ({
      errorCode,
      errorMessage: noMessage,
      resourceType,
      resourceName,
    })),
  }),
  ListConfigResources: (_, errorCode) => ({ ...unthrottled, errorCode, configResources: [] }),
  DescribeClientQuotas: (_, errorCode) => ({
    ...unthrottled,
    errorCode,
    errorMessage: noMessage,
    entries: null,
  }),
  AlterClientQuotas: ({ entries }, errorCode) => ({
    ...unthrottled,
    entries: entries.map(({ entity }) => ({ errorCode, errorMessage: noMessage, entity })),
  }),
  GetTelemetrySubscriptions: ({ clientInstanceId }, errorCode) => ({
    ...unthrottled,
    errorCode,
    clientInstanceId,
    subscriptionId: 0,
    acceptedCompressionTypes: [],
    pushIntervalMs: 0,
    telemetryMaxBytes: 0,
    deltaTemporality: false,
    requestedMetrics: [],
  }),
  PushTelemetry: (_, errorCode) => ({ ...unthrottled, errorCode }),
  ApiVersions: (_, errorCode) => ({ errorCode, apiKeys: [] }),
}
