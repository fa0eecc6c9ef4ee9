import type { Deadline } from '../../base/deadline'
import { ErrorCode } from '../../base/error-codes'
import {
  leaveGroupApi,
  type LeaveGroupRequest,
  type LeaveGroupResponse,
} from '../../wire/generated/client/leave-group'
import type { GroupRequests } from '../../group/group-requests'
import { leaveBy } from '../../group/leave-by'
import type { JoinCall } from './join-call'

const firstVersionWithMembers = 3

interface LeavingMember {
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly reason: string
}

/**
 * Leaves the group, so that it rebalances at once; once more when a JoinGroup that was broken off came after that. Never
 * rejects; what fails is logged.
 */
export async function leaveGroup(
  requests: GroupRequests,
  joinCall: JoinCall,
  member: LeavingMember,
  deadline: Deadline,
): Promise<void> {
  if (member.memberId === '') return
  await leaveOnce(requests, member, deadline)
  const memberId = await joinCall.memberLetInLate(deadline)
  if (memberId !== undefined) await leaveOnce(requests, { ...member, memberId }, deadline)
}

function leaveOnce(requests: GroupRequests, member: LeavingMember, deadline: Deadline): Promise<void> {
  return leaveBy(requests, deadline, async () => {
    const response = await requests.attempt(
      leaveGroupApi,
      (version): LeaveGroupRequest =>
        version < firstVersionWithMembers
          ? { groupId: requests.groupId, memberId: member.memberId }
          : { groupId: requests.groupId, members: [member] },
      { deadline, errorCodes: (answer) => [errorOf(answer)] },
    )
    return errorOf(response)
  })
}

function errorOf(response: LeaveGroupResponse): number {
  return response.errorCode === ErrorCode.NONE
    ? (response.members[0]?.errorCode ?? ErrorCode.NONE)
    : response.errorCode
}
