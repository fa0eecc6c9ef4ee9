import { ErrorCode } from '../../base/error-codes'
import {
  describeClusterApi,
  type DescribeClusterRequest,
  type DescribeClusterResponse,
} from '../../wire/generated/broker/describe-cluster'
import { handler, type ApiHandler, type RequestContext } from '../contracts/api-handler'
import { clusterResource } from '../contracts/security'
import type { Services } from '../contracts/services'

/** Kafka's numbers of endpoint types; this is a broker's listener, never a controller's. */
const brokers = 1
const controllers = 2

/** Answers the brokers, since version 2 also the fenced ones when they are asked for (KIP-1073). */
export function describeClusterHandler(
  services: Services,
): ApiHandler<DescribeClusterRequest, DescribeClusterResponse> {
  return handler(describeClusterApi, (request, context) => {
    const throttleTimeMs = context.throttleMs
    const refusal = context.apiVersion >= 1 ? refusedEndpoint(request.endpointType) : undefined
    if (refusal !== undefined) return { throttleTimeMs, clusterId: '', brokers: [], ...refusal }
    const withFenced = context.apiVersion >= 2 && request.includeFencedBrokers
    const shown = withFenced ? services.brokers.all : services.brokers.alive
    return {
      throttleTimeMs,
      errorCode: ErrorCode.NONE,
      errorMessage: null,
      ...(context.apiVersion >= 1 ? { endpointType: brokers } : {}),
      clusterId: services.clusterId,
      controllerId: services.brokers.controllerId,
      brokers: shown.map(({ id, host, port, rack, isFenced }) => ({
        brokerId: id,
        host,
        port,
        rack,
        ...(context.apiVersion >= 2 ? { isFenced } : {}),
      })),
      ...operations(services, request, context),
    }
  })
}

function refusedEndpoint(type: number): { errorCode: number; errorMessage: string } | undefined {
  if (type === brokers) return undefined
  if (type === controllers) {
    return {
      errorCode: ErrorCode.MISMATCHED_ENDPOINT_TYPE,
      errorMessage:
        'The request was sent to an endpoint of type BROKER, but we wanted an endpoint of type CONTROLLER',
    }
  }
  return {
    errorCode: ErrorCode.UNSUPPORTED_ENDPOINT_TYPE,
    errorMessage: `Unsupported endpoint type ${type}`,
  }
}

function operations(
  { authorizer }: Services,
  request: DescribeClusterRequest,
  context: RequestContext,
): Partial<DescribeClusterResponse> {
  if (!request.includeClusterAuthorizedOperations) return {}
  return {
    clusterAuthorizedOperations: authorizer.allows(context, 'Describe', 'Cluster', clusterResource)
      ? authorizer.authorizedOperations(context, 'Cluster', clusterResource)
      : 0,
  }
}
