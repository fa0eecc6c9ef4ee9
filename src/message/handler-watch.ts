import type { Clock, Timer } from '../base/clock'

/** One piece of work that is being watched, or one after another of its kind. */
export interface WatchedWork {
  startedAt: number
}

/**
 * Notices work that takes longer than `max.poll.interval.ms` (L16): a handler that does not come back, or a consumer
 * nobody asks for messages. One timer, for the oldest piece; none while there is nothing to watch.
 */
export class HandlerWatch {
  readonly #clock: Clock
  readonly #limitMs: number
  readonly #onOverdue: () => void
  readonly #work = new Set<WatchedWork>()
  #timer: Timer | undefined
  #isOverdue = false

  /** @param onOverdue called once; again only after all work had come back in time */
  constructor(clock: Clock, limitMs: number, onOverdue: () => void) {
    this.#clock = clock
    this.#limitMs = limitMs
    this.#onOverdue = onOverdue
  }

  /** True from when a piece of work was late until none is under way that is. */
  get isOverdue(): boolean {
    return this.#isOverdue
  }

  begin(): WatchedWork {
    const work = { startedAt: this.#clock.now() }
    this.#work.add(work)
    this.#arm()
    return work
  }

  /** The work is done and the next one begins under its name; answers as `end` does. */
  restart(work: WatchedWork): boolean {
    work.startedAt = this.#clock.now()
    return this.#isOverdue && this.#recover()
  }

  /** Answers whether the work, being late, was the last of those that are. */
  end(work: WatchedWork): boolean {
    this.#work.delete(work)
    return this.#isOverdue && this.#recover()
  }

  #recover(): boolean {
    if (this.#clock.now() - this.#oldestStart() >= this.#limitMs) return false
    this.#isOverdue = false
    this.#arm()
    return true
  }

  /** When the oldest work began; Infinity when there is none. */
  #oldestStart(): number {
    let oldest = Infinity
    for (const { startedAt } of this.#work) oldest = Math.min(oldest, startedAt)
    return oldest
  }

  #arm(): void {
    if (this.#timer !== undefined || this.#isOverdue || this.#work.size === 0) return
    const left = this.#oldestStart() + this.#limitMs - this.#clock.now()
    this.#timer = this.#clock.setTimer(Math.max(0, left), () => {
      this.#timer = undefined
      this.#check()
    })
  }

  #check(): void {
    if (this.#work.size === 0) return
    if (this.#clock.now() - this.#oldestStart() < this.#limitMs) return this.#arm()
    this.#isOverdue = true
    this.#onOverdue()
  }

  close(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#work.clear()
  }
}
