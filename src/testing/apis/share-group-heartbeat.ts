import {
  type ShareGroupHeartbeatRequest,
  type ShareGroupHeartbeatResponse,
  shareGroupHeartbeatApi,
} from '../../wire/generated/broker/share-group-heartbeat'
import type { ShareCoordinator } from '../groups/share/share-coordinator'
import { errorCodeOf, errorMessageOf, fail } from '../contracts/kafka-failure'
import { type ApiHandler, type RequestContext, handler } from '../contracts/api-handler'
import type { Services } from '../contracts/services'
import { requireShareProtocol } from './share-protocol'

/** ShareGroupHeartbeat 1 (KIP-932). */
export function shareGroupHeartbeatHandler(
  services: Services,
  { groups }: ShareCoordinator,
): ApiHandler<ShareGroupHeartbeatRequest, ShareGroupHeartbeatResponse> {
  return handler(shareGroupHeartbeatApi, (request, context) => {
    try {
      requireShareProtocol(services)
      authorize(services, request, context)
      return groups.heartbeat(request, context)
    } catch (error) {
      return {
        throttleTimeMs: 0,
        errorCode: errorCodeOf(error),
        errorMessage: errorMessageOf(error),
        memberEpoch: 0,
        heartbeatIntervalMs: 0,
      }
    }
  })
}

function authorize(
  { authorizer }: Services,
  request: ShareGroupHeartbeatRequest,
  context: RequestContext,
): void {
  if (!authorizer.allows(context, 'Read', 'Group', request.groupId)) throw fail('GROUP_AUTHORIZATION_FAILED')
  const names = request.subscribedTopicNames ?? []
  if (!names.every((name) => authorizer.allows(context, 'Describe', 'Topic', name))) {
    throw fail('TOPIC_AUTHORIZATION_FAILED')
  }
}
