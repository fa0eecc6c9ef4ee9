import type { Admin, AssignableTopic } from '../../index'
import { partitionMetadata } from '../admin/topic-operations'
import { KafkaJSNotImplemented } from '../errors/non-retriable-errors'
import type { PartitionMetadata } from '../partition-metadata'
import type { Cluster } from '../types/cluster'

/** The partitions of topics, by name. */
export type KnownPartitions = ReadonlyMap<string, PartitionMetadata[]>

/** Asks for leaders and replicas, which our own assignors need not know; what nobody tells has partitions without a leader. */
export async function knownPartitions(
  admin: Pick<Admin, 'describeTopics'>,
  topics: readonly AssignableTopic[],
): Promise<KnownPartitions> {
  const known = new Map(topics.map(({ name, partitionCount }) => [name, unledPartitions(partitionCount)]))
  const described = await admin.describeTopics([...known.keys()], { partial: true }).catch(() => [])
  for (const topic of described) {
    if (topic.error !== null || topic.partitions.length !== known.get(topic.name)?.length) continue
    known.set(topic.name, topic.partitions.map(partitionMetadata))
  }
  return known
}

function unledPartitions(count: number): PartitionMetadata[] {
  const unled = { partitionErrorCode: 0, leader: -1, replicas: [], isr: [], offlineReplicas: [] }
  return Array.from({ length: count }, (_, partitionId) => ({ ...unled, partitionId }))
}

/** What an assigner may ask: the partitions of the topics that are being divided. */
export function assignerCluster(partitionsOf: (topic: string) => PartitionMetadata[]): Cluster {
  const missing = (what: string) => (): never => {
    throw new KafkaJSNotImplemented(`cluster.${what} is not implemented for assigners`)
  }
  return {
    findTopicPartitionMetadata: partitionsOf,
    isConnected: () => true,
    connect: async () => {},
    disconnect: async () => {},
    refreshMetadata: async () => {},
    refreshMetadataIfNecessary: async () => {},
    addTargetTopic: async () => {},
    addMultipleTargetTopics: async () => {},
    defaultOffset: ({ fromBeginning }) => (fromBeginning ? -2 : -1),
    getNodeIds: missing('getNodeIds'),
    metadata: missing('metadata'),
    removeBroker: missing('removeBroker'),
    findBroker: missing('findBroker'),
    findControllerBroker: missing('findControllerBroker'),
    findLeaderForPartitions: missing('findLeaderForPartitions'),
    findGroupCoordinator: missing('findGroupCoordinator'),
    findGroupCoordinatorMetadata: missing('findGroupCoordinatorMetadata'),
    fetchTopicsOffset: missing('fetchTopicsOffset'),
  }
}
