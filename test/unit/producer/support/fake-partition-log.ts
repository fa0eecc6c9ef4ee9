import type { ReceivedBatch } from './fake-produce'

const outOfOrder = 45
const invalidEpoch = 47
/** A broker remembers this many batches of a producer and partition. */
const rememberedBatches = 5

interface ProducerState {
  epoch: number
  lastSequence: number
  readonly batches: { epoch: number; sequence: number; count: number; baseOffset: bigint }[]
}

/** One partition's log with the sequence rules of a real broker. */
export class FakePartitionLog {
  readonly values: string[] = []
  readonly #producers = new Map<bigint, ProducerState>()

  /** Appends a batch, or says why not; a batch it has already is answered with its offset. */
  append({ batch, values }: ReceivedBatch): { errorCode: number; baseOffset: bigint } {
    const { producerId, producerEpoch: epoch, baseSequence: sequence } = batch
    const count = values.length
    if (producerId < 0n) return this.#store(values)
    const state = this.#producers.get(producerId)
    if (state === undefined) {
      // Like a real broker: without any state every first sequence is taken.
      const fresh: ProducerState = { epoch, lastSequence: -1, batches: [] }
      this.#producers.set(producerId, fresh)
      return this.#accept(fresh, epoch, sequence, values)
    }
    if (epoch < state.epoch) return { errorCode: invalidEpoch, baseOffset: -1n }
    if (epoch > state.epoch) {
      if (sequence !== 0) return { errorCode: outOfOrder, baseOffset: -1n }
      state.batches.length = 0
      return this.#accept(state, epoch, sequence, values)
    }
    const known = state.batches.find((one) => one.sequence === sequence && one.count === count)
    if (known !== undefined) return { errorCode: 0, baseOffset: known.baseOffset }
    if (sequence !== state.lastSequence + 1) return { errorCode: outOfOrder, baseOffset: -1n }
    return this.#accept(state, epoch, sequence, values)
  }

  #accept(state: ProducerState, epoch: number, sequence: number, values: ReceivedBatch['values']) {
    const stored = this.#store(values)
    state.epoch = epoch
    state.lastSequence = sequence + values.length - 1
    state.batches.push({ epoch, sequence, count: values.length, baseOffset: stored.baseOffset })
    if (state.batches.length > rememberedBatches) state.batches.shift()
    return stored
  }

  #store(values: ReceivedBatch['values']) {
    const baseOffset = BigInt(this.values.length)
    for (const value of values) this.values.push(value ?? '')
    return { errorCode: 0, baseOffset }
  }
}
