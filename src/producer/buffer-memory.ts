/**
 * Owns the producer's memory budget (`bufferMemoryBytes`, law L10) and the queue of those who wait for it. Memory is
 * counted by the capacity of the slabs that hold records, from their allocation until their batch is finished.
 */
export interface MemoryWaiter {
  /**
   * Called when memory came free and this waiter is the oldest. It takes what it can and answers whether it is
   * done; otherwise it stays the oldest.
   */
  proceed(): boolean
}

export class BufferMemory {
  readonly limitBytes: number
  #usedBytes = 0
  readonly #waiters: MemoryWaiter[] = []
  #servingScheduled = false

  readonly #onShort: () => void

  /** @param onShort is called when the first waiter queues up */
  constructor(limitBytes: number, onShort: () => void) {
    this.limitBytes = limitBytes
    this.#onShort = onShort
  }

  get usedBytes(): number {
    return this.#usedBytes
  }

  get availableBytes(): number {
    return this.limitBytes - this.#usedBytes
  }

  get hasWaiters(): boolean {
    return this.#waiters.length > 0
  }

  /** Takes memory if there is enough of it; answers whether it did. */
  tryReserve(bytes: number): boolean {
    if (bytes > this.limitBytes - this.#usedBytes) return false
    this.#usedBytes += bytes
    return true
  }

  /** Gives memory back; the waiters are served in a microtask, outside of whatever the caller is in the middle of. */
  release(bytes: number): void {
    this.#usedBytes -= bytes
    if (this.#waiters.length === 0 || this.#servingScheduled) return
    this.#servingScheduled = true
    queueMicrotask(() => {
      this.#servingScheduled = false
      this.#serve()
    })
  }

  /** Queues behind all who wait already. */
  wait(waiter: MemoryWaiter): void {
    this.#waiters.push(waiter)
    if (this.#waiters.length === 1) this.#onShort()
  }

  /** Leaves the queue, wherever it stands in it. */
  stopWaiting(waiter: MemoryWaiter): void {
    const at = this.#waiters.indexOf(waiter)
    if (at < 0) return
    this.#waiters.splice(at, 1)
    // What the one that left could not use may be enough for the next.
    if (at === 0) this.release(0)
  }

  #serve(): void {
    for (;;) {
      const oldest = this.#waiters[0]
      if (oldest === undefined || !oldest.proceed()) return
      // The waiter may have left by itself while it proceeded.
      if (this.#waiters[0] === oldest) this.#waiters.shift()
    }
  }
}
