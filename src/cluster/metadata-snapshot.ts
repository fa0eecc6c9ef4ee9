import { isRetriable } from '../base/error-codes'
import type {
  MetadataResponse,
  MetadataResponseResponsePartition,
  MetadataResponseResponseTopic,
} from '../wire/generated/client/metadata'
import { zeroUuid } from '../wire/primitives/uuid'
import type { BrokerMetadata, PartitionMetadata, TopicMetadata } from './metadata'

/** Everything known of a cluster at one moment. Never changed: each change makes a new one. */
export interface MetadataSnapshot {
  readonly clusterId: string | null
  readonly controllerId: number
  readonly brokers: ReadonlyMap<number, BrokerMetadata>
  readonly topics: ReadonlyMap<string, TopicMetadata>
  readonly topicNames: ReadonlyMap<string, string>
}

export const emptySnapshot: MetadataSnapshot = {
  clusterId: null,
  controllerId: -1,
  brokers: new Map(),
  topics: new Map(),
  topicNames: new Map(),
}

/**
 * The snapshot after a Metadata response. Only topics in the response change. One that came with an error keeps what
 * was known when the error is a passing one, and is forgotten otherwise.
 */
export function mergeResponse(known: MetadataSnapshot, response: MetadataResponse): MetadataSnapshot {
  const topics = new Map(known.topics)
  for (const topic of response.topics) {
    if (topic.name === null) continue
    if (topic.errorCode === 0) topics.set(topic.name, mergeTopic(topics.get(topic.name), topic))
    else if (!isRetriable(topic.errorCode)) topics.delete(topic.name)
  }
  return {
    clusterId: response.clusterId ?? known.clusterId,
    controllerId: response.controllerId,
    brokers: new Map(response.brokers.map((broker) => [broker.nodeId, toBroker(broker)])),
    topics,
    topicNames: indexById(topics),
  }
}

/** The snapshot without some topics. */
export function withoutTopics(known: MetadataSnapshot, names: ReadonlySet<string>): MetadataSnapshot {
  if (names.size === 0) return known
  const topics = new Map([...known.topics].filter(([name]) => !names.has(name)))
  return { ...known, topics, topicNames: indexById(topics) }
}

/** The snapshot with one partition's new leader (KIP-951); undefined when that is not newer than what is known. */
export function withLeader(
  known: MetadataSnapshot,
  topicName: string,
  partition: number,
  leaderId: number,
  leaderEpoch: number,
): MetadataSnapshot | undefined {
  const topic = known.topics.get(topicName)
  const old = topic?.partitions[partition]
  if (topic === undefined || old === undefined || leaderEpoch <= old.leaderEpoch) return undefined
  const partitions = [...topic.partitions]
  partitions[partition] = { ...old, leaderId, leaderEpoch, errorCode: 0 }
  const topics = new Map(known.topics)
  topics.set(topicName, { ...topic, partitions })
  return { ...known, topics }
}

/** The snapshot with a broker that a response named. */
export function withBroker(known: MetadataSnapshot, broker: BrokerMetadata): MetadataSnapshot {
  return { ...known, brokers: new Map(known.brokers).set(broker.nodeId, broker) }
}

/** A topic of a response, with its partitions in the order of their numbers. */
export function toTopic(topic: MetadataResponseResponseTopic): TopicMetadata {
  const partitions = topic.partitions
    .map(toPartition)
    .sort((first, second) => first.partition - second.partition)
  return { name: topic.name ?? '', topicId: topic.topicId, isInternal: topic.isInternal, partitions }
}

/**
 * A broker that lags behind may still name an old leader. Its epoch tells (KIP-320), unless the topic was created
 * anew meanwhile, which its id tells.
 */
function mergeTopic(known: TopicMetadata | undefined, topic: MetadataResponseResponseTopic): TopicMetadata {
  const fresh = toTopic(topic)
  if (known === undefined || known.topicId !== fresh.topicId) return fresh
  const partitions = fresh.partitions.map((partition) => {
    const old = known.partitions[partition.partition]
    const stale = old !== undefined && partition.leaderEpoch >= 0 && partition.leaderEpoch < old.leaderEpoch
    return stale ? old : partition
  })
  return { ...fresh, partitions }
}

function toPartition(partition: MetadataResponseResponsePartition): PartitionMetadata {
  return {
    partition: partition.partitionIndex,
    leaderId: partition.leaderId,
    leaderEpoch: partition.leaderEpoch,
    replicas: partition.replicaNodes,
    isr: partition.isrNodes,
    offlineReplicas: partition.offlineReplicas,
    errorCode: partition.errorCode,
  }
}

function toBroker(broker: BrokerMetadata): BrokerMetadata {
  return { nodeId: broker.nodeId, host: broker.host, port: broker.port, rack: broker.rack }
}

function indexById(topics: ReadonlyMap<string, TopicMetadata>): Map<string, string> {
  const names = new Map<string, string>()
  for (const topic of topics.values()) if (topic.topicId !== zeroUuid) names.set(topic.topicId, topic.name)
  return names
}
