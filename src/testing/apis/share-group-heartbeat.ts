import {
  type ShareGroupHeartbeatRequest,
  type ShareGroupHeartbeatResponse,
  shareGroupHeartbeatApi,
} from '../../wire/generated/broker/share-group-heartbeat'
import type { ShareCoordinator } from '../groups/share/share-coordinator'
import { type ApiHandler, handler } from '../contracts/api-handler'
import type { Services } from '../contracts/services'
import { authorizeHeartbeat, refusedHeartbeat } from './group-heartbeat'
import { requireShareProtocol } from './share-protocol'

/** ShareGroupHeartbeat 1 (KIP-932). */
export function shareGroupHeartbeatHandler(
  services: Services,
  { groups }: ShareCoordinator,
): ApiHandler<ShareGroupHeartbeatRequest, ShareGroupHeartbeatResponse> {
  return handler(shareGroupHeartbeatApi, (request, context) => {
    try {
      requireShareProtocol(services)
      authorizeHeartbeat(services, request, context)
      return groups.heartbeat(request, context)
    } catch (error) {
      return refusedHeartbeat(error)
    }
  })
}
