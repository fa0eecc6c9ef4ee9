import { ErrorCode, isRetriable } from '../../base/error-codes'

/** The requests that keep a member in its group. */
export type MembershipApi = 'JoinGroup' | 'SyncGroup' | 'Heartbeat'

/**
 * What a member does about an answer:
 * - `none`: all is well
 * - `retry`: the same again after a backoff, with a new look for the coordinator where the code says so
 * - `rejoin`: join again, still the same member with the same partitions
 * - `takeMemberId`: join again at once with the id that the broker gave
 * - `lostGeneration`: the partitions are gone, the member id is still good
 * - `lostMember`: the partitions are gone and so is the member id
 * - `fatal`: the membership ends and the user is told
 */
export type MembershipReaction =
  'none' | 'retry' | 'rejoin' | 'takeMemberId' | 'lostGeneration' | 'lostMember' | 'fatal'

/** The one place that decides how a member reacts to Kafka's error codes. */
export function reactionTo(api: MembershipApi, errorCode: number): MembershipReaction {
  switch (errorCode) {
    case ErrorCode.NONE:
      return 'none'
    case ErrorCode.MEMBER_ID_REQUIRED:
      return api === 'JoinGroup' ? 'takeMemberId' : 'fatal'
    case ErrorCode.REBALANCE_IN_PROGRESS:
      // A JoinGroup gets it while a group moves between protocols (KIP-848): asking again at once would spin.
      return api === 'JoinGroup' ? 'retry' : 'rejoin'
    case ErrorCode.ILLEGAL_GENERATION:
    case ErrorCode.STALE_MEMBER_EPOCH:
      return 'lostGeneration'
    case ErrorCode.UNKNOWN_MEMBER_ID:
      return 'lostMember'
    default:
      return isRetriable(errorCode) ? 'retry' : 'fatal'
  }
}
