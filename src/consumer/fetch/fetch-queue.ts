import type { RecordBatch } from '../../wire/records/record-batch'
import { batchLayout, batchLengthOverhead } from '../../wire/records/batch-layout'
import type { AbortedTransaction, FetchedRecords } from './fetched-frame'

/**
 * The fetched records of one partition that wait for delivery, in the order of the log, undecoded. Owns their bytes:
 * the memory of a part is given back when the batch behind it is asked for.
 */
export class FetchQueue {
  readonly #parts: FetchedRecords[] = []
  #heldBytes = 0

  /** Bytes of all parts that are not yet given back, the one being read included. */
  get heldBytes(): number {
    return this.#heldBytes
  }

  get isEmpty(): boolean {
    return this.#parts.length === 0
  }

  /** What the broker said of aborted transactions in the part being read. */
  get abortedTransactions(): readonly AbortedTransaction[] | null {
    return this.#parts[0]?.abortedTransactions ?? null
  }

  /** The part being read, as a mark to tell one from the next. */
  get head(): FetchedRecords | undefined {
    return this.#parts[0]
  }

  push(records: FetchedRecords): void {
    this.#parts.push(records)
    this.#heldBytes += records.bytes
  }

  /** The next whole batch; undefined when all were taken. Throws DecodeError on bytes that are no batch. */
  nextBatch(): RecordBatch | undefined {
    for (let head = this.#parts[0]; head !== undefined; head = this.#parts[0]) {
      const batch = head.batches.next()
      if (batch !== undefined) return batch
      this.#parts.shift()
      this.#heldBytes -= head.bytes
      head.release()
    }
    return undefined
  }

  /** Drops everything and gives the memory back. */
  clear(): void {
    for (const part of this.#parts.splice(0)) part.release()
    this.#heldBytes = 0
  }
}

/** What a fetched records field holds, found from the batches' headers alone. */
export interface RecordsExtent {
  /** Where the next fetch starts; undefined when there is no whole batch. */
  readonly nextOffset: bigint | undefined
  /** Leader epoch of the last whole batch, -1 when it is not known. */
  readonly leaderEpoch: number
  /** True when the bytes behind the last whole batch are no batch. The reader says what is wrong when it gets there. */
  readonly isMalformed: boolean
}

const smallestEntry = 14

/** Measures the whole batches of a records field without making an object for each. */
export function measureRecords(records: Buffer): RecordsExtent {
  let last = -1
  let at = 0
  let isMalformed = false
  while (records.length - at > batchLayout.magic) {
    const length = records.readInt32BE(at + batchLayout.batchLength)
    if (length < smallestEntry || (records[at + batchLayout.magic] as number) > 2) {
      isMalformed = true
      break
    }
    if (length > records.length - at - batchLengthOverhead) break
    last = at
    at += batchLengthOverhead + length
  }
  if (last < 0) return { nextOffset: undefined, leaderEpoch: -1, isMalformed }
  const baseOffset = records.readBigInt64BE(last)
  const isCurrentFormat = records[last + batchLayout.magic] === 2 && at - last >= batchLayout.records
  if (!isCurrentFormat) return { nextOffset: baseOffset + 1n, leaderEpoch: -1, isMalformed }
  const lastOffsetDelta = Math.max(0, records.readInt32BE(last + batchLayout.lastOffsetDelta))
  return {
    nextOffset: baseOffset + BigInt(lastOffsetDelta) + 1n,
    leaderEpoch: records.readInt32BE(last + batchLayout.partitionLeaderEpoch),
    isMalformed,
  }
}
