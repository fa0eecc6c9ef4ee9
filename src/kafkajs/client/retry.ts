import { KafkaJSNonRetriableError, KafkaJSNumberOfRetriesExceeded } from '../errors/kafkajs-error'
import type { RetryOptions } from '../types/config'
import { isMissing } from '../is-missing'

/** How often something is tried again, and after which pauses. */
export interface RetrySettings {
  readonly maxRetryTime: number
  readonly initialRetryTime: number
  readonly factor: number
  readonly multiplier: number
  readonly retries: number
  readonly restartOnFailure?: ((e: Error) => Promise<boolean>) | undefined
}

/** KafkaJS's defaults; they are the same in tests (`NODE_ENV=test`) as elsewhere. */
export const defaultRetry: RetrySettings = {
  maxRetryTime: 30_000,
  initialRetryTime: 300,
  factor: 0.2,
  multiplier: 2,
  retries: 5,
}

/** The settings of the client, then those of the `Kafka` object, then the defaults, key by key. */
export function resolveRetry(ofKafka: RetryOptions = {}, ofClient: RetryOptions = {}): RetrySettings {
  const given = [...Object.entries(ofKafka), ...Object.entries(ofClient)]
  return { ...defaultRetry, ...Object.fromEntries(given.filter(([, value]) => !isMissing(value))) }
}

/** The pauses that one call makes at most, in milliseconds, spread by chance. */
export class RetryPauses {
  readonly #settings: RetrySettings
  #next: number

  constructor(settings: RetrySettings) {
    this.#settings = settings
    this.#next = spread(settings.initialRetryTime, settings.factor)
  }

  /** The pause before the next repetition. */
  take(): number {
    const { factor, multiplier, maxRetryTime } = this.#settings
    const pause = this.#next
    this.#next = Math.min(spread(pause, factor) * multiplier, maxRetryTime)
    return pause
  }

  /** The pause that `take` gives next. */
  get next(): number {
    return this.#next
  }
}

function spread(ms: number, factor: number): number {
  return Math.ceil(ms - ms * factor + Math.random() * 2 * ms * factor)
}

/** Milliseconds that all pauses take together, when chance makes none longer. */
export function totalPauseMs({ initialRetryTime, multiplier, maxRetryTime, retries }: RetrySettings): number {
  let total = 0
  let pause = initialRetryTime
  // Beyond this many the sum is over every limit that a timer can have.
  for (let count = 0; count < Math.min(retries, 100_000); count++) {
    total += pause
    pause = Math.min(pause * multiplier, maxRetryTime)
  }
  return total
}

/** Milliseconds of the last pause, when chance makes none longer. */
function lastPauseMs({ initialRetryTime, multiplier, maxRetryTime, retries }: RetrySettings): number {
  return Math.min(initialRetryTime * multiplier ** retries, maxRetryTime)
}

/** Names of errors that are mistakes in the program: trying again mends none of them. */
const programErrors: ReadonlySet<string> = new Set([
  'RangeError',
  'ReferenceError',
  'SyntaxError',
  'TypeError',
])

/** KafkaJS's rule: everything may be tried again that does not say otherwise and is no mistake of the program. */
export function isRetriable(error: unknown): boolean {
  const { retriable, name } = error as { retriable?: boolean; name?: string }
  return retriable !== false && !programErrors.has(name ?? '')
}

/** What a failed call rejects with when nothing more is tried. */
export function finalError(
  error: Error,
  retryCount: number,
  retryTime: number,
): KafkaJSNonRetriableError | KafkaJSNumberOfRetriesExceeded {
  if (isRetriable(error)) return new KafkaJSNumberOfRetriesExceeded(error, { retryCount, retryTime })
  return new KafkaJSNonRetriableError(error, { cause: error.cause ?? error })
}

/** What a call rejects with whose failure was tried again by our own client; what can't pass is told as it is. */
export function failureOfCall(error: Error, settings: RetrySettings): Error {
  if (!isRetriable(error)) return error
  const { retries: retryCount } = settings
  return new KafkaJSNumberOfRetriesExceeded(error, { retryCount, retryTime: lastPauseMs(settings) })
}

/** Waits so many milliseconds. */
export type Pause = (ms: number) => Promise<void>

const pauseWithTimer: Pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

/**
 * Calls `attempt` until it succeeds or may not be repeated, as KafkaJS does to connect.
 * @throws KafkaJSNumberOfRetriesExceeded with the last failure as `cause`; what can't pass as it is
 */
export async function withRetries<Result>(
  settings: RetrySettings,
  attempt: () => Promise<Result>,
  pause: Pause = pauseWithTimer,
): Promise<Result> {
  const pauses = new RetryPauses(settings)
  for (let retryCount = 0; ; retryCount++) {
    try {
      return await attempt()
    } catch (caught) {
      const error = caught as Error
      if (!isRetriable(error)) throw error
      if (retryCount >= settings.retries) throw finalError(error, retryCount, pauses.next)
      await pause(pauses.take())
    }
  }
}
