import { ErrorCode } from '../../base/error-codes'
import {
  joinGroupApi,
  type JoinGroupRequest,
  type JoinGroupResponse,
} from '../../wire/generated/broker/join-group'
import { speaksClassicProtocol, type ClassicProtocolGroup } from '../contracts/group'
import { fail } from '../contracts/kafka-failure'
import { handler, type ApiHandler, type RequestContext } from '../contracts/api-handler'
import type { Services } from '../contracts/services'
import { authorizeGroup, createClassicGroup, refusalCode, requireGroupId } from './group-access'

/**
 * JoinGroup 0 to 9. The answer comes when the rebalance has all its members, unless it is refused.
 *
 * 0: the session timeout is the rebalance timeout, too · 4: new members get an id first (KIP-394) · 5: static members ·
 * 7: protocol type, and no protocol is null instead of empty · 8: reason · 9: skipAssignment (KIP-814)
 */
export function joinGroupHandler(services: Services): ApiHandler<JoinGroupRequest, JoinGroupResponse> {
  return handler(joinGroupApi, async (request, context) => {
    const response = await join(services, request, context)
    if (context.apiVersion >= 7) return response
    return { ...response, protocolName: response.protocolName ?? '' }
  })
}

async function join(
  services: Services,
  request: JoinGroupRequest,
  context: RequestContext,
): Promise<JoinGroupResponse> {
  try {
    authorizeGroup(services, context, 'Read', request.groupId)
    requireGroupId(request.groupId)
    requireSessionTimeout(services, request.sessionTimeoutMs)
    services.coordinators.require(context, 'group', request.groupId)
    return await groupToJoin(services, request).classicJoin(request, context)
  } catch (error) {
    const errorCode = refusalCode(services, error)
    const memberId = errorCode === ErrorCode.GROUP_MAX_SIZE_REACHED ? '' : request.memberId
    return { errorCode, memberId, protocolName: null, leader: '', members: [] }
  }
}

function requireSessionTimeout(services: Services, sessionTimeoutMs: number): void {
  const min = services.configs.brokerNumber('group.min.session.timeout.ms')
  const max = services.configs.brokerNumber('group.max.session.timeout.ms')
  if (sessionTimeoutMs < min || sessionTimeoutMs > max) throw fail('INVALID_SESSION_TIMEOUT')
}

/** A group comes to be with its first member; whoever knows its own id had a group that is gone. */
function groupToJoin(services: Services, request: JoinGroupRequest): ClassicProtocolGroup {
  const { groupId, memberId } = request
  const group = services.groups.get(groupId)
  // An empty consumer group becomes a classic one with the first classic member (KIP-848).
  const isVacant = group === undefined || (group.kind === 'consumer' && group.state === 'Empty')
  if (!isVacant) {
    if (!speaksClassicProtocol(group)) throw fail('INCONSISTENT_GROUP_PROTOCOL')
    return group
  }
  if (memberId !== '') throw fail('UNKNOWN_MEMBER_ID')
  return createClassicGroup(services, groupId)
}
