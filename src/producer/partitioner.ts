import { murmur2, toPositive } from '../wire/murmur2'

/** The partition of a key: the same as the Java client's, also for an empty key. */
export function partitionOfKey(
  bytes: Uint8Array,
  start: number,
  end: number,
  partitionCount: number,
): number {
  return toPositive(murmur2(bytes, start, end)) % partitionCount
}

/** What the sticky partitioner looks at when it chooses. */
export interface PartitionLoad {
  readonly partitionCount: number
  hasLeader(partition: number): boolean
  /** Batches that wait in the partition's queue. */
  queueLength(partition: number): number
  /** The partitions to draw from: those with a leader, without those whose broker does not keep up. */
  candidates(): readonly number[]
}

export interface StickyOptions {
  /** Bytes after which the next partition is drawn. */
  readonly stickyBytes: number
  /** Whether partitions with long queues are drawn less often. */
  readonly isAdaptive: boolean
  /** A number in [0, 1); a test passes its own. */
  readonly random: () => number
}

/**
 * Chooses the partition of messages without a key, one topic's (KIP-794): stays with a partition until a batch's
 * worth of bytes went there, so that batches fill, then draws the next one; partitions with long queues, those of a
 * slow broker, are drawn less often. The switch waits for the end of a batch, for up to twice the bytes, or what a
 * compressed batch takes, so that no batch is left half full.
 */
export class StickyPartitioner {
  readonly #stickyBytes: number
  readonly #isAdaptive: boolean
  readonly #random: () => number
  #partition = -1
  #bytes = 0

  constructor({ stickyBytes, isAdaptive, random }: StickyOptions) {
    this.#stickyBytes = Math.max(stickyBytes, 1)
    this.#isAdaptive = isAdaptive
    this.#random = random
  }

  /** The partition for the next message. */
  current(load: PartitionLoad): number {
    if (this.#partition < 0 || this.#partition >= load.partitionCount || !load.hasLeader(this.#partition)) {
      this.#partition = this.#draw(load)
      this.#bytes = 0
    }
    return this.#partition
  }

  /** Whether a batch's worth will have been appended with `bytes` more, so that the next batch belongs elsewhere. */
  isDue(bytes: number): boolean {
    return this.#bytes + bytes >= this.#stickyBytes
  }

  /** Leaves the current partition. */
  leave(): void {
    this.#partition = -1
  }

  /**
   * Tells that a message was appended to the current partition.
   * @param batchIsFull its batch takes no more
   * @param fullBytes what its batch takes: more than `stickyBytes` when it is going to be compressed
   */
  appended(bytes: number, batchIsFull: boolean, fullBytes = 0): void {
    this.#bytes += bytes
    if (this.#bytes < this.#stickyBytes) return
    if (batchIsFull || this.#bytes >= Math.max(this.#stickyBytes * 2, fullBytes)) this.#partition = -1
  }

  #draw(load: PartitionLoad): number {
    const candidates = load.candidates()
    if (candidates.length === 0) return Math.floor(this.#random() * load.partitionCount)
    if (!this.#isAdaptive) return candidates[Math.floor(this.#random() * candidates.length)] as number
    let longest = 0
    for (const partition of candidates) longest = Math.max(longest, load.queueLength(partition))
    let total = 0
    for (const partition of candidates) total += longest + 1 - load.queueLength(partition)
    let rest = Math.floor(this.#random() * total)
    for (const partition of candidates) {
      rest -= longest + 1 - load.queueLength(partition)
      if (rest < 0) return partition
    }
    return candidates.at(-1) as number
  }
}
