import type { MemoryBatch } from './memory-batch'
import type { LogConfig } from '../contracts/partition-log'

interface Segment {
  readonly baseOffset: bigint
  /** Wall time. */
  readonly createdAt: number
}

/**
 * Where Kafka would begin a new file. Records lie in one list here, but retention deletes whole segments, and clients
 * see that. Batches belong to the last segment that begins at or before them.
 */
export class Segments {
  #list: Segment[]
  /** Of the last segment: bytes, and timestamp of its first batch. */
  #activeBytes = 0
  #activeFirstTimestamp = -1

  constructor(baseOffset: bigint, now: number) {
    this.#list = [{ baseOffset, createdAt: now }]
  }

  /** Where the segments begin, in their order. */
  get baseOffsets(): readonly bigint[] {
    return this.#list.map((segment) => segment.baseOffset)
  }

  /** Takes note of a batch at the end of the log; begins a new segment for it when the last one is full or old. */
  append(batch: MemoryBatch, now: number, config: LogConfig): void {
    const size = batch.bytes.length
    if (this.#shouldRoll(batch, size, now, config)) this.roll(batch.baseOffset, now)
    if (this.#activeBytes === 0) this.#activeFirstTimestamp = batch.maxTimestamp
    this.#activeBytes += size
  }

  roll(baseOffset: bigint, now: number): void {
    if (this.#activeBytes === 0) this.#list.pop()
    this.#list.push({ baseOffset, createdAt: now })
    this.#activeBytes = 0
    this.#activeFirstTimestamp = -1
  }

  /** After batches went at either end: forgets the segments that are gone. */
  reset(batches: readonly MemoryBatch[], startOffset: bigint, endOffset: bigint, now: number): void {
    const list = this.#list.filter((segment) => segment.baseOffset < endOffset)
    while ((list[1]?.baseOffset ?? endOffset) <= startOffset && list.length > 0) list.shift()
    if (list.length === 0) list.push({ baseOffset: endOffset, createdAt: now })
    this.#list = list
    const activeBase = (list.at(-1) as Segment).baseOffset
    this.#activeBytes = 0
    this.#activeFirstTimestamp = -1
    for (let i = batches.length - 1; i >= 0; i--) {
      const batch = batches[i] as MemoryBatch
      if (batch.baseOffset < activeBase) break
      this.#activeBytes += batch.bytes.length
      this.#activeFirstTimestamp = batch.maxTimestamp
    }
  }

  #shouldRoll(batch: MemoryBatch, size: number, now: number, config: LogConfig): boolean {
    if (this.#activeBytes === 0) return false
    if (this.#activeBytes > config.segmentBytes - size) return true
    const { createdAt } = this.#list.at(-1) as Segment
    const waited =
      this.#activeFirstTimestamp >= 0 && batch.maxTimestamp >= 0
        ? batch.maxTimestamp - this.#activeFirstTimestamp
        : now - createdAt
    return waited > config.segmentMs
  }
}
