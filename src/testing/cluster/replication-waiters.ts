import type { Clock, Timer } from '../../base/clock'
import { fail } from '../contracts/kafka-failure'

interface Waiter {
  readonly offset: bigint
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
  readonly timer: Timer
}

/** Those who wait until records are on all in-sync replicas: the Produce requests with acks=all, and coordinators. */
export class ReplicationWaiters {
  readonly #waiting = new Set<Waiter>()
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get size(): number {
    return this.#waiting.size
  }

  /** Settles with the first of: `advance` beyond `offset`, `rejectAll`, the time. */
  wait(offset: bigint, timeoutMs: number): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      const timer = this.#clock.setTimer(timeoutMs, () => {
        this.#waiting.delete(waiter)
        reject(fail('REQUEST_TIMED_OUT'))
      })
      timer.unref?.()
      const waiter: Waiter = { offset, resolve, reject, timer }
      this.#waiting.add(waiter)
    })
  }

  /** The high watermark moved. */
  advance(highWatermark: bigint): void {
    for (const waiter of this.#waiting) {
      if (waiter.offset >= highWatermark) continue
      this.#take(waiter)
      waiter.resolve()
    }
  }

  rejectAll(error: Error): void {
    for (const waiter of [...this.#waiting]) {
      this.#take(waiter)
      waiter.reject(error)
    }
  }

  #take(waiter: Waiter): void {
    this.#waiting.delete(waiter)
    waiter.timer.cancel()
  }
}
