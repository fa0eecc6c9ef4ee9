import { readControlRecord, controlTypes } from '../../wire/records/control-record'
import { openRecords } from '../../wire/records/open-records'
import { readBatchHeader } from '../../wire/records/record-batch'
import type { MemoryBatch } from './memory-batch'
import type { ActiveProducer } from '../contracts/partition-log'
import { ProducerState } from './producer-state'
import type { CompletedTransaction } from './transaction-index'

/**
 * What a log knows of all its producers, and which transactions keep readers back. It follows from the batches alone:
 * `apply` is called for each of them, in their order, by leader and follower alike. The rules that a leader keeps
 * producers to stand in producer-rules.ts.
 */
export class ProducerStates {
  readonly #states = new Map<bigint, ProducerState>()
  /** First offsets of open transactions by producer; the oldest comes first, since they begin in the log's order. */
  readonly #open = new Map<bigint, bigint>()
  /** Ended transactions of which the marker may not be replicated yet, in the order of their markers. */
  #unreplicated: CompletedTransaction[] = []

  /** First offset of the oldest open transaction. */
  get firstOpenOffset(): bigint | undefined {
    return this.#open.values().next().value
  }

  get(producerId: bigint): ProducerState | undefined {
    return this.#states.get(producerId)
  }

  clone(): ProducerStates {
    const copy = new ProducerStates()
    for (const [id, state] of this.#states) copy.#states.set(id, state.clone())
    for (const [id, offset] of this.#open) copy.#open.set(id, offset)
    copy.#unreplicated = [...this.#unreplicated]
    return copy
  }

  /** Takes note of a batch that was stored; answers the transaction that it ended. */
  apply(batch: MemoryBatch): CompletedTransaction | undefined {
    if (batch.producerId < 0n) return undefined
    if (batch.isControl) return this.#applyMarker(batch)
    const state = this.#stateOf(batch.producerId)
    state.addBatch(batch)
    if (batch.isTransactional && !this.#open.has(batch.producerId)) {
      this.#open.set(batch.producerId, batch.baseOffset)
    }
    return undefined
  }

  /** Lets go of the ended transactions of which the marker is replicated. */
  noteReplicated(highWatermark: bigint): void {
    while ((this.#unreplicated[0]?.lastOffset ?? highWatermark) < highWatermark) this.#unreplicated.shift()
  }

  /**
   * The offset up to which everything is decided, when the log is replicated up to `highWatermark`: a transaction
   * that ended counts as open until its marker is replicated, because a new leader may lack it.
   */
  lastStableOffset(highWatermark: bigint): bigint {
    let stable = highWatermark
    for (const { firstOffset, lastOffset } of this.#unreplicated) {
      if (lastOffset >= highWatermark && firstOffset < stable) stable = firstOffset
    }
    const open = this.firstOpenOffset
    return open !== undefined && open < stable ? open : stable
  }

  /** Forgets producers that wrote nothing for so long and have no open transaction. */
  expire(now: number, expirationMs: number): void {
    for (const state of this.#states.values()) {
      if (state.transactionStart === undefined && now - state.lastTimestamp >= expirationMs) {
        this.#states.delete(state.producerId)
      }
    }
  }

  active(): ActiveProducer[] {
    return Array.from(this.#states.values(), (state) => ({
      producerId: state.producerId,
      producerEpoch: state.epoch,
      lastSequence: state.lastSequence,
      lastTimestamp: state.lastTimestamp,
      coordinatorEpoch: state.coordinatorEpoch,
      currentTxnStartOffset: state.transactionStart ?? -1n,
    }))
  }

  #applyMarker(batch: MemoryBatch): CompletedTransaction | undefined {
    // Compaction emptied it: the transaction is gone from the log, and so is what the marker said.
    if (batch.recordsCount === 0) return undefined
    const cursor = openRecords(readBatchHeader(batch.bytes, 0, batch.bytes.length))
    cursor.next()
    const { type, coordinatorEpoch } = readControlRecord(cursor)
    const { producerId } = batch
    const state = this.#stateOf(producerId)
    const firstOffset = state.transactionStart
    state.endTransaction(batch.producerEpoch, coordinatorEpoch, batch.maxTimestamp)
    this.#open.delete(producerId)
    if (firstOffset === undefined) return undefined
    const isAborted = type === controlTypes.abort
    const completed = { producerId, firstOffset, lastOffset: batch.lastOffset, isAborted }
    this.#unreplicated.push(completed)
    return completed
  }

  #stateOf(producerId: bigint): ProducerState {
    let state = this.#states.get(producerId)
    if (state === undefined) {
      state = new ProducerState(producerId)
      this.#states.set(producerId, state)
    }
    return state
  }
}
