import type { ConsumerOptions } from '../../index'
import { timer } from '../client/core-options'
import type { ConsumerConfig } from '../types/consumer'
import type { Subscriptions } from './subscriptions'

/** The options of our own consumer that mean the same. Commits are the layer's own. */
export function coreConsumerOptions(
  config: ConsumerConfig,
  subscriptions: Subscriptions,
): ConsumerOptions<(string | RegExp)[], []> {
  const { groupId, groupInstanceId, groupRemoteAssignor, rebalanceTimeout = 60_000 } = config
  const { maxBytesPerPartition = 1_048_576, minBytes = 1, maxBytes = 10_485_760 } = config
  const {
    maxWaitTimeInMs = 5000,
    allowAutoTopicCreation = true,
    readUncommitted = false,
    rackId = '',
    groupProtocol = 'classic',
  } = config
  return {
    groupId,
    groupInstanceId,
    groupProtocol,
    groupRemoteAssignor,
    topics: subscriptions.topics,
    startFrom: subscriptions.commonStart ?? 'latest',
    autoCommit: false,
    ...sessionOptions(config),
    rebalanceTimeoutMs: timer(rebalanceTimeout, 1),
    // KafkaJS has no limit for a handler, whose heartbeats are its own business.
    maxPollIntervalMs: timer(Infinity),
    maxPartitionFetchBytes: maxBytesPerPartition,
    fetchMinBytes: minBytes,
    fetchMaxBytes: maxBytes,
    fetchMaxWaitMs: timer(maxWaitTimeInMs),
    isolationLevel: readUncommitted ? 'read_uncommitted' : 'read_committed',
    clientRack: rackId,
    allowAutoTopicCreation,
  }
}

/** With KIP-848 they are the broker's. */
function sessionOptions({
  groupProtocol,
  sessionTimeout = 30_000,
  heartbeatInterval = 3000,
}: ConsumerConfig): Pick<ConsumerOptions, 'sessionTimeoutMs' | 'heartbeatIntervalMs'> {
  if (groupProtocol === 'consumer') return {}
  return { sessionTimeoutMs: timer(sessionTimeout, 1), heartbeatIntervalMs: timer(heartbeatInterval, 1) }
}
