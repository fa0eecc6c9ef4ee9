import { ErrorCode } from '../../base/error-codes'
import {
  leaveGroupApi,
  type LeaveGroupRequest,
  type LeaveGroupRequestMemberIdentity,
  type LeaveGroupResponse,
  type LeaveGroupResponseMemberResponse,
} from '../../wire/generated/broker/leave-group'
import { handler, type ApiHandler, type RequestContext } from '../contracts/api-handler'
import type { Services } from '../contracts/services'
import { admitMember, refusalCode } from './group-access'
import { speaksClassicProtocol } from '../contracts/group'

/**
 * LeaveGroup 0 to 5.
 *
 * 0 to 2: one member, and its error is the response's · 3: many, static ones by instance id (KIP-345) · 5: reason
 */
export function leaveGroupHandler(services: Services): ApiHandler<LeaveGroupRequest, LeaveGroupResponse> {
  return handler(leaveGroupApi, (request, context) => {
    const isSingle = context.apiVersion < 3
    const leaving = isSingle
      ? [{ memberId: request.memberId, groupInstanceId: null, reason: null }]
      : request.members
    try {
      admitMember(services, context, request.groupId)
      const members = leave(services, request.groupId, leaving, context)
      if (isSingle) return { errorCode: members[0]?.errorCode ?? ErrorCode.NONE }
      return { errorCode: ErrorCode.NONE, members }
    } catch (error) {
      return { errorCode: refusalCode(services, error), members: [] }
    }
  })
}

function leave(
  services: Services,
  groupId: string,
  leaving: readonly LeaveGroupRequestMemberIdentity[],
  context: RequestContext,
): readonly LeaveGroupResponseMemberResponse[] {
  const group = services.groups.get(groupId)
  if (group !== undefined && speaksClassicProtocol(group)) return group.classicLeave(leaving, context)
  return leaving.map(({ memberId, groupInstanceId }) => ({
    memberId,
    groupInstanceId,
    errorCode: ErrorCode.UNKNOWN_MEMBER_ID,
  }))
}
