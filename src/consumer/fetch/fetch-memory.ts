/** What is granted although the budget is used up: at most this part of it at a time, */
const smallGrantPart = 1 / 16
/** and nothing once so many times the budget was fetched. */
const mostFetched = 2

/**
 * The budget of fetched and decompressed bytes of one consumer (L17). Fetches reserve before they ask. What cannot be
 * known before (a batch larger than asked for, decompressed records) is added when it is there, and holds the next
 * fetches back.
 *
 *     used < limit                         fetches get what they want, up to the limit
 *     used ≥ limit, fetched < 2 × limit    they get little, one after another: a partition that is held up with a large
 *                                          batch must not stop all others
 *     fetched ≥ 2 × limit                  they wait until something was handed out
 */
export class FetchMemory {
  readonly limitBytes: number
  #fetchedBytes = 0
  #decompressedBytes = 0
  #onFree: (() => void) | undefined

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes
  }

  get usedBytes(): number {
    return this.#fetchedBytes + this.#decompressedBytes
  }

  /** True when what is fetched and decompressed is as much as it should be, or more. */
  get isUsedUp(): boolean {
    return this.usedBytes >= this.limitBytes
  }

  /** Reserves as much of `wanted` as there is, but nothing (0) when that is less than `least`. */
  reserve(wanted: number, least: number): number {
    const { limitBytes } = this
    const small = Math.min(
      Math.max(least, limitBytes * smallGrantPart),
      limitBytes * mostFetched - this.#fetchedBytes,
    )
    const granted = Math.min(wanted, Math.max(small, limitBytes - this.usedBytes))
    if (granted < Math.min(least, wanted)) return 0
    this.#fetchedBytes += granted
    return granted
  }

  /** Counts bytes that were fetched. */
  add(bytes: number): void {
    this.#fetchedBytes += bytes
  }

  /** Of what was reserved or added. */
  release(bytes: number): void {
    this.#fetchedBytes -= bytes
    this.#tellFree(bytes)
  }

  /** Counts bytes that came from what was fetched. */
  addDecompressed(bytes: number): void {
    this.#decompressedBytes += bytes
  }

  releaseDecompressed(bytes: number): void {
    this.#decompressedBytes -= bytes
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
