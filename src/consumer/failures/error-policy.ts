import * as z from 'zod/mini'
import { SerializationError } from '../../base/errors'
import { resolveOptions } from '../../base/options'
import type { Message } from '../../message/message'
import { DeadLetter } from './dead-letter'
import type { FailedMessage } from './failed-message'

/**
 * What becomes of a message that is given up:
 * - `stop`: the run ends with HANDLER_FAILED; the message stays unfinished and is delivered again by the next run
 * - `skip`: it counts as finished, with a warning in the log
 * - `deadLetter(producer)`: it is written to another topic, and counts as finished once it is stored there
 */
export type GiveUp<M extends Message = Message> = 'stop' | 'skip' | DeadLetter<M>

/** What happens when a handler of `run` or `runBatches` fails, for `onError`. */
export interface ErrorPolicy<M extends Message = Message> {
  /** How often a message is handed out again after its first failure; Infinity for no limit. Default: 5. */
  readonly retries?: number | undefined
  /** Milliseconds before the first retry. They double with each one, give or take a fifth. Default: 100. */
  readonly retryBackoffMs?: number | undefined
  /** The longest backoff in milliseconds. Default: 10,000. */
  readonly retryBackoffMaxMs?: number | undefined
  /**
   * False for an error that the next attempt won't cure. In batches the message is the first one that is not finished.
   * Default: true for all but SerializationError.
   */
  readonly isRetriable?: ((error: unknown, message: M) => boolean) | undefined
  /** What follows the last retry, or the decision by the message and its error. Default: `'stop'`. */
  readonly giveUp?: GiveUp<M> | ((failed: FailedMessage<M>) => GiveUp<M> | Promise<GiveUp<M>>) | undefined
}

/** The policy with its defaults. */
export interface ResolvedErrorPolicy<M extends Message = Message> {
  readonly retries: number
  readonly retryBackoffMs: number
  readonly retryBackoffMaxMs: number
  readonly isRetriable: (error: unknown, message: M) => boolean
  readonly giveUp: GiveUp<M> | ((failed: FailedMessage<M>) => GiveUp<M> | Promise<GiveUp<M>>)
}

const isFunction = (value: unknown): boolean => typeof value === 'function'
const ms = z.number('must be a number of milliseconds').check(z.minimum(0, 'must be 0 or more'))

const schema = z.lazy(() =>
  z.strictObject({
    retries: z._default(
      z.custom<number>(
        (value) => value === Infinity || (Number.isSafeInteger(value) && Number(value) >= 0),
        'must be a whole number of 0 or more, or Infinity',
      ),
      5,
    ),
    retryBackoffMs: z._default(ms, 100),
    retryBackoffMaxMs: z._default(ms, 10_000),
    isRetriable: z._default(
      z.custom<ResolvedErrorPolicy['isRetriable']>(isFunction, 'must be a function'),
      () => isCurable,
    ),
    giveUp: z._default(
      z.custom<ResolvedErrorPolicy['giveUp']>(
        (value) => value === 'stop' || value === 'skip' || value instanceof DeadLetter || isFunction(value),
        "must be 'stop', 'skip', deadLetter(producer) or a function that answers with one of these",
      ),
      'stop',
    ),
  }),
)

/** Bytes that can't be read, or values that can't be written, are the same the next time. */
function isCurable(error: unknown): boolean {
  return !(error instanceof SerializationError)
}

/** Applies the defaults. Throws InvalidOptionError that lists all problems. */
export function resolveErrorPolicy<M extends Message>(
  call: string,
  policy: ErrorPolicy<M> | undefined,
): ResolvedErrorPolicy<M> | undefined {
  if (policy === undefined) return undefined
  return resolveOptions(schema, `${call}: onError`, policy) as ResolvedErrorPolicy<M>
}
