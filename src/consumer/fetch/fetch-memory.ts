import { MemoryBudget } from '../../message/memory-budget'

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
export class FetchMemory extends MemoryBudget {
  #decompressedBytes = 0

  /** True when what is fetched and decompressed is as much as it should be, or more. */
  get isUsedUp(): boolean {
    return this.usedBytes >= this.limitBytes
  }

  protected override grantable(least: number): number {
    const { limitBytes, usedBytes } = this
    const fetchedBytes = usedBytes - this.#decompressedBytes
    const small = Math.min(
      Math.max(least, limitBytes * smallGrantPart),
      limitBytes * mostFetched - fetchedBytes,
    )
    return Math.max(small, limitBytes - usedBytes)
  }

  /** Counts bytes that came from what was fetched. */
  addDecompressed(bytes: number): void {
    this.#decompressedBytes += bytes
    this.add(bytes)
  }

  releaseDecompressed(bytes: number): void {
    this.#decompressedBytes -= bytes
    this.release(bytes)
  }
}
