import type { KafkaError } from '../../base/errors'
import type { PartitionState } from '../partition-state'

export interface ReadyPartitionsOptions {
  /** Part of what was fetched for the partition has been delivered: more can be fetched. */
  readonly onDrained: (partition: PartitionState) => void
  /** The bytes at the partition's position can't be read. */
  readonly onFailed: (partition: PartitionState, error: KafkaError) => void
}

/**
 * The partitions that may have messages to hand out, in the order of their turns. A partition enters when records
 * arrive, when it is resumed, and again after each slice that was taken from it.
 */
export class ReadyPartitions {
  readonly #options: ReadyPartitionsOptions
  #queue: PartitionState[] = []
  #head = 0

  constructor(options: ReadyPartitionsOptions) {
    this.#options = options
  }

  /** Puts the partition at the end, unless it is there already or being worked on. */
  add(state: PartitionState): void {
    if (state.isQueued || state.isBusy || !state.isDeliverable) return
    state.isQueued = true
    this.#queue.push(state)
  }

  /** The next partition whose reader has messages ready; undefined when there is none. */
  take(limit?: number): PartitionState | undefined {
    while (this.#head < this.#queue.length) {
      const state = this.#queue[this.#head++] as PartitionState
      if (this.#head > 256 && this.#head * 2 > this.#queue.length) {
        this.#queue = this.#queue.slice(this.#head)
        this.#head = 0
      }
      state.isQueued = false
      if (state.isBusy || !state.isDeliverable) continue
      const status = state.reader.prepare(limit)
      this.#options.onDrained(state)
      if (status === 'ready') return state
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
