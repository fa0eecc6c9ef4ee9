/**
 * A budget of bytes that wait in a client (L17). Requests reserve before they ask; what cannot be known before (a batch
 * larger than asked for, decompressed records) is added when it is there and holds the next requests back.
 */
export class MemoryBudget {
  readonly limitBytes: number
  #usedBytes = 0
  #onFree: (() => void) | undefined

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes
  }

  get usedBytes(): number {
    return this.#usedBytes
  }

  /** Reserves as much of `wanted` as there is, but nothing (0) when that is less than `least`. */
  reserve(wanted: number, least: number): number {
    const granted = Math.min(wanted, this.grantable(least))
    if (granted < Math.min(least, wanted)) return 0
    this.#usedBytes += granted
    return granted
  }

  /** The most that can be reserved now, for someone who takes no less than `least`. */
  protected grantable(_least: number): number {
    return this.limitBytes - this.#usedBytes
  }

  /** Counts bytes that are there already. */
  add(bytes: number): void {
    this.#usedBytes += bytes
  }

  release(bytes: number): void {
    this.#usedBytes -= bytes
    const onFree = this.#onFree
    if (onFree === undefined || bytes === 0) return
    this.#onFree = undefined
    onFree()
  }

  /** Calls `callback` once when bytes come free; one callback at a time, the fetcher's. */
  whenFreed(callback: () => void): void {
    this.#onFree = callback
  }
}
