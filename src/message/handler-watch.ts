import type { Clock, Timer } from '../base/clock'
import type { TopicPartition } from '../base/topic-partition'
import type { Message } from './message'

/** What a handler works on, as it is asked for; undefined for what is not known, or is more than one. */
export interface HandledWork {
  readonly state: TopicPartition | undefined
  readonly message: Message | undefined
}

/** One piece of work that is being watched, or one after another of its kind. */
export interface WatchedWork {
  startedAt: number
  /** It began anew since `startedAt` was set, in this turn of the event loop. */
  isRestarted: boolean
  /** Undefined when no handler runs: then it is watched that nobody asks for messages. */
  readonly handled: HandledWork | undefined
}

/**
 * Notices work that takes longer than `max.poll.interval.ms` (L16): a handler that does not come back, or a consumer
 * nobody asks for messages. One timer, for the oldest piece; none while there is nothing to watch.
 */
export class HandlerWatch {
  readonly #clock: Clock
  readonly #limitMs: number
  readonly #onOverdue: () => void
  readonly #onBegin: () => void
  readonly #work = new Set<WatchedWork>()
  #timer: Timer | undefined
  #isOverdue = false
  /** The time of this turn of the event loop was asked for. */
  #isTurnTimed = false

  /**
   * @param onOverdue called once; again only after all work had come back in time
   * @param onBegin called whenever a piece of work begins
   */
  constructor(clock: Clock, limitMs: number, onOverdue: () => void, onBegin: () => void = () => {}) {
    this.#clock = clock
    this.#limitMs = limitMs
    this.#onOverdue = onOverdue
    this.#onBegin = onBegin
  }

  /** What is under way, the oldest first as far as each began only once. */
  work(): Iterable<WatchedWork> {
    this.#timeRestarted()
    return this.#work
  }

  /** True from when a piece of work was late until none is under way that is. */
  get isOverdue(): boolean {
    return this.#isOverdue
  }

  begin(handled?: HandledWork): WatchedWork {
    const work = { startedAt: this.#clock.now(), isRestarted: false, handled }
    this.#work.add(work)
    this.#arm()
    this.#onBegin()
    return work
  }

  /**
   * The work is done and the next one begins under its name; answers as `end` does. Quick handlers restart thousands of
   * times in a turn of the event loop, in which nobody looks: the clock is read for the first and after the last of them.
   */
  restart(work: WatchedWork): boolean {
    if (this.#isTurnTimed) work.isRestarted = true
    else this.#timeTurn(work)
    return this.#isOverdue && this.#recover()
  }

  #timeTurn(work: WatchedWork): void {
    work.startedAt = this.#clock.now()
    this.#isTurnTimed = true
    setImmediate(() => {
      this.#isTurnTimed = false
      this.#timeRestarted()
    })
  }

  #timeRestarted(): void {
    const now = this.#clock.now()
    for (const work of this.#work) {
      if (!work.isRestarted) continue
      work.isRestarted = false
      work.startedAt = now
    }
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
    this.#timeRestarted()
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
    // Whoever waits for work, or works, keeps the process alive by other means.
    this.#timer.unref?.()
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
