import * as z from 'zod/mini'
import { callOptionFields, type AdminCallOptions } from './call-options'
import { codes } from './item-runner'
import { controllerRetries } from './shards'

/** Options of calls that change topics through the controller. */
export interface QuotaOptions extends AdminCallOptions {
  /** Tries again when the controller mutation quota (KIP-599) is used up, until the timeout. Default: true. */
  readonly retryOnQuotaViolation?: boolean
}

/** The fields of QuotaOptions in a call's option schema. */
export const quotaOptionFields = { ...callOptionFields, retryOnQuotaViolation: z._default(z.boolean(), true) }

const withQuota: ReadonlySet<number> = new Set([...controllerRetries, ...codes('THROTTLING_QUOTA_EXCEEDED')])

/** The broker errors after which a change of topics is tried again. */
export function mutationRetries(options: { readonly retryOnQuotaViolation: boolean }): ReadonlySet<number> {
  return options.retryOnQuotaViolation ? withQuota : controllerRetries
}
