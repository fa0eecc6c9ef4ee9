import * as z from 'zod/mini'
import {
  describeDelegationTokenApi,
  type DescribeDelegationTokenResponse,
} from '../wire/generated/client/describe-delegation-token'
import { request, type AdminCall } from './admin-call'
import { callOptionFields, type AdminCallOptions } from './call-options'
import {
  principalSchema,
  principalText,
  requesterText,
  tokenError,
  tokenPrincipal,
  type DelegationToken,
} from './delegation-token-types'

export interface DescribeDelegationTokensOptions extends AdminCallOptions {
  /** Only tokens that one of these, such as `User:alice`, owns or may renew. Default: all that this client may see. */
  readonly owners?: readonly string[]
}

/** The options of `describeDelegationTokens` as they are checked. */
export const describeDelegationTokensOptions = z.lazy(() =>
  z.strictObject({
    ...callOptionFields,
    owners: z.optional(z.array(principalSchema).check(z.minLength(1))),
  }),
)

/**
 * Kafka: `Admin.describeDelegationToken` (KIP-48), API DescribeDelegationToken, to any broker. Tokens that this client may
 * not see are left out.
 */
export async function describeDelegationTokens(
  call: AdminCall,
  { owners }: z.output<typeof describeDelegationTokensOptions>,
): Promise<DelegationToken[]> {
  const body = { owners: owners?.map(tokenPrincipal) ?? null }
  const response = await request(call, { kind: 'any' }, describeDelegationTokenApi, body, {
    errorOf: tokenError,
  })
  return response.tokens.map(describeToken)
}

function describeToken(answer: DescribeDelegationTokenResponse['tokens'][number]): DelegationToken {
  return {
    tokenId: answer.tokenId,
    hmac: answer.hmac.toString('base64'),
    owner: principalText(answer),
    requester: requesterText(answer),
    renewers: answer.renewers.map(principalText),
    issueTime: Number(answer.issueTimestamp),
    expiryTime: Number(answer.expiryTimestamp),
    maxTime: Number(answer.maxTimestamp),
  }
}
