import { ErrorCode } from '../../base/error-codes'
import {
  listPartitionReassignmentsApi,
  type ListPartitionReassignmentsRequest,
  type ListPartitionReassignmentsResponse,
  type ListPartitionReassignmentsResponseOngoingTopicReassignment,
} from '../../wire/generated/broker/list-partition-reassignments'
import type { Partition } from '../contracts/partition'
import { handler, type ApiHandler } from '../contracts/api-handler'
import { clusterResource } from '../contracts/security'
import type { Services } from '../contracts/services'

/** Names the partitions whose replicas are just changed; all of them, or those of the request that are. */
export function listPartitionReassignmentsHandler(
  services: Services,
): ApiHandler<ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse> {
  return handler(listPartitionReassignmentsApi, (request, context) => {
    if (!services.authorizer.allows(context, 'Describe', 'Cluster', clusterResource)) {
      const errorCode = ErrorCode.CLUSTER_AUTHORIZATION_FAILED
      return { throttleTimeMs: 0, errorCode, errorMessage: null, topics: [] }
    }
    const wanted = request.topics ?? [...services.topics.all].map(({ name }) => ({ name }))
    const topics = wanted.flatMap((topic) => ongoing(services, topic))
    return { throttleTimeMs: 0, errorCode: 0, errorMessage: null, topics }
  })
}

function ongoing(
  services: Services,
  wanted: { readonly name: string; readonly partitionIndexes?: readonly number[] },
): ListPartitionReassignmentsResponseOngoingTopicReassignment[] {
  const { name, partitionIndexes } = wanted
  const partitions = (services.topics.byName(name)?.partitions ?? [])
    .filter(({ index }) => partitionIndexes?.includes(index) ?? true)
    .filter(isReassigned)
    .map(({ index, replicas, addingReplicas, removingReplicas }) => ({
      partitionIndex: index,
      replicas,
      addingReplicas,
      removingReplicas,
    }))
  return partitions.length > 0 ? [{ name, partitions }] : []
}

function isReassigned({ addingReplicas, removingReplicas }: Partition): boolean {
  return addingReplicas.length > 0 || removingReplicas.length > 0
}
