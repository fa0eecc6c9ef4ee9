import {
  renewDelegationTokenApi,
  type RenewDelegationTokenRequest,
  type RenewDelegationTokenResponse,
} from '../../wire/generated/broker/renew-delegation-token'
import { handler, type ApiHandler } from '../contracts/api-handler'
import { delegationTokenRefusal, noTokenTime } from './delegation-token-refusal'

/** RenewDelegationToken, as a broker answers that has no `delegation.token.secret.key`. */
export function renewDelegationTokenHandler(): ApiHandler<
  RenewDelegationTokenRequest,
  RenewDelegationTokenResponse
> {
  return handler(renewDelegationTokenApi, (_request, { session, throttleMs }) => ({
    errorCode: delegationTokenRefusal(session),
    expiryTimestampMs: noTokenTime,
    throttleTimeMs: throttleMs,
  }))
}
