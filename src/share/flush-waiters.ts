import { createDeferred, type Deferred } from '../base/deferred'
import type { AcknowledgementResult } from './acknowledgement-result'

interface Waiter {
  /** The last round that it waits for. */
  until: number
  readonly results: AcknowledgementResult[]
  readonly done: Deferred<readonly AcknowledgementResult[]>
}

/** Calls of `commit` that wait for rounds of acknowledgements to one broker. Rounds are numbered from 1. */
export class FlushWaiters {
  #waiters: Waiter[] = []

  get isEmpty(): boolean {
    return this.#waiters.length === 0
  }

  /** Resolves with the results of all rounds up to this one. */
  wait(until: number): Promise<readonly AcknowledgementResult[]> {
    const waiter: Waiter = { until, results: [], done: createDeferred() }
    this.#waiters.push(waiter)
    return waiter.done.promise
  }

  add(result: AcknowledgementResult | undefined): void {
    if (result === undefined) return
    for (const { results } of this.#waiters) results.push(result)
  }

  /** Some of what was in the round has to be sent again: who waited for it waits for the next one. */
  extend(round: number): void {
    for (const waiter of this.#waiters) waiter.until = Math.max(waiter.until, round + 1)
  }

  /** The round is over, with all before it. */
  finish(round: number): void {
    const over = this.#waiters.filter(({ until }) => until <= round)
    if (over.length === 0) return
    this.#waiters = this.#waiters.filter(({ until }) => until > round)
    for (const { done, results } of over) done.resolve(results)
  }
}
