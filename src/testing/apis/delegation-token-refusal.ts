import { ErrorCode } from '../../base/error-codes'
import type { ClientSession } from '../contracts/api-handler'
import { anonymous } from '../contracts/principal'

/** What Kafka writes where a token would have had a time. */
export const noTokenTime = -1n

/**
 * Why there is no delegation token: who did not authenticate may not ask for one, and all others learn that the
 * broker has no `delegation.token.secret.key`.
 */
export function delegationTokenRefusal({ authentication, principal }: ClientSession): number {
  const isKnown = authentication !== undefined || principal.name !== anonymous.name
  return isKnown ? ErrorCode.DELEGATION_TOKEN_AUTH_DISABLED : ErrorCode.DELEGATION_TOKEN_REQUEST_NOT_ALLOWED
}
