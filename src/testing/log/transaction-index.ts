import type { AbortedTransaction } from '../contracts/partition-log'

/** A transaction that a marker has ended, by the offsets of its first record and of the marker. */
export interface CompletedTransaction {
  readonly producerId: bigint
  readonly firstOffset: bigint
  readonly lastOffset: bigint
  readonly isAborted: boolean
}

/** The aborted transactions of a log, in the order of their markers. */
export class TransactionIndex {
  #aborted: CompletedTransaction[] = []

  add(transaction: CompletedTransaction): void {
    if (transaction.isAborted) this.#aborted.push(transaction)
  }

  /** Those of which records or the marker can lie in `[from, to)`, in the order of their markers. */
  overlapping(from: bigint, to: bigint): AbortedTransaction[] {
    const found: AbortedTransaction[] = []
    for (let i = this.#firstEndingAt(from); i < this.#aborted.length; i++) {
      const { producerId, firstOffset } = this.#aborted[i] as CompletedTransaction
      if (firstOffset < to) found.push({ producerId, firstOffset })
    }
    return found
  }

  /** Forgets transactions of which no record is left. */
  remove(transactions: readonly AbortedTransaction[]): void {
    this.#aborted = this.#aborted.filter(
      ({ producerId, firstOffset }) =>
        !transactions.some((gone) => gone.producerId === producerId && gone.firstOffset === firstOffset),
    )
  }

  truncateFromEnd(offset: bigint): void {
    this.#aborted = this.#aborted.slice(0, this.#firstEndingAt(offset))
  }

  truncateFromStart(offset: bigint): void {
    this.#aborted.splice(0, this.#firstEndingAt(offset))
  }

  #firstEndingAt(offset: bigint): number {
    let low = 0
    let high = this.#aborted.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#aborted[middle] as CompletedTransaction).lastOffset < offset) low = middle + 1
      else high = middle
    }
    return low
  }
}
