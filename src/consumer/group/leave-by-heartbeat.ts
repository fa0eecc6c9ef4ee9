import type { Deadline } from '../../base/deadline'
import type { GroupRequests } from '../../group/group-requests'
import { leaveBy } from '../../group/leave-by'
import { consumerGroupHeartbeatApi } from '../../wire/generated/client/consumer-group-heartbeat'

/** Member epochs that say goodbye. */
export const leaveEpoch = -1
/** A static member that leaves its partitions in place for the one that comes back under its instance id. */
export const leaveForAWhileEpoch = -2

interface LeavingMember {
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly memberEpoch: typeof leaveEpoch | typeof leaveForAWhileEpoch
}

/**
 * Leaves a group of the KIP-848 protocol. Never rejects; what fails is logged.
 * @param heartbeatsSettled a join that is on its way must not arrive after this, and leave a ghost in the group
 */
export async function leaveByHeartbeat(
  requests: GroupRequests,
  { memberId, groupInstanceId, memberEpoch }: LeavingMember,
  deadline: Deadline,
  heartbeatsSettled: () => Promise<void>,
): Promise<void> {
  const { groupId } = requests
  await leaveBy(requests, deadline, async () => {
    await heartbeatsSettled()
    const response = await requests.attempt(
      consumerGroupHeartbeatApi,
      { groupId, memberId, memberEpoch, instanceId: groupInstanceId },
      { deadline, errorCodes: (answer) => [answer.errorCode] },
    )
    return response.errorCode
  })
}
