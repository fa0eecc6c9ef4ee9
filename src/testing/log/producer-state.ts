import type { MemoryBatch } from './memory-batch'

/** What is remembered of one of a producer's last batches, to answer it again. */
export interface RememberedBatch {
  readonly firstSequence: number
  readonly lastSequence: number
  readonly firstOffset: bigint
  readonly lastOffset: bigint
  readonly timestamp: number
}

/** Kafka remembers that many batches: as many as a producer may have in flight. */
const rememberedBatches = 5

/** What a log knows of one producer: epoch, the last batches of that epoch, and the open transaction. */
export class ProducerState {
  readonly producerId: bigint
  /** -1 before the first batch or marker. */
  epoch = -1
  coordinatorEpoch = -1
  lastTimestamp = -1
  transactionStart: bigint | undefined
  #batches: RememberedBatch[] = []

  constructor(producerId: bigint) {
    this.producerId = producerId
  }

  /** True while no batch of the current epoch is remembered. */
  get isEmpty(): boolean {
    return this.#batches.length === 0
  }

  get lastSequence(): number {
    return this.#batches.at(-1)?.lastSequence ?? -1
  }

  /** Offset of the last record; undefined when a marker came last and began a new epoch. */
  get lastDataOffset(): bigint | undefined {
    return this.#batches.at(-1)?.lastOffset
  }

  clone(): ProducerState {
    const copy = new ProducerState(this.producerId)
    copy.epoch = this.epoch
    copy.coordinatorEpoch = this.coordinatorEpoch
    copy.lastTimestamp = this.lastTimestamp
    copy.transactionStart = this.transactionStart
    copy.#batches = [...this.#batches]
    return copy
  }

  findDuplicate(producerEpoch: number, first: number, last: number): RememberedBatch | undefined {
    if (producerEpoch !== this.epoch) return undefined
    return this.#batches.find((batch) => batch.firstSequence === first && batch.lastSequence === last)
  }

  addBatch(batch: MemoryBatch): void {
    this.#moveToEpoch(batch.producerEpoch)
    if (this.#batches.length === rememberedBatches) this.#batches.shift()
    this.#batches.push({
      firstSequence: batch.baseSequence,
      lastSequence: batch.lastSequence,
      firstOffset: batch.baseOffset,
      lastOffset: batch.lastOffset,
      timestamp: batch.maxTimestamp,
    })
    this.lastTimestamp = batch.maxTimestamp
    if (batch.isTransactional) this.transactionStart ??= batch.baseOffset
  }

  /** Ends the transaction. The remembered batches stay unless the marker brought a new epoch. */
  endTransaction(producerEpoch: number, coordinatorEpoch: number, timestamp: number): void {
    this.#moveToEpoch(producerEpoch)
    this.coordinatorEpoch = coordinatorEpoch
    this.lastTimestamp = timestamp
    this.transactionStart = undefined
  }

  #moveToEpoch(producerEpoch: number): void {
    if (this.epoch === producerEpoch) return
    this.#batches = []
    this.epoch = producerEpoch
  }
}
