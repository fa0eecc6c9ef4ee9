import { ErrorCode } from '../../base/error-codes'
import {
  describeQuorumApi,
  type DescribeQuorumRequest,
  type DescribeQuorumResponse,
  type DescribeQuorumResponsePartitionData,
} from '../../wire/generated/broker/describe-quorum'
import { zeroUuid } from '../../wire/primitives/uuid'
import { handler, type ApiHandler } from '../contracts/api-handler'
import { clusterResource } from '../contracts/security'
import type { Services } from '../contracts/services'

const metadataTopic = '__cluster_metadata'

/**
 * Tells the quorum of the controllers (KIP-595): a static one, in which all brokers vote, as brokers with
 * `process.roles=broker,controller` do. There is no metadata log; its end is the newest broker epoch.
 */
export function describeQuorumHandler(
  services: Services,
): ApiHandler<DescribeQuorumRequest, DescribeQuorumResponse> {
  return handler(describeQuorumApi, (request, context) => {
    if (!services.authorizer.allows(context, 'Describe', 'Cluster', clusterResource)) {
      return { errorCode: ErrorCode.CLUSTER_AUTHORIZATION_FAILED, errorMessage: null, topics: [], nodes: [] }
    }
    const topics = request.topics.map(({ topicName, partitions }) => ({
      topicName,
      partitions: partitions.map(({ partitionIndex }) =>
        topicName === metadataTopic && partitionIndex === 0
          ? quorum(services)
          : unknownPartition(partitionIndex),
      ),
    }))
    const nodes = services.brokers.all.map(({ id, host, port }) => ({
      nodeId: id,
      listeners: [{ name: 'CONTROLLER', host, port }],
    }))
    return { errorCode: 0, errorMessage: null, topics, ...(context.apiVersion >= 2 && { nodes }) }
  })
}

function quorum({ brokers, runtime }: Services): DescribeQuorumResponsePartitionData {
  const end = brokers.all.reduce((newest, { epoch }) => (epoch > newest ? epoch : newest), 0n)
  const now = BigInt(Math.trunc(runtime.clock.wallTime()))
  const currentVoters = brokers.all.map(({ id, isFenced }) => ({
    replicaId: id,
    replicaDirectoryId: zeroUuid,
    logEndOffset: end,
    lastFetchTimestamp: isFenced ? -1n : now,
    lastCaughtUpTimestamp: isFenced ? -1n : now,
  }))
  return {
    partitionIndex: 0,
    errorCode: 0,
    errorMessage: null,
    leaderId: brokers.controllerId,
    leaderEpoch: 1,
    highWatermark: end,
    currentVoters,
    observers: [],
  }
}

function unknownPartition(partitionIndex: number): DescribeQuorumResponsePartitionData {
  return {
    partitionIndex,
    errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    errorMessage: null,
    leaderId: 0,
    leaderEpoch: 0,
    highWatermark: 0n,
    currentVoters: [],
    observers: [],
  }
}
