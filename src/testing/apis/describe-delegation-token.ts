import {
  describeDelegationTokenApi,
  type DescribeDelegationTokenRequest,
  type DescribeDelegationTokenResponse,
} from '../../wire/generated/broker/describe-delegation-token'
import { handler, type ApiHandler } from '../contracts/api-handler'
import { delegationTokenRefusal } from './delegation-token-refusal'

/** DescribeDelegationToken, as a broker answers that has no `delegation.token.secret.key`. */
export function describeDelegationTokenHandler(): ApiHandler<
  DescribeDelegationTokenRequest,
  DescribeDelegationTokenResponse
> {
  return handler(describeDelegationTokenApi, (_request, { session, throttleMs }) => ({
    errorCode: delegationTokenRefusal(session),
    tokens: [],
    throttleTimeMs: throttleMs,
  }))
}
