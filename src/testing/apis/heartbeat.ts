import {
  heartbeatApi,
  type HeartbeatRequest,
  type HeartbeatResponse,
} from '../../wire/generated/broker/heartbeat'
import { handler, type ApiHandler } from '../contracts/api-handler'
import type { Services } from '../contracts/services'
import { admitMember, refusalCode, requireClassicProtocolGroup } from './group-access'

/** Heartbeat 0 to 4, of members of the classic protocol. 3: static members */
export function heartbeatHandler(services: Services): ApiHandler<HeartbeatRequest, HeartbeatResponse> {
  return handler(heartbeatApi, (request, context) => {
    try {
      admitMember(services, context, request.groupId)
      requireClassicProtocolGroup(services, request.groupId).classicHeartbeat(request, context)
      return { errorCode: 0 }
    } catch (error) {
      return { errorCode: refusalCode(services, error) }
    }
  })
}
