import type { EpochEndOffset } from '../contracts/partition-log'

interface EpochStart {
  readonly epoch: number
  startOffset: bigint
}

/** Which leader's time began at which offset (KIP-101). Both numbers ascend strictly. */
export class LeaderEpochs {
  #starts: EpochStart[] = []

  /** -1 before the first. */
  get latest(): number {
    return this.#starts.at(-1)?.epoch ?? -1
  }

  /** Notes that records from `startOffset` on are of `epoch`; what contradicts it goes. */
  assign(epoch: number, startOffset: bigint): void {
    const last = this.#starts.at(-1)
    if (last !== undefined && last.epoch === epoch && startOffset >= last.startOffset) return
    this.#starts = this.#starts.filter((start) => start.epoch < epoch && start.startOffset < startOffset)
    this.#starts.push({ epoch, startOffset })
  }

  /** Where the records of an epoch end, or of the largest below it; -1 twice when `epoch` was never heard of. */
  endOffsetOf(epoch: number, logEndOffset: bigint): EpochEndOffset {
    const unknown = { leaderEpoch: -1, endOffset: -1n }
    if (epoch < 0) return unknown
    if (epoch === this.latest) return { leaderEpoch: epoch, endOffset: logEndOffset }
    const higher = this.#starts.findIndex((start) => start.epoch > epoch)
    if (higher < 0) return unknown
    const { startOffset } = this.#starts[higher] as EpochStart
    // An epoch older than all known ones keeps its number: the client learns where the known ones begin.
    return { leaderEpoch: this.#starts[higher - 1]?.epoch ?? epoch, endOffset: startOffset }
  }

  /** Forgets the epochs that began at `offset` or behind it. */
  truncateFromEnd(offset: bigint): void {
    this.#starts = this.#starts.filter((start) => start.startOffset < offset)
  }

  /** Forgets what lies before `offset`; the epoch of the record there begins there now. */
  truncateFromStart(offset: bigint): void {
    const kept = this.#starts.findIndex((start) => start.startOffset > offset)
    const first = (kept < 0 ? this.#starts.length : kept) - 1
    if (first < 0) return
    this.#starts.splice(0, first)
    const start = this.#starts[0] as EpochStart
    start.startOffset = offset
  }
}
