import {
  createDelegationTokenApi,
  type CreateDelegationTokenRequest,
  type CreateDelegationTokenResponse,
} from '../../wire/generated/broker/create-delegation-token'
import { handler, type ApiHandler } from '../contracts/api-handler'
import { delegationTokenRefusal, noTokenTime } from './delegation-token-refusal'

/** CreateDelegationToken, as a broker answers that has no `delegation.token.secret.key`. */
export function createDelegationTokenHandler(): ApiHandler<
  CreateDelegationTokenRequest,
  CreateDelegationTokenResponse
> {
  return handler(createDelegationTokenApi, (request, { session, throttleMs, apiVersion }) => {
    const { type, name } = session.principal
    const requester =
      apiVersion >= 3 ? { tokenRequesterPrincipalType: type, tokenRequesterPrincipalName: name } : {}
    const isForOther = request.ownerPrincipalName !== null && request.ownerPrincipalName !== ''
    return {
      errorCode: delegationTokenRefusal(session),
      principalType: isForOther ? (request.ownerPrincipalType ?? type) : type,
      principalName: isForOther ? (request.ownerPrincipalName ?? name) : name,
      ...requester,
      issueTimestampMs: noTokenTime,
      expiryTimestampMs: noTokenTime,
      maxTimestampMs: noTokenTime,
      tokenId: '',
      hmac: Buffer.alloc(0),
      throttleTimeMs: throttleMs,
    }
  })
}
