import { ErrorCode } from '../../base/error-codes'
import type { ConsumerGroupHeartbeatResponse } from '../../wire/generated/client/consumer-group-heartbeat'
import type { JoinGroupResponse } from '../../wire/generated/client/join-group'

/** A member, as the coordinator last said. */
export interface MemberSeen {
  readonly memberId: string
  /** Generation of the classic protocol, member epoch of KIP-848. */
  readonly generationId: number
  /** The member that divides the partitions; null where the brokers do. */
  readonly leaderId: string | null
  /** Name of the assignor; null where the brokers divide. */
  readonly assignor: string | null
}

/** Who this member is after that answer; undefined for one that does not say, or refuses. */
export function memberOf(api: string, response: unknown): MemberSeen | undefined {
  if (api === 'JoinGroup') {
    const { errorCode, memberId, generationId, leader, protocolName } = response as JoinGroupResponse
    if (errorCode !== ErrorCode.NONE) return undefined
    return { memberId, generationId, leaderId: leader, assignor: protocolName }
  }
  if (api === 'ConsumerGroupHeartbeat') {
    const { errorCode, memberId, memberEpoch } = response as ConsumerGroupHeartbeatResponse
    // The answer to a member that leaves has a negative epoch.
    if (errorCode !== ErrorCode.NONE || memberId === null || memberEpoch < 0) return undefined
    return { memberId, generationId: memberEpoch, leaderId: null, assignor: null }
  }
  return undefined
}
