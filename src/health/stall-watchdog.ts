import type { Clock, Timer } from '../base/clock'
import type { Logger } from '../base/logger'
import { type Overdue, type Stall, stallKey, stallsOf } from './stall'

/** Looks at one client from outside. */
export interface StallFinder<Kind extends string> {
  /** True when nothing is under way that could stall. */
  readonly isAtRest: boolean
  /** Everything that has waited for too long. */
  find(now: number): Overdue<Kind>[]
}

export interface StallWatchdogOptions<Kind extends string> {
  readonly clock: Clock
  readonly logger: Logger
  readonly finder: StallFinder<Kind>
  readonly stallTimeoutMs: number
  /** What the log calls the client. */
  readonly who: string
  /** Details of log lines: which one it is. */
  readonly names: Readonly<Record<string, unknown>>
  readonly onBegan: (stall: Stall<Kind>) => void
  readonly onEnded: (stall: Stall<Kind>) => void
}

/** Looks in one stall timeout: enough to tell when a stall began, and few enough to cost nothing. */
const looksPerTimeout = 6
const longestIntervalMs = 5_000
/** While something is stalled one looks more often, so that its end is told soon. */
const longestStalledIntervalMs = 1_000
const shortestIntervalMs = 10

/**
 * Looks from time to time whether something has stalled, and says so once when it begins and once when it ends. It acts
 * on nothing. One timer while something is under way; none while the client is at rest (L23).
 */
export class StallWatchdog<Kind extends string> {
  readonly #options: StallWatchdogOptions<Kind>
  #stalls: readonly Stall<Kind>[] = []
  #active = new Map<string, Stall<Kind>>()
  #timer: Timer | undefined
  #dueAt = Infinity
  #hasEnded = false

  constructor(options: StallWatchdogOptions<Kind>) {
    this.#options = options
  }

  /** Something is under way: it is looked at until nothing is. Cheap, however often it is called. */
  arm(): void {
    if (this.#timer !== undefined || this.#hasEnded) return
    const { clock, stallTimeoutMs } = this.#options
    const longest = this.#active.size > 0 ? longestStalledIntervalMs : longestIntervalMs
    const ms = Math.max(shortestIntervalMs, Math.min(longest, stallTimeoutMs / looksPerTimeout))
    this.#dueAt = clock.now() + ms
    this.#timer = clock.setTimer(ms, () => this.#look())
    // To watch is no reason to keep a process alive.
    this.#timer.unref?.()
  }

  /** The stalls of this moment. */
  stalls(): readonly Stall<Kind>[] {
    if (this.#hasEnded) return []
    const { clock, finder } = this.#options
    const now = clock.now()
    if (!this.#wasHeldUp(now)) this.#stalls = stallsOf(finder.find(now), clock.wallTime())
    return this.#stalls
  }

  /**
   * True when this process has not run for a while: then answers may have come that nobody has read yet, and nothing
   * can be said of brokers.
   */
  #wasHeldUp(now: number): boolean {
    return this.#timer !== undefined && now - this.#dueAt > this.#options.stallTimeoutMs / looksPerTimeout
  }

  #look(): void {
    const { clock, finder } = this.#options
    const wasHeldUp = this.#wasHeldUp(clock.now())
    this.#timer = undefined
    if (!wasHeldUp) {
      this.#tell(this.stalls())
      if (finder.isAtRest) return
    }
    this.arm()
  }

  #tell(stalls: readonly Stall<Kind>[]): void {
    const before = this.#active
    this.#active = new Map(stalls.map((stall) => [stallKey(stall), stall]))
    for (const [key, stall] of this.#active) if (!before.has(key)) this.#began(stall)
    for (const [key, stall] of before) if (!this.#active.has(key)) this.#ended(stall)
  }

  #began(stall: Stall<Kind>): void {
    const { logger, who, names, onBegan } = this.#options
    logger.warn(`${who} is stalled: ${stall.reason}`, { ...names, kind: stall.kind })
    onBegan(stall)
  }

  #ended(stall: Stall<Kind>): void {
    const { clock, logger, who, names, onEnded } = this.#options
    const durationMs = clock.wallTime() - stall.since
    logger.info(`${who} goes on: a stall has ended`, { ...names, kind: stall.kind, durationMs })
    onEnded({ ...stall, durationMs })
  }

  /** Ends the watch; stalls that were told of end with it. */
  close(): void {
    this.#hasEnded = true
    this.#timer?.cancel()
    this.#timer = undefined
    this.#tell([])
  }
}
