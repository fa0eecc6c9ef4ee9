import type { Clock, Timer } from '../../base/clock'
import type { Logger } from '../../base/logger'
import { type Stall, stallKey, stallsOf } from './stall'
import type { StallFinder } from './stall-finder'

export interface StallWatchdogOptions {
  readonly clock: Clock
  readonly logger: Logger
  readonly finder: StallFinder
  readonly stallTimeoutMs: number
  /** Details of log lines: which consumer it is. */
  readonly names: Readonly<Record<string, unknown>>
  readonly onBegan: (stall: Stall) => void
  readonly onEnded: (stall: Stall) => void
}

/** Looks in one stall timeout: enough to tell when a stall began, and few enough to cost nothing. */
const looksPerTimeout = 6
const longestIntervalMs = 5_000
/** While something is stalled one looks more often, so that its end is told soon. */
const longestStalledIntervalMs = 1_000
const shortestIntervalMs = 10

/**
 * Looks from time to time whether something has stalled, and says so once when it begins and once when it ends. It acts
 * on nothing. One timer while something is under way; none while the consumer is at rest (L23).
 */
export class StallWatchdog {
  readonly #options: StallWatchdogOptions
  #stalls: readonly Stall[] = []
  #active = new Map<string, Stall>()
  #timer: Timer | undefined
  #dueAt = Infinity
  #hasEnded = false

  constructor(options: StallWatchdogOptions) {
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
  stalls(): readonly Stall[] {
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

  #tell(stalls: readonly Stall[]): void {
    const before = this.#active
    this.#active = new Map(stalls.map((stall) => [stallKey(stall), stall]))
    for (const [key, stall] of this.#active) if (!before.has(key)) this.#began(stall)
    for (const [key, stall] of before) if (!this.#active.has(key)) this.#ended(stall)
  }

  #began(stall: Stall): void {
    const { logger, names, onBegan } = this.#options
    logger.warn(`The consumer is stalled: ${stall.reason}`, { ...names, kind: stall.kind })
    onBegan(stall)
  }

  #ended(stall: Stall): void {
    const { clock, logger, names, onEnded } = this.#options
    const durationMs = clock.wallTime() - stall.since
    logger.info('The consumer goes on: a stall has ended', { ...names, kind: stall.kind, durationMs })
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
