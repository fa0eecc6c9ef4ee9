import { ErrorCode } from '../../base/error-codes'
import {
  electLeadersApi,
  type ElectLeadersRequest,
  type ElectLeadersRequestTopicPartitions,
  type ElectLeadersResponse,
  type ElectLeadersResponsePartitionResult,
} from '../../wire/generated/broker/elect-leaders'
import { errorCodeOf, errorMessageOf } from '../contracts/kafka-failure'
import { handler, type ApiHandler } from '../contracts/api-handler'
import { clusterResource } from '../contracts/security'
import type { Services } from '../contracts/services'

type Election = 'preferred' | 'unclean'

/** Elects leaders: the preferred one, or (KIP-460) any living one of partitions that have lost theirs. */
export function electLeadersHandler(
  services: Services,
): ApiHandler<ElectLeadersRequest, ElectLeadersResponse> {
  return handler(electLeadersApi, (request, context) => {
    const wanted = request.topicPartitions ?? allPartitions(services)
    if (!services.authorizer.allows(context, 'Alter', 'Cluster', clusterResource)) {
      const errorCode = ErrorCode.CLUSTER_AUTHORIZATION_FAILED
      return answer(errorCode, wanted, (_, partitionId) => ({ partitionId, errorCode, errorMessage: null }))
    }
    const election = request.electionType === 1 ? 'unclean' : 'preferred'
    const response = answer(0, wanted, (topic, index) => elect(services, topic, index, election))
    return request.topicPartitions === null ? withoutNeedless(response) : response
  })
}

function answer(
  errorCode: number,
  wanted: readonly ElectLeadersRequestTopicPartitions[],
  resultOf: (topic: string, index: number) => ElectLeadersResponsePartitionResult,
): ElectLeadersResponse {
  const replicaElectionResults = wanted.map(({ topic, partitions }) => ({
    topic,
    partitionResult: partitions.map((index) => resultOf(topic, index)),
  }))
  return { throttleTimeMs: 0, errorCode, replicaElectionResults }
}

function elect(
  services: Services,
  topic: string,
  index: number,
  election: Election,
): ElectLeadersResponsePartitionResult {
  const partition = services.topics.partition(topic, index)
  if (partition === undefined) {
    const errorMessage =
      services.topics.byName(topic) === undefined
        ? `No such topic as ${topic}`
        : `No such partition as ${topic}-${index}`
    return { partitionId: index, errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, errorMessage }
  }
  try {
    partition.electLeader(election)
    return { partitionId: index, errorCode: 0, errorMessage: null }
  } catch (error) {
    return { partitionId: index, errorCode: errorCodeOf(error), errorMessage: errorMessageOf(error) }
  }
}

function allPartitions(services: Services): ElectLeadersRequestTopicPartitions[] {
  return [...services.topics.all].map(({ name, partitions }) => ({
    topic: name,
    partitions: partitions.map(({ index }) => index),
  }))
}

/** Who asks for all partitions hears of all topics, but only of the partitions where there was something to do. */
function withoutNeedless(response: ElectLeadersResponse): ElectLeadersResponse {
  const replicaElectionResults = response.replicaElectionResults.map(({ topic, partitionResult }) => ({
    topic,
    partitionResult: partitionResult.filter(({ errorCode }) => errorCode !== ErrorCode.ELECTION_NOT_NEEDED),
  }))
  return { ...response, replicaElectionResults }
}
