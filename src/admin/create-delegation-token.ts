import * as z from 'zod/mini'
import { createDelegationTokenApi } from '../wire/generated/client/create-delegation-token'
import { request, type AdminCall } from './admin-call'
import { callOptionFields, type AdminCallOptions } from './call-options'
import {
  periodOf,
  periodSchema,
  principalSchema,
  principalText,
  requesterText,
  tokenError,
  tokenPrincipal,
  type DelegationToken,
} from './delegation-token-types'

export interface CreateDelegationTokenOptions extends AdminCallOptions {
  /** Whose rights the token gives, such as `User:alice`; needs Kafka 3.3 (KIP-373). Default: who asks. */
  readonly owner?: string
  /** Who may renew it, beside its owner and who asks: `User:bob`. Default: nobody. */
  readonly renewers?: readonly string[]
  /**
   * Milliseconds after which it ends, however often it is renewed. Default, and at most: the brokers'
   * `delegation.token.max.lifetime.ms`, seven days.
   */
  readonly maxLifetimeMs?: number
}

/** The options of `createDelegationToken` as they are checked. */
export const createDelegationTokenOptions = z.lazy(() =>
  z.strictObject({
    ...callOptionFields,
    owner: z.optional(principalSchema),
    renewers: z._default(z.array(principalSchema), []),
    maxLifetimeMs: periodSchema,
  }),
)

/** From here on a token can be asked for on behalf of another user. */
const ownerVersion = 3

/**
 * Kafka: `Admin.createDelegationToken` (KIP-48), API CreateDelegationToken, to the controller. Where the answer is lost
 * it is asked for again, and the token of the first attempt expires by itself.
 */
export async function createDelegationToken(
  call: AdminCall,
  { owner, renewers, maxLifetimeMs }: z.output<typeof createDelegationTokenOptions>,
): Promise<DelegationToken> {
  const body = {
    renewers: renewers.map(tokenPrincipal),
    maxLifetimeMs: periodOf(maxLifetimeMs),
    ...(owner === undefined ? {} : ownerFields(owner)),
  }
  const answer = await request(call, { kind: 'controller' }, createDelegationTokenApi, body, {
    minVersion: owner === undefined ? createDelegationTokenApi.minVersion : ownerVersion,
    errorOf: tokenError,
  })
  return {
    tokenId: answer.tokenId,
    hmac: answer.hmac.toString('base64'),
    owner: principalText(answer),
    requester: requesterText(answer),
    renewers,
    issueTime: Number(answer.issueTimestampMs),
    expiryTime: Number(answer.expiryTimestampMs),
    maxTime: Number(answer.maxTimestampMs),
  }
}

function ownerFields(owner: string) {
  const { principalType, principalName } = tokenPrincipal(owner)
  return { ownerPrincipalType: principalType, ownerPrincipalName: principalName }
}
