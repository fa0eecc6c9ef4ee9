import type { RecordBatch } from '../../wire/records/record-batch'
import { openRecords } from '../../wire/records/open-records'
import type { AbortedTransaction } from '../fetch/fetched-frame'

const abortMarker = 0

/**
 * Decides for each batch of one fetched part whether read_committed shows it (KIP-98), by the broker's list of aborted
 * transactions alone: an entry is active from its first offset until its producer's abort marker. Each response lists
 * all aborted transactions that reach into its records, so a part starts with a filter of its own, and a transaction
 * whose marker lies in a later fetch is known all the same.
 */
export class AbortedFilter {
  /** Not yet reached, the next one last. */
  readonly #coming: AbortedTransaction[]
  readonly #activeProducers = new Set<bigint>()

  constructor(abortedTransactions: readonly AbortedTransaction[] | null) {
    this.#coming = [...(abortedTransactions ?? [])].sort((a, b) =>
      a.firstOffset > b.firstOffset ? -1 : a.firstOffset < b.firstOffset ? 1 : 0,
    )
  }

  /** True when the batch belongs to an aborted transaction. Called for every batch in the order of the log. */
  hides(batch: RecordBatch): boolean {
    this.#activateUpTo(batch.lastOffset)
    if (batch.producerId < 0n || this.#activeProducers.size === 0) return false
    if (batch.isControl) {
      if (controlType(batch) === abortMarker) this.#activeProducers.delete(batch.producerId)
      return false
    }
    return batch.isTransactional && this.#activeProducers.has(batch.producerId)
  }

  #activateUpTo(offset: bigint): void {
    for (let next = this.#coming.at(-1); next !== undefined; next = this.#coming.at(-1)) {
      if (next.firstOffset > offset) return
      this.#activeProducers.add(next.producerId)
      this.#coming.pop()
    }
  }
}

/** The type in the key of a control batch's record: 0 abort, 1 commit; undefined when compaction emptied the batch. */
function controlType(batch: RecordBatch): number | undefined {
  const cursor = openRecords(batch)
  if (!cursor.next()) return undefined
  const key = cursor.key()
  return key !== null && key.length >= 4 ? key.readInt16BE(2) : undefined
}
