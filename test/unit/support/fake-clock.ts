import type { Clock, Timer } from '../../../src/base/clock'

interface Pending {
  readonly at: number
  readonly order: number
  readonly callback: () => void
}

/** A clock that only moves when a test says so; timers fire in the order of their time. */
export class FakeClock implements Clock {
  #now = 0
  #order = 0
  readonly #pending = new Set<Pending>()
  readonly #wallStart: number

  constructor(wallStart = 1_700_000_000_000) {
    this.#wallStart = wallStart
  }

  now(): number {
    return this.#now
  }

  wallTime(): number {
    return this.#wallStart + this.#now
  }

  setTimer(ms: number, callback: () => void): Timer {
    const entry: Pending = { at: this.#now + Math.max(0, ms), order: this.#order++, callback }
    this.#pending.add(entry)
    return { cancel: () => void this.#pending.delete(entry) }
  }

  /** Timers that have not fired and were not cancelled. */
  get pendingTimers(): number {
    return this.#pending.size
  }

  /** Time passes while nothing runs, as in a process that is held up: what became due fires with the next `advance`. */
  skip(ms: number): void {
    this.#now += ms
  }

  /** Moves time forward, firing what is due, and lets promises settle after each timer. */
  async advance(ms: number): Promise<void> {
    const target = this.#now + ms
    await settle()
    for (;;) {
      const due = [...this.#pending]
        .filter((p) => p.at <= target)
        .sort((a, b) => a.at - b.at || a.order - b.order)[0]
      if (due === undefined) break
      this.#pending.delete(due)
      this.#now = Math.max(this.#now, due.at)
      due.callback()
      await settle()
    }
    this.#now = target
    await settle()
  }
}

/** Lets everything that is already resolved run. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise<void>((resolve) => setImmediate(resolve))
}
