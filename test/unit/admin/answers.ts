import type { MetadataResponse } from '../../../src/wire/generated/client/metadata'
import { zeroUuid } from '../../../src/wire/primitives/uuid'

/** Leaders of each topic's partitions; a number stands for a topic's error code. */
export type Leaders = Readonly<Record<string, readonly number[] | number>>

/** A Metadata response of a cluster of `nodeIds` with these leaders. */
export function metadataAnswer(leaders: Leaders, nodeIds: readonly number[] = [1, 2, 3]): MetadataResponse {
  return {
    throttleTimeMs: 0,
    brokers: nodeIds.map((nodeId) => ({ nodeId, host: 'localhost', port: 9092 + nodeId, rack: null })),
    clusterId: 'cluster',
    controllerId: 1,
    clusterAuthorizedOperations: -2147483648,
    errorCode: 0,
    topics: Object.entries(leaders).map(([name, of]) => ({
      errorCode: typeof of === 'number' ? of : 0,
      name,
      topicId: zeroUuid,
      isInternal: false,
      topicAuthorizedOperations: -2147483648,
      partitions: (typeof of === 'number' ? [] : of).map((leaderId, partitionIndex) => ({
        errorCode: 0,
        partitionIndex,
        leaderId,
        leaderEpoch: 0,
        replicaNodes: [1],
        isrNodes: [1],
        offlineReplicas: [],
      })),
    })),
  }
}

/** One topic of a CreateTopics response. */
export function createdTopic(name: string, errorCode = 0, errorMessage: string | null = null) {
  return {
    name,
    topicId: 'AAAAAAAAAAAAAAAAAAAAAQ',
    errorCode,
    errorMessage,
    topicConfigErrorCode: 0,
    numPartitions: 3,
    replicationFactor: 1,
    configs: [],
  }
}
