import * as z from 'zod/mini'
import { maxTimeoutMs } from './admin-options'

/** What every admin call can be told. */
export interface AdminCallOptions {
  /** Milliseconds the call may take in all. Default: the client's `defaultApiTimeoutMs`. */
  readonly timeoutMs?: number
  /** Ends the call early, with an AbortedError. What a broker was already asked to do may still happen. */
  readonly signal?: AbortSignal
}

/** Asks for one result per item, each with its error, where the call would otherwise reject when any item failed. */
export interface PartialResults {
  readonly partial: true
}

/** The fields of every call's option schema. */
export const callOptionFields = {
  timeoutMs: z.optional(z.number().check(z.minimum(1), z.maximum(maxTimeoutMs))),
  signal: z.optional(z.custom<AbortSignal>(isSignal, 'Must be an AbortSignal')),
  partial: z._default(z.boolean(), false),
}

/** The schema of calls that have no options of their own. */
export const callOptionsSchema = z.lazy(() => z.strictObject(callOptionFields))

/** What the runner of calls needs of any call's resolved options. */
export interface ResolvedCallOptions {
  readonly timeoutMs?: number | undefined
  readonly signal?: AbortSignal | undefined
  readonly partial: boolean
}

/** By shape, not by class: a signal may come from another realm, as in a test runner. */
function isSignal(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'aborted' in value && 'addEventListener' in value
}
