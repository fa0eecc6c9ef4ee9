import type { Clock, Timer } from '../../base/clock'

/** What a direction of a pipe takes before its sender is told to wait, as the buffers of a socket would. */
const windowBytes = 1024 * 1024

interface Item {
  /** Clock time before which it must not arrive. */
  readonly at: number
  readonly bytes: number
  readonly deliver: () => void
}

/** How a network moves things: when, and whether at all. */
export interface PipeSettings {
  readonly clock: Clock
  /** Calls back in a later turn. */
  readonly defer: (callback: () => void) => void
  /** Milliseconds that the next thing takes. */
  readonly latencyMs: () => number
  /** False while nothing gets through; what was sent waits, as TCP would send it again. */
  readonly isUp: () => boolean
}

/**
 * One direction of a connection without a socket. Things arrive in the order they were sent, in a later turn, each
 * after its latency; while the receiver has paused, or the network is partitioned, they wait.
 */
export class MemoryPipe {
  /** Called when the sender may go on after `isFull`. */
  onDrain: () => void = () => {}
  readonly #settings: PipeSettings
  #queue: Item[] = []
  #waitingBytes = 0
  #lastAt = 0
  #paused = false
  #ended = false
  #wasFull = false
  #scheduled = false
  #timer: Timer | undefined

  constructor(settings: PipeSettings) {
    this.#settings = settings
  }

  /** True when the sender should wait for `onDrain`. */
  get isFull(): boolean {
    this.#wasFull ||= this.#waitingBytes >= windowBytes
    return this.#waitingBytes >= windowBytes
  }

  /**
   * Sends something of a size; `deliver` is called when it arrives.
   * @returns true when that is in the next turn, unless somebody pauses or parts the ends before
   */
  send(bytes: number, deliver: () => void): boolean {
    if (this.#ended) return false
    const latency = this.#settings.latencyMs()
    // A latency that changes must not let a later thing overtake.
    this.#lastAt = latency > 0 ? Math.max(this.#lastAt, this.#settings.clock.now() + latency) : this.#lastAt
    this.#queue.push({ at: this.#lastAt, bytes, deliver })
    this.#waitingBytes += bytes
    this.wake()
    return this.#scheduled && latency === 0
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    this.wake()
  }

  /** Calls back in a later turn, whatever the network does. */
  later(callback: () => void): void {
    this.#settings.defer(callback)
  }

  /** Nothing arrives any more. */
  end(): void {
    this.#ended = true
    this.#queue = []
    this.#timer?.cancel()
    this.#timer = undefined
  }

  /** Looks again at what waits: the network may be up again. */
  wake(): void {
    if (this.#scheduled || this.#timer !== undefined || !this.#canDeliver()) return
    const { clock, defer } = this.#settings
    const wait = (this.#queue[0] as Item).at - clock.now()
    if (wait <= 0) {
      this.#scheduled = true
      return defer(() => {
        this.#scheduled = false
        this.#deliver()
      })
    }
    this.#timer = clock.setTimer(Math.ceil(wait), () => {
      this.#timer = undefined
      this.#deliver()
    })
  }

  #canDeliver(): boolean {
    return this.#queue.length > 0 && !this.#paused && !this.#ended && this.#settings.isUp()
  }

  #deliver(): void {
    const now = this.#settings.clock.now()
    // Only what was there at the start: what an arrival causes to be sent comes in a later turn.
    const due = this.#queue.findIndex(({ at }) => at > now)
    const count = due < 0 ? this.#queue.length : due
    let taken = 0
    while (taken < count && this.#canDeliver()) {
      const item = this.#queue[taken] as Item
      taken++
      this.#waitingBytes -= item.bytes
      item.deliver()
      if (this.#ended) return
    }
    this.#queue.splice(0, taken)
    if (this.#wasFull && this.#waitingBytes < windowBytes) {
      this.#wasFull = false
      this.onDrain()
    }
    this.wake()
  }
}
