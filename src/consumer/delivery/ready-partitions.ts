import type { KafkaError } from '../../base/errors'
import type { FetchMemory } from '../fetch/fetch-memory'
import type { PartitionState } from '../partition-state'

/** Batches that are decompressed at the same time, beside the event loop: Node's threads are no more by default. */
const mostOpening = 4

export interface ReadyPartitionsOptions {
  readonly memory: Pick<FetchMemory, 'isUsedUp'>
  /** Part of what was fetched for the partition has been delivered: more can be fetched. */
  readonly onDrained: (partition: PartitionState) => void
  /** The position has moved from this offset over records of which none is handed out. */
  readonly onPassedOver?: (partition: PartitionState, fromOffset: bigint) => void
  /** The bytes at the partition's position can't be read. */
  readonly onFailed: (partition: PartitionState, error: KafkaError) => void
}

/**
 * The partitions that may have messages to hand out, in the order of their turns. A partition enters when records
 * arrive, when it is resumed, and again after each slice that was taken from it.
 *
 * A decompressed batch may be a thousand times as large as what was fetched. While the memory is used up, batches that
 * are open are handed out to their end before others are opened, so that many partitions don't hold one each (F10).
 */
export class ReadyPartitions {
  readonly #options: ReadyPartitionsOptions
  readonly #opening = new Set<PartitionState>()
  #queue: PartitionState[] = []
  #head = 0

  constructor(options: ReadyPartitionsOptions) {
    this.#options = options
  }

  /** Puts the partition at the end, unless it is there already or being worked on. */
  add(state: PartitionState): void {
    if (state.isQueued || state.isBusy || !state.isDeliverable) return
    state.isQueued = true
    if (this.#options.memory.isUsedUp && state.reader.hasOpenBatch) this.#putFirst(state)
    else this.#queue.push(state)
  }

  #putFirst(state: PartitionState): void {
    if (this.#head > 0) this.#queue[--this.#head] = state
    else this.#queue.unshift(state)
  }

  /** True while as many batches are being decompressed as may be. */
  get #isOpeningEnough(): boolean {
    if (this.#opening.size === 0) return false
    for (const state of this.#opening) if (!state.reader.isOpening) this.#opening.delete(state)
    return this.#opening.size >= (this.#options.memory.isUsedUp ? 1 : mostOpening)
  }

  /** The next partition whose reader has messages ready; undefined when there is none. */
  take(limit?: number): PartitionState | undefined {
    while (this.#head < this.#queue.length) {
      if (this.#isOpeningEnough) return undefined
      const state = this.#queue[this.#head++] as PartitionState
      if (this.#head > 256 && this.#head * 2 > this.#queue.length) {
        this.#queue = this.#queue.slice(this.#head)
        this.#head = 0
      }
      state.isQueued = false
      if (state.isBusy || !state.isDeliverable) continue
      const { reader } = state
      const before = reader.position
      const status = reader.prepare(limit)
      this.#options.onDrained(state)
      if (status === 'ready') return state
      if (reader.position > before) this.#options.onPassedOver?.(state, before)
      if (status === 'pending') this.#opening.add(state)
      if (status === 'failed' && state.reader.failure !== undefined) {
        const error = state.reader.failure
        state.fail(error)
        this.#options.onFailed(state, error)
      }
    }
    this.#queue = []
    this.#head = 0
    return undefined
  }
}
