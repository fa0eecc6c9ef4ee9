import type { Clock, Timer } from '../base/clock'
import type { ProducerBatch } from './producer-batch'

/**
 * All unfinished batches in the order of their creation, and the one timer that fires when the oldest has outlived
 * `deliveryTimeoutMs` (law L11). Adding and removing cost the same however many batches there are.
 */
export class DeliveryDeadlines {
  readonly #clock: Clock
  readonly #timeoutMs: number
  readonly #onExpired: (batch: ProducerBatch) => void
  #oldest: ProducerBatch | undefined
  #newest: ProducerBatch | undefined
  #timer: Timer | undefined

  constructor(clock: Clock, timeoutMs: number, onExpired: (batch: ProducerBatch) => void) {
    this.#clock = clock
    this.#timeoutMs = timeoutMs
    this.#onExpired = onExpired
  }

  /** Adds a batch; one that is not the youngest (a part of a split batch) is put at its place. */
  add(batch: ProducerBatch): void {
    let before = this.#newest
    while (before !== undefined && before.createdAt > batch.createdAt) before = before.older
    batch.older = before
    batch.newer = before === undefined ? this.#oldest : before.newer
    if (batch.newer) batch.newer.older = batch
    else this.#newest = batch
    if (before) before.newer = batch
    else this.#oldest = batch
    if (this.#timer === undefined) this.#arm()
  }

  remove(batch: ProducerBatch): void {
    if (batch.older === undefined && batch.newer === undefined && this.#oldest !== batch) return
    if (batch.older) batch.older.newer = batch.newer
    else this.#oldest = batch.newer
    if (batch.newer) batch.newer.older = batch.older
    else this.#newest = batch.older
    batch.older = undefined
    batch.newer = undefined
    if (this.#oldest === undefined) this.#cancelTimer()
  }

  /** The unfinished batches, the oldest first; the list may change meanwhile. */
  *[Symbol.iterator](): Generator<ProducerBatch> {
    const batches: ProducerBatch[] = []
    for (let batch = this.#oldest; batch !== undefined; batch = batch.newer) batches.push(batch)
    yield* batches
  }

  close(): void {
    this.#cancelTimer()
  }

  #arm(): void {
    if (this.#oldest === undefined) return
    const inMs = Math.max(0, this.#oldest.createdAt + this.#timeoutMs - this.#clock.now())
    this.#timer = this.#clock.setTimer(inMs, () => this.#expire())
  }

  #expire(): void {
    this.#timer = undefined
    const now = this.#clock.now()
    for (;;) {
      const oldest = this.#oldest
      if (oldest === undefined) return
      // Node's timers may fire up to a millisecond early.
      if (oldest.createdAt + this.#timeoutMs > now + 1) break
      this.remove(oldest)
      this.#onExpired(oldest)
    }
    if (this.#timer === undefined) this.#arm()
  }

  #cancelTimer(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }
}
