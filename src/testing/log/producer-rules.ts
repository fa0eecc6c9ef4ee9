import type { TransactionMarker } from '../contracts/partition'
import { fail } from '../contracts/kafka-failure'
import type { MemoryBatch } from './memory-batch'
import { ProducerState } from './producer-state'

/** The first version of Produce by which a producer shows that it speaks transactions v2 (KIP-890). */
export const firstTransactionsV2Produce = 12

const largestEpoch = 32767
const largestSequence = 0x7fffffff

/** Where a batch stands, for the words of a refusal. */
export interface AppendPlace {
  readonly topicPartition: string
  readonly offset: bigint
}

/** Throws what Kafka refuses a producer's batch with: by its epoch, its sequence and the transaction it is in. */
export function checkProducerBatch(
  state: ProducerState | undefined,
  batch: MemoryBatch,
  produceVersion: number,
  place: AppendPlace,
  origin: 'client' | 'coordinator',
): void {
  const known = state ?? new ProducerState(batch.producerId)
  checkEpoch(known, batch.producerEpoch, 1, place)
  if (origin === 'client') checkSequence(known, batch, produceVersion, place)
  if (known.transactionStart !== undefined && !batch.isTransactional) {
    throw fail(
      'INVALID_TXN_STATE',
      `Expected transactional write from producer ${batch.producerId} at offset ${place.offset} ` +
        `in partition ${place.topicPartition}`,
    )
  }
}

/** Throws what Kafka refuses a transaction's marker with. */
export function checkMarker(
  state: ProducerState | undefined,
  marker: TransactionMarker,
  place: AppendPlace,
): void {
  const known = state ?? new ProducerState(marker.producerId)
  checkEpoch(known, marker.producerEpoch, marker.transactionVersion, place)
  if (known.coordinatorEpoch > marker.coordinatorEpoch) {
    throw fail(
      'TRANSACTION_COORDINATOR_FENCED',
      `Invalid coordinator epoch for producerId ${marker.producerId} at offset ${place.offset} ` +
        `in partition ${place.topicPartition}: ${marker.coordinatorEpoch} (zombie), ` +
        `${known.coordinatorEpoch} (current)`,
    )
  }
}

function checkEpoch(state: ProducerState, epoch: number, version: 1 | 2, place: AppendPlace): void {
  const isOld = version === 2 ? epoch <= state.epoch : epoch < state.epoch
  if (!isOld) return
  // The coordinator repeats a marker of v2 whose answer it missed; its transaction has ended already.
  const isRepeated = version === 2 && epoch === state.epoch
  if (isRepeated && (state.transactionStart === undefined || epoch === largestEpoch)) return
  throw fail(
    'INVALID_PRODUCER_EPOCH',
    `Epoch of producer ${state.producerId} at offset ${place.offset} in ${place.topicPartition} is ${epoch}, ` +
      `which is ${version === 2 ? '<=' : '<'} the last seen epoch ${state.epoch} (TV${version})`,
  )
}

function checkSequence(
  state: ProducerState,
  batch: MemoryBatch,
  produceVersion: number,
  place: AppendPlace,
): void {
  const sequence = batch.baseSequence
  const where = `at offset ${place.offset} in partition ${place.topicPartition}: ${sequence}`
  const beginsTransaction = batch.isTransactional && state.transactionStart === undefined
  if (beginsTransaction && produceVersion >= firstTransactionsV2Produce && state.isEmpty && sequence !== 0) {
    throw fail(
      'OUT_OF_ORDER_SEQUENCE_NUMBER',
      `Invalid sequence number for producer ${batch.producerId} ${where} (incoming seq. number). ` +
        'Expected sequence 0 for transactions v2 idempotent producer with no existing state.',
    )
  }
  // Nothing is known of the producer, for instance because all it wrote was deleted: any sequence will do.
  if (state.epoch < 0) return
  if (batch.producerEpoch !== state.epoch) {
    if (sequence === 0) return
    throw fail(
      'OUT_OF_ORDER_SEQUENCE_NUMBER',
      `Invalid sequence number for new epoch of producer ${batch.producerId} at offset ${place.offset} ` +
        `in partition ${place.topicPartition}: ${batch.producerEpoch} (request epoch), ${sequence} ` +
        `(seq. number), ${state.epoch} (current producer epoch)`,
    )
  }
  if (isNextSequence(state.lastSequence, sequence)) return
  throw fail(
    'OUT_OF_ORDER_SEQUENCE_NUMBER',
    `Out of order sequence number for producer ${batch.producerId} ${where} (incoming seq. number), ` +
      `${state.lastSequence} (current end sequence number)`,
  )
}

function isNextSequence(last: number, next: number): boolean {
  return next === last + 1 || (next === 0 && last === largestSequence)
}
