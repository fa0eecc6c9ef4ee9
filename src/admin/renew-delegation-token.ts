import * as z from 'zod/mini'
import { renewDelegationTokenApi } from '../wire/generated/client/renew-delegation-token'
import { request, type AdminCall } from './admin-call'
import { callOptionFields, type AdminCallOptions } from './call-options'
import {
  parseHmac,
  periodOf,
  periodSchema,
  tokenError,
  type DelegationTokenExpiry,
} from './delegation-token-types'

export interface RenewDelegationTokenOptions extends AdminCallOptions {
  /**
   * Milliseconds from now after which the token ends, but never after its `maxTime`. Default, and with KRaft at most: the
   * brokers' `delegation.token.expiry.time.ms`, one day.
   */
  readonly renewTimePeriodMs?: number
}

/** The options of `renewDelegationToken` as they are checked. */
export const renewDelegationTokenOptions = z.lazy(() =>
  z.strictObject({ ...callOptionFields, renewTimePeriodMs: periodSchema }),
)

/** Kafka: `Admin.renewDelegationToken` (KIP-48), API RenewDelegationToken, to the controller. */
export async function renewDelegationToken(
  call: AdminCall,
  hmac: string,
  { renewTimePeriodMs }: z.output<typeof renewDelegationTokenOptions>,
): Promise<DelegationTokenExpiry> {
  const body = {
    hmac: parseHmac('renewDelegationToken', hmac),
    renewPeriodMs: periodOf(renewTimePeriodMs),
  }
  const answer = await request(call, { kind: 'controller' }, renewDelegationTokenApi, body, {
    errorOf: tokenError,
  })
  return { expiryTime: Number(answer.expiryTimestampMs) }
}
