import type { Deadline } from '../../base/deadline'
import { ErrorCode, isRetriable } from '../../base/error-codes'
import { isKafkaError } from '../../base/errors'
import {
  leaveGroupApi,
  type LeaveGroupRequest,
  type LeaveGroupResponse,
} from '../../wire/generated/client/leave-group'
import type { GroupRequests } from '../../group/group-requests'

const firstVersionWithMembers = 3
/** Leaving is a courtesy: without it the group goes on after the session timeout. */
const attempts = 3

interface LeavingMember {
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly reason: string
}

/** Leaves the group, so that it rebalances at once. Never rejects; what fails is logged. */
export async function leaveGroup(
  requests: GroupRequests,
  member: LeavingMember,
  deadline: Deadline,
): Promise<void> {
  if (member.memberId === '') return
  await leaveBy(requests, deadline, async () => {
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

/**
 * Leaves by a request of whatever protocol. Never rejects; what fails is logged.
 * @param send one attempt; answers the error code
 */
export async function leaveBy(
  requests: GroupRequests,
  deadline: Deadline,
  send: () => Promise<number>,
): Promise<void> {
  const { cluster } = requests
  try {
    for (let failures = 1; ; failures++) {
      const errorCode = await tryToLeave(send, deadline)
      if (errorCode === ErrorCode.NONE) return
      if (!isRetriable(errorCode) || failures === attempts || deadline.expired) {
        cluster.logger.info('The coordinator did not take the member out of the group', {
          groupId: requests.groupId,
          errorCode,
        })
        return
      }
      await deadline.sleep(cluster.backoffMs(failures))
    }
  } catch (error) {
    cluster.logger.info('Leaving the group failed', { groupId: requests.groupId, error })
  }
}

/** The error code of the answer; a retriable failure to get one counts as one to try again. */
async function tryToLeave(send: () => Promise<number>, deadline: Deadline): Promise<number> {
  try {
    return await send()
  } catch (error) {
    deadline.throwIfAborted()
    if (isKafkaError(error) && error.retriable && !deadline.expired)
      return ErrorCode.COORDINATOR_NOT_AVAILABLE
    throw error
  }
}

function errorOf(response: LeaveGroupResponse): number {
  return response.errorCode === ErrorCode.NONE
    ? (response.members[0]?.errorCode ?? ErrorCode.NONE)
    : response.errorCode
}
