import { createDeferred } from '../../base/deferred'
import { Deadline } from '../../base/deadline'
import { AbortedError, type KafkaError } from '../../base/errors'
import type { Clock } from '../../base/clock'

/** The attempts of a member to join its group: one at a time, each may be broken off, and commits wait for its end. */
export class JoinAttempts {
  readonly #clock: Clock
  #abort: AbortController | undefined
  #ended: Promise<void> | undefined
  #letsCommitsPass = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Breaks off the attempt, or the pause between two. */
  abort(): void {
    this.#abort?.abort()
  }

  /** @param attempt has to end soon after the signal has fired */
  async run<T>(attempt: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const abort = new AbortController()
    const ended = createDeferred<void>()
    this.#abort = abort
    this.#ended = ended.promise
    try {
      return await attempt(abort.signal)
    } finally {
      this.#abort = undefined
      this.#ended = undefined
      this.#letsCommitsPass = false
      ended.resolve()
    }
  }

  /**
   * While JoinGroup waits for other members, which may take them long, the coordinator still takes commits of the
   * generation that ends: from now on they need not wait for the end of the attempt under way.
   */
  letCommitsPass(): void {
    this.#letsCommitsPass = true
  }

  /** From now on they wait again. Answers whether they did not. */
  holdCommits(): boolean {
    const didPass = this.#letsCommitsPass
    this.#letsCommitsPass = false
    return didPass
  }

  /** Pauses between two attempts. */
  async pause(ms: number): Promise<void> {
    const abort = new AbortController()
    this.#abort = abort
    try {
      await new Deadline(this.#clock, 'JoinGroup', ms, abort.signal).sleep(ms)
    } catch (error) {
      if (!(error instanceof AbortedError)) throw error
    } finally {
      this.#abort = undefined
    }
  }

  /** Resolves when no attempt is under way that commits have to wait for. */
  async settled(deadline: Deadline, onTimeout: () => KafkaError): Promise<void> {
    while (this.#ended !== undefined && !this.#letsCommitsPass) await deadline.race(this.#ended, onTimeout)
  }
}
