import { ErrorCode } from '../../base/error-codes'
import {
  listConfigResourcesApi,
  type ListConfigResourcesRequest,
  type ListConfigResourcesResponse,
} from '../../wire/generated/broker/list-config-resources'
import { ConfigResourceType } from '../contracts/config-store'
import { handler, type ApiHandler } from '../contracts/api-handler'
import { clusterResource } from '../contracts/security'
import type { ConfigServices } from './config-services'

/** In the order in which Kafka lists them. */
const listed: readonly number[] = [
  ConfigResourceType.group,
  ConfigResourceType.clientMetrics,
  ConfigResourceType.brokerLogger,
  ConfigResourceType.broker,
  ConfigResourceType.topic,
]

/** Lists what has configs (KIP-1142); version 0 knows client metrics subscriptions only. */
export function listConfigResourcesHandler(
  services: ConfigServices,
): ApiHandler<ListConfigResourcesRequest, ListConfigResourcesResponse> {
  return handler(listConfigResourcesApi, (request, context) => {
    const { apiVersion, throttleMs } = context
    const refuse = (errorCode: number): ListConfigResourcesResponse => ({
      throttleTimeMs: throttleMs,
      errorCode,
      configResources: [],
    })
    if (!services.authorizer.allows(context, 'DescribeConfigs', 'Cluster', clusterResource)) {
      return refuse(ErrorCode.CLUSTER_AUTHORIZATION_FAILED)
    }
    const wanted = apiVersion === 0 ? [ConfigResourceType.clientMetrics] : request.resourceTypes
    if (wanted.some((type) => !listed.includes(type))) return refuse(ErrorCode.UNSUPPORTED_VERSION)
    const types = wanted.length === 0 ? listed : listed.filter((type) => wanted.some((one) => one === type))
    return {
      throttleTimeMs: throttleMs,
      errorCode: ErrorCode.NONE,
      configResources: types.flatMap((type) =>
        namesOf(type, services).map((resourceName) => ({
          resourceName,
          ...(apiVersion === 0 ? {} : { resourceType: type }),
        })),
      ),
    }
  })
}

function namesOf(type: number, { configs, topics, brokers }: ConfigServices): string[] {
  if (type === ConfigResourceType.topic) return [...topics.all].map((topic) => topic.name)
  if (type === ConfigResourceType.group || type === ConfigResourceType.clientMetrics) {
    return configs.dynamic.names(type)
  }
  return brokers.alive.map((broker) => String(broker.id))
}
