import { ErrorCode } from '../../base/error-codes'
import {
  alterPartitionReassignmentsApi,
  type AlterPartitionReassignmentsRequest,
  type AlterPartitionReassignmentsRequestReassignablePartition,
  type AlterPartitionReassignmentsResponse,
  type AlterPartitionReassignmentsResponseReassignablePartitionResponse,
} from '../../wire/generated/broker/alter-partition-reassignments'
import { errorCodeOf, errorMessageOf, fail } from '../contracts/kafka-failure'
import { handler, type ApiHandler } from '../contracts/api-handler'
import { clusterResource } from '../contracts/security'
import type { Services } from '../contracts/services'

/** Moves partitions to other replicas, or takes such a move back (KIP-455). */
export function alterPartitionReassignmentsHandler(
  services: Services,
): ApiHandler<AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse> {
  return handler(alterPartitionReassignmentsApi, (request, context) => {
    const { allowReplicationFactorChange } = request
    if (!services.authorizer.allows(context, 'Alter', 'Cluster', clusterResource)) {
      const errorCode = ErrorCode.CLUSTER_AUTHORIZATION_FAILED
      return { throttleTimeMs: 0, allowReplicationFactorChange, errorCode, errorMessage: null, responses: [] }
    }
    const responses = request.topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map((wanted) => alter(services, name, wanted, allowReplicationFactorChange)),
    }))
    return { throttleTimeMs: 0, allowReplicationFactorChange, errorCode: 0, errorMessage: null, responses }
  })
}

function alter(
  services: Services,
  topic: string,
  wanted: AlterPartitionReassignmentsRequestReassignablePartition,
  allowReplicationFactorChange: boolean,
): AlterPartitionReassignmentsResponseReassignablePartitionResponse {
  const { partitionIndex, replicas } = wanted
  try {
    const partition = services.topics.partition(topic, partitionIndex)
    if (partition === undefined) throw unknownPartition(services, topic, partitionIndex)
    if (replicas === null) partition.cancelReassignment()
    else {
      const before = partition.replicas.filter((id) => !partition.addingReplicas.includes(id))
      if (!allowReplicationFactorChange && replicas.length !== before.length) {
        throw fail(
          'INVALID_REPLICATION_FACTOR',
          `The replication factor is changed from ${before.length} to ${replicas.length}`,
        )
      }
      partition.reassign(replicas)
    }
    return { partitionIndex, errorCode: 0, errorMessage: null }
  } catch (error) {
    return { partitionIndex, errorCode: errorCodeOf(error), errorMessage: errorMessageOf(error) }
  }
}

function unknownPartition(services: Services, topic: string, index: number): Error {
  return fail(
    'UNKNOWN_TOPIC_OR_PARTITION',
    services.topics.byName(topic) === undefined
      ? `Unable to find a topic named ${topic}.`
      : `Unable to find partition ${topic}:${index}.`,
  )
}
