import type { Clock, Timer } from './clock'
import { AbortedError, type KafkaError } from './errors'

/**
 * One time limit, and perhaps a caller's signal, shared by all steps of one call: lookups, retries, waits.
 * Whoever waits asks the deadline to wait, so that no step can outlive the call.
 */
export class Deadline {
  readonly #clock: Clock
  readonly #at: number
  /** The caller's signal, if one was given. */
  readonly signal: AbortSignal | undefined
  readonly #what: string

  /**
   * @param what names the call in the errors, such as `createTopics`
   * @param timeoutMs milliseconds from now; `Infinity` for none
   */
  constructor(clock: Clock, what: string, timeoutMs: number, signal?: AbortSignal) {
    this.#clock = clock
    this.#at = clock.now() + timeoutMs
    this.#what = what
    this.signal = signal
  }

  get what(): string {
    return this.#what
  }

  /** Milliseconds left; never negative. */
  remainingMs(): number {
    return Math.max(0, this.#at - this.#clock.now())
  }

  get expired(): boolean {
    return this.#clock.now() >= this.#at
  }

  /** Throws AbortedError when the caller's signal has fired. */
  throwIfAborted(): void {
    if (this.signal?.aborted) throw new AbortedError(this.#what, this.signal)
  }

  /** Waits `ms`, or less when the deadline comes first; rejects with AbortedError when the signal fires. */
  async sleep(ms: number): Promise<void> {
    this.throwIfAborted()
    await new Promise<void>((resolve, reject) => {
      const finish = (settle: () => void) => {
        timer.cancel()
        this.signal?.removeEventListener('abort', onAbort)
        settle()
      }
      const onAbort = () => finish(() => reject(new AbortedError(this.#what, this.signal as AbortSignal)))
      const timer: Timer = this.#clock.setTimer(Math.min(ms, this.remainingMs()), () => finish(resolve))
      this.signal?.addEventListener('abort', onAbort, { once: true })
    })
  }

  /**
   * Settles as `promise` does, or rejects with what `onTimeout` makes when the deadline passes first, or with
   * AbortedError when the signal fires. The promise itself goes on; its late rejection is not unhandled.
   */
  async race<T>(promise: Promise<T>, onTimeout: () => KafkaError): Promise<T> {
    this.throwIfAborted()
    return await new Promise<T>((resolve, reject) => {
      let timer: Timer | undefined
      const finish = () => {
        timer?.cancel()
        this.signal?.removeEventListener('abort', onAbort)
      }
      const onAbort = () => {
        finish()
        reject(new AbortedError(this.#what, this.signal as AbortSignal))
      }
      const remaining = this.#at - this.#clock.now()
      if (remaining !== Infinity) {
        timer = this.#clock.setTimer(Math.max(0, remaining), () => {
          finish()
          reject(onTimeout())
        })
      }
      this.signal?.addEventListener('abort', onAbort, { once: true })
      promise.then(
        (value) => {
          finish()
          resolve(value)
        },
        (error: unknown) => {
          finish()
          reject(error)
        },
      )
    })
  }
}
