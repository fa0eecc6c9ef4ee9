import {
  expireDelegationTokenApi,
  type ExpireDelegationTokenRequest,
  type ExpireDelegationTokenResponse,
} from '../../wire/generated/broker/expire-delegation-token'
import { handler, type ApiHandler } from '../contracts/api-handler'
import { delegationTokenRefusal, noTokenTime } from './delegation-token-refusal'

/** ExpireDelegationToken, as a broker answers that has no `delegation.token.secret.key`. */
export function expireDelegationTokenHandler(): ApiHandler<
  ExpireDelegationTokenRequest,
  ExpireDelegationTokenResponse
> {
  return handler(expireDelegationTokenApi, (_request, { session, throttleMs }) => ({
    errorCode: delegationTokenRefusal(session),
    expiryTimestampMs: noTokenTime,
    throttleTimeMs: throttleMs,
  }))
}
