import type { PartitionState } from '../partition-state'

/** The smallest piece that a partition is asked for when many share the budget. */
export const smallestAskBytes = 16 * 1024
/** How much more a partition is asked for after an answer that was full. */
const growth = 4
/**
 * Parts of the budget that are divided, and that are lent. Together one half: a partition is asked for until it holds
 * its share, so it may come to hold two of them.
 */
const dividedPart = 3 / 8
const lentPart = 1 / 8

export interface FetchSharesOptions {
  readonly limitBytes: number
  readonly maxPartitionBytes: number
  /** How many partitions share the budget. */
  readonly partitionCount: () => number
}

/**
 * How many bytes a partition is asked for at a time. Most of the budget is divided evenly, so that a slow or paused
 * partition, whose share is full, takes nothing from the others (L17). A part is lent to partitions whose answers are
 * full, so that a busy one among thousands is not fetched in crumbs; a loan ends with the first answer that is not full,
 * and while nothing is left to lend, loans of partitions that hold nothing are called in.
 */
export class FetchShares {
  readonly #options: FetchSharesOptions
  readonly #loans = new Map<PartitionState, number>()
  #lentBytes = 0
  #refusals = 0

  constructor(options: FetchSharesOptions) {
    this.#options = options
  }

  /** Bytes to ask for, and to hold before the partition stays out of the next request. */
  bytesFor(state: PartitionState): number {
    return Math.min(this.#options.maxPartitionBytes, this.#evenShare + (this.#loans.get(state) ?? 0))
  }

  get #evenShare(): number {
    const { limitBytes, partitionCount } = this.#options
    return Math.max(smallestAskBytes, Math.floor((limitBytes * dividedPart) / Math.max(1, partitionCount())))
  }

  /** Records came: whether there is likely to be more decides what the partition is asked for next. */
  noteAnswer(state: PartitionState, bytes: number): void {
    const share = this.bytesFor(state)
    if (bytes * 2 < share) return this.#endLoan(state)
    const wanted = Math.min(this.#options.maxPartitionBytes, share * growth) - share
    if (wanted <= 0) return
    const left = this.#options.limitBytes * lentPart - this.#lentBytes
    if (left < smallestAskBytes) return this.#refuse(state)
    const granted = Math.min(wanted, Math.floor(left / 2))
    this.#loans.set(state, (this.#loans.get(state) ?? 0) + granted)
    this.#lentBytes += granted
  }

  /** Looks at all loans only once in so many refusals as there are loans. */
  #refuse(asking: PartitionState): void {
    if (++this.#refusals < this.#loans.size) return
    this.#refusals = 0
    for (const state of this.#loans.keys()) {
      if (state !== asking && (!state.isOwned || state.reader.queue.isEmpty)) this.#endLoan(state)
    }
  }

  #endLoan(state: PartitionState): void {
    const loan = this.#loans.get(state)
    if (loan === undefined) return
    this.#loans.delete(state)
    this.#lentBytes -= loan
    state.standingFetch?.asker?.reconsider(state)
  }
}
