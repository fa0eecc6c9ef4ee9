import { ErrorCode } from '../../base/error-codes'
import {
  metadataApi,
  type MetadataRequest,
  type MetadataResponse,
  type MetadataResponseResponseTopic,
} from '../../wire/generated/broker/metadata'
import { zeroTopicId } from '../cluster/topic-names'
import { handler, type ApiHandler, type RequestContext } from '../contracts/api-handler'
import { clusterResource } from '../contracts/security'
import type { Services } from '../contracts/services'
import { MetadataTopics } from './metadata-topics'

/** Kafka's word for operations that were not asked for (KIP-430). */
export const noOperations = -0x80000000

/** Answers brokers, controller and topics; creates topics that a client names, where that is allowed. */
export function metadataHandler(services: Services): ApiHandler<MetadataRequest, MetadataResponse> {
  return handler(metadataApi, (request, context) => {
    const throttleTimeMs = context.throttleMs
    const refused = refusedForm(request, context)
    if (refused !== undefined) return { throttleTimeMs, brokers: [], topics: refused }
    const topics = new MetadataTopics(services, context).answer(request)
    return {
      throttleTimeMs,
      brokers: services.brokers.alive.map(({ id, host, port, rack }) => ({ nodeId: id, host, port, rack })),
      clusterId: services.clusterId,
      controllerId: services.brokers.controllerId,
      topics,
      ...clusterOperations(services, request, context),
    }
  })
}

/** Names may be null and ids given since 12 only, although 10 and 11 have the fields. */
function refusedForm(
  { topics }: MetadataRequest,
  { apiVersion }: RequestContext,
): MetadataResponseResponseTopic[] | undefined {
  if (apiVersion !== 10 && apiVersion !== 11) return undefined
  if (!topics?.some((topic) => topic.name === null || topic.topicId !== zeroTopicId)) return undefined
  return topics.map(({ name, topicId }) => ({
    errorCode: ErrorCode.INVALID_REQUEST,
    name: name ?? '',
    topicId,
    partitions: [],
  }))
}

function clusterOperations(
  { authorizer }: Services,
  request: MetadataRequest,
  context: RequestContext,
): Partial<MetadataResponse> {
  const { apiVersion } = context
  if (apiVersion < 8 || apiVersion > 10 || !request.includeClusterAuthorizedOperations) return {}
  return {
    clusterAuthorizedOperations: authorizer.allows(context, 'Describe', 'Cluster', clusterResource)
      ? authorizer.authorizedOperations(context, 'Cluster', clusterResource)
      : 0,
  }
}
