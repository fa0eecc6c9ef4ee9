import { acknowledgeCode } from './acknowledge-type'
import type { AcquiredRecords } from './acquired-records'
import type { OffsetRun } from './offset-runs'
import { sharePartitionKey } from './share-partition'

/** Acknowledgements of neighbouring offsets, as requests carry them. */
export interface AcknowledgementBatch {
  readonly firstOffset: bigint
  readonly lastOffset: bigint
  readonly acknowledgeTypes: readonly number[]
}

interface PartitionPart {
  readonly topicId: string
  readonly partition: number
  readonly records: AcquiredRecords[]
  readonly batches: AcknowledgementBatch[]
}

/**
 * The acknowledgements of one request: all that waited to be sent to one broker, in flight from here on. A partition's
 * are taken or refused by the broker as a whole.
 */
export class AcknowledgementRound {
  readonly #parts = new Map<string, PartitionPart>()
  /** A renewal is among them. */
  readonly renews: boolean
  /** Messages of which something is said; gaps are none. */
  readonly messageCount: number

  /** @param sources what has something to send */
  constructor(sources: Iterable<AcquiredRecords>) {
    let renews = false
    let messages = 0
    for (const records of sources) {
      const runs = records.takePending()
      if (runs.length === 0) continue
      renews ||= runs.some(({ code }) => code === acknowledgeCode.renew)
      for (const { first, last, code } of runs) if (code !== acknowledgeCode.gap) messages += last - first + 1
      this.#add(records, runs)
    }
    this.renews = renews
    this.messageCount = messages
    for (const { batches } of this.#parts.values()) {
      batches.sort((a, b) => (a.firstOffset < b.firstOffset ? -1 : 1))
    }
  }

  get isEmpty(): boolean {
    return this.#parts.size === 0
  }

  #add(records: AcquiredRecords, runs: readonly OffsetRun[]): void {
    const { topicId, partition, key } = records.partition
    let part = this.#parts.get(key)
    if (part === undefined) {
      part = { topicId, partition, records: [], batches: [] }
      this.#parts.set(key, part)
    }
    part.records.push(records)
    for (const { first, last, code } of runs) {
      part.batches.push({
        firstOffset: records.offsetOf(first),
        lastOffset: records.offsetOf(last),
        acknowledgeTypes: [code],
      })
    }
  }

  /** What is said of a partition. */
  batchesOf(key: string): readonly AcknowledgementBatch[] {
    return this.#parts.get(key)?.batches ?? []
  }

  /** The partitions that something is said of. */
  parts(): IterableIterator<Readonly<PartitionPart>> {
    return this.#parts.values()
  }

  /** Takes the partition out, for its answer is there: what it was said by. */
  take(topicId: string, partition: number): readonly AcquiredRecords[] {
    const key = sharePartitionKey(topicId, partition)
    const records = this.#parts.get(key)?.records ?? []
    this.#parts.delete(key)
    return records
  }

  /** Takes the rest out. */
  takeAll(): AcquiredRecords[] {
    const records = [...this.#parts.values()].flatMap((part) => part.records)
    this.#parts.clear()
    return records
  }
}
