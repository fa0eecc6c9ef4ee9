import type { Clock, Timer } from '../../base/clock'
import { KafkaError, TimeoutError } from '../../base/errors'
import { TimerHeap } from './timer-heap'

/** Turns of the event loop after each timer, so that what was started by it comes to rest before the next one. */
const turnsPerTimer = 4

/**
 * A clock that jumps from timer to timer as soon as nothing else is left to do: an hour passes in milliseconds, and
 * the same program has the same order of events in every run.
 */
export class VirtualClock implements Clock {
  readonly #timers = new TimerHeap()
  readonly #wallStart: number
  #now = 0
  #order = 0

  /** @param wallStart milliseconds since 1970 at the start. Default: 1 January 2026. */
  constructor(wallStart = Date.UTC(2026, 0, 1)) {
    this.#wallStart = wallStart
  }

  now(): number {
    return this.#now
  }

  wallTime(): number {
    return this.#wallStart + Math.floor(this.#now)
  }

  setTimer(ms: number, callback: () => void): Timer {
    const timer = { at: this.#now + Math.max(0, ms), order: this.#order++, callback, isCancelled: false }
    this.#timers.push(timer)
    return {
      cancel: () => {
        timer.isCancelled = true
      },
    }
  }

  /** Resolves after so much virtual time. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.setTimer(ms, resolve))
  }

  /**
   * Lets time pass until the promise settles, and answers with it.
   * @throws TimeoutError (SIMULATION_TIMEOUT) when more than `limitMs` of virtual time pass, KafkaError
   *   (SIMULATION_STUCK) when nothing is left that could settle it
   */
  async run<Result>(work: Promise<Result>, limitMs: number): Promise<Result> {
    let settled = false
    const watched = work.finally(() => {
      settled = true
    })
    watched.catch(() => {})
    const end = this.#now + limitMs
    while (!settled) {
      await comeToRest()
      if (settled) break
      const next = this.#timers.pop()
      if (next === undefined) {
        throw new KafkaError(
          'SIMULATION_STUCK',
          `The simulation came to a stop at ${this.#now} ms: the scenario waits, and no timer is left that could wake it`,
        )
      }
      if (next.at > end) {
        throw new TimeoutError(
          'SIMULATION_TIMEOUT',
          `The scenario was not done after ${limitMs} ms of virtual time; raise maxVirtualMs if it needs more`,
        )
      }
      this.#now = Math.max(this.#now, next.at)
      next.callback()
    }
    return watched
  }
}

async function comeToRest(): Promise<void> {
  for (let turn = 0; turn < turnsPerTimer; turn++) await new Promise<void>((resolve) => setImmediate(resolve))
}
