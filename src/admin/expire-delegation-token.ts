import * as z from 'zod/mini'
import { expireDelegationTokenApi } from '../wire/generated/client/expire-delegation-token'
import { request, type AdminCall } from './admin-call'
import { callOptionFields, type AdminCallOptions } from './call-options'
import {
  parseHmac,
  periodOf,
  periodSchema,
  tokenError,
  type DelegationTokenExpiry,
} from './delegation-token-types'

export interface ExpireDelegationTokenOptions extends AdminCallOptions {
  /** Milliseconds from now after which the token ends, but never after its `maxTime`. Default: it ends at once. */
  readonly expiryTimePeriodMs?: number
}

/** The options of `expireDelegationToken` as they are checked. */
export const expireDelegationTokenOptions = z.lazy(() =>
  z.strictObject({ ...callOptionFields, expiryTimePeriodMs: periodSchema }),
)

/** Kafka: `Admin.expireDelegationToken` (KIP-48), API ExpireDelegationToken, to the controller. */
export async function expireDelegationToken(
  call: AdminCall,
  hmac: string,
  { expiryTimePeriodMs }: z.output<typeof expireDelegationTokenOptions>,
): Promise<DelegationTokenExpiry> {
  const body = {
    hmac: parseHmac('expireDelegationToken', hmac),
    expiryTimePeriodMs: periodOf(expiryTimePeriodMs),
  }
  const answer = await request(call, { kind: 'controller' }, expireDelegationTokenApi, body, {
    errorOf: tokenError,
  })
  return { expiryTime: Number(answer.expiryTimestampMs) }
}
