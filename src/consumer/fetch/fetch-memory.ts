/** A fetch that is granted although the budget is used up gets at most this part of it. */
const smallGrantPart = 1 / 16

/**
 * The budget of fetched and decompressed bytes of one consumer (L17). Fetches reserve before they ask. What cannot be
 * known before (a batch larger than asked for, decompressed records) is added when it is there, and holds the next
 * fetches back to a trickle.
 *
 *     fetched, of what was reserved  ≤ limit, by the shares of the partitions
 *     unforeseen                     one batch of each partition that is being delivered
 *     both                           below the limit, fetches get what they want; above it, little, and one after another
 *
 * They are not held back altogether: a partition that is held up with a large batch would stop all others.
 */
export class FetchMemory {
  readonly limitBytes: number
  #fetchedBytes = 0
  #unforeseenBytes = 0
  #onFree: (() => void) | undefined

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes
  }

  get usedBytes(): number {
    return this.#fetchedBytes + this.#unforeseenBytes
  }

  /** Reserves as much of `wanted` as there is, but nothing (0) when that is less than `least`. */
  reserve(wanted: number, least: number): number {
    const { limitBytes } = this
    const left = limitBytes - this.#fetchedBytes
    const smallGrant = Math.min(left, Math.max(least, limitBytes * smallGrantPart))
    const granted = Math.min(wanted, Math.max(smallGrant, left - this.#unforeseenBytes))
    if (granted < Math.min(least, wanted)) return 0
    this.#fetchedBytes += granted
    return granted
  }

  /** Counts bytes that were fetched. */
  add(bytes: number): void {
    this.#fetchedBytes += bytes
  }

  /** Of what was reserved, or added. */
  release(bytes: number): void {
    this.#fetchedBytes -= bytes
    this.#tellFree(bytes)
  }

  /** Counts bytes that nobody has reserved. */
  addUnforeseen(bytes: number): void {
    this.#unforeseenBytes += bytes
  }

  releaseUnforeseen(bytes: number): void {
    this.#unforeseenBytes -= bytes
    this.#tellFree(bytes)
  }

  #tellFree(bytes: number): void {
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
