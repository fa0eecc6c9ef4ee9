import * as z from 'zod/mini'
import { InvalidOptionError } from '../base/errors'
import { resolveOptions } from '../base/options'

/** What an admin client can be told; everything has a default. */
export interface AdminOptions {
  /**
   * Milliseconds a call may take in all: lookups, retries and waits together. A call's own `timeoutMs` goes first.
   * Default: 60000, or `requestTimeoutMs` where that is longer. Kafka: `default.api.timeout.ms`.
   */
  readonly defaultApiTimeoutMs?: number
  /**
   * Milliseconds one request may wait for its response before it is tried again. Default: the `requestTimeoutMs`
   * of the `Kafka` object. Kafka: `request.timeout.ms`.
   */
  readonly requestTimeoutMs?: number
  /** Milliseconds `close()` waits for calls that are under way before it ends them. Default: 30000. */
  readonly closeTimeoutMs?: number
}

/** The options in force, with nothing left open. */
export interface ResolvedAdminOptions {
  readonly defaultApiTimeoutMs: number
  readonly requestTimeoutMs: number
  readonly closeTimeoutMs: number
}

/** The longest wait a timer takes. */
export const maxTimeoutMs = 2_147_483_647

const schema = z.lazy(() =>
  z.strictObject({
    defaultApiTimeoutMs: z.optional(z.number().check(z.minimum(1), z.maximum(maxTimeoutMs))),
    requestTimeoutMs: z.optional(z.number().check(z.minimum(1), z.maximum(maxTimeoutMs))),
    closeTimeoutMs: z._default(z.number().check(z.minimum(0), z.maximum(maxTimeoutMs)), 30_000),
  }),
)

/**
 * @param clusterRequestTimeoutMs the cluster's own request timeout, the default of this client's
 * @throws InvalidOptionError with every problem in one message
 */
export function resolveAdminOptions(
  options: AdminOptions | undefined,
  clusterRequestTimeoutMs: number,
): ResolvedAdminOptions {
  const given = resolveOptions(schema, 'an admin client', options)
  const requestTimeoutMs = given.requestTimeoutMs ?? clusterRequestTimeoutMs
  const { defaultApiTimeoutMs = Math.max(60_000, requestTimeoutMs), closeTimeoutMs } = given
  if (defaultApiTimeoutMs < requestTimeoutMs) {
    throw new InvalidOptionError('Wrong options for an admin client', [
      `option 'defaultApiTimeoutMs' is ${defaultApiTimeoutMs}: must not be below requestTimeoutMs, which is ${requestTimeoutMs}`,
    ])
  }
  return Object.freeze({ defaultApiTimeoutMs, requestTimeoutMs, closeTimeoutMs })
}
