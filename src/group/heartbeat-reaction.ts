import { ErrorCode, isRetriable } from '../base/error-codes'

/**
 * What a member whose broker assigns (KIP-848, KIP-932) does about the answer to a heartbeat; its member id is its own,
 * so it is never lost:
 * - `none`: all is well
 * - `retry`: the same again after a backoff, with a new look for the coordinator where the code says so
 * - `lostGeneration`: the partitions are gone; it joins again
 * - `fatal`: the membership ends and the user is told
 */
export type HeartbeatReaction = 'none' | 'retry' | 'lostGeneration' | 'fatal'

/**
 * The one place that decides how such a member reacts to Kafka's error codes.
 * @param isJoining whether the member had no epoch yet: then a group that is not there is one of another kind
 */
export function heartbeatReaction(errorCode: number, isJoining: boolean): HeartbeatReaction {
  switch (errorCode) {
    case ErrorCode.NONE:
      return 'none'
    case ErrorCode.FENCED_MEMBER_EPOCH:
    case ErrorCode.UNKNOWN_MEMBER_ID:
    case ErrorCode.ILLEGAL_GENERATION:
      return 'lostGeneration'
    case ErrorCode.GROUP_ID_NOT_FOUND:
      return isJoining ? 'fatal' : 'lostGeneration'
    case ErrorCode.REBALANCE_IN_PROGRESS:
      return 'retry'
    default:
      return isRetriable(errorCode) ? 'retry' : 'fatal'
  }
}
