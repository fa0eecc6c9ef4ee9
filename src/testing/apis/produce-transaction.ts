import type { ProduceRequest } from '../../wire/generated/broker/produce'
import { batchAttributes, batchHeaderBytes, batchLayout } from '../../wire/records/batch-layout'
import { firstTransactionsV2Produce } from '../log/producer-rules'
import type { ProducedPartition } from './produce-append'

/** First version whose clients know TRANSACTION_ABORTABLE (KIP-890). */
const abortableFrom = 11
/** True when any batch of the request says that it is in a transaction; malformed ones say nothing. */
export function isTransactionalRequest(request: ProduceRequest): boolean {
  return batchesOf(request).some(isTransactionalBatch)
}

/** True when transactional batches of one request are of several producers, or of several lives of one. */
export function hasSeveralProducers(request: ProduceRequest): boolean {
  const producers = batchesOf(request)
    .filter((batch) => isTransactionalBatch(batch) && producerOf(batch).producerId >= 0n)
    .map((batch) => `${producerOf(batch).producerId}/${producerOf(batch).producerEpoch}`)
  return new Set(producers).size > 1
}

export function isTransactionalBatch(batch: Buffer): boolean {
  if (batch.length < batchHeaderBytes || batch[batchLayout.magic] !== 2) return false
  return (batch.readInt16BE(batchLayout.attributes) & batchAttributes.transactional) !== 0
}

/**
 * Asks the coordinator whether the partition belongs to the producer's transaction, unless the log knows by an open
 * one of the same epoch; with transactions v2 the coordinator adds it by this.
 * @throws what the coordinator does
 */
export function verifyTransaction(produced: ProducedPartition, batch: Buffer): void {
  const { services, request, context, partition } = produced
  const { transactionalId } = request
  const producer = producerOf(batch)
  if (transactionalId === null || producer.producerId < 0n) return
  const isOpen = partition.leaderLog
    .activeProducers()
    .some(
      (known) =>
        known.producerId === producer.producerId &&
        known.producerEpoch === producer.producerEpoch &&
        known.currentTxnStartOffset >= 0n,
    )
  if (isOpen) return
  const mayAdd = context.apiVersion >= firstTransactionsV2Produce
  const knowsAbortable = context.apiVersion >= abortableFrom
  services.transactions.verifyPartition(transactionalId, producer, partition, mayAdd, knowsAbortable)
}

function batchesOf(request: ProduceRequest): Buffer[] {
  return request.topicData.flatMap(({ partitionData }) =>
    partitionData.map(({ records }) => records ?? empty),
  )
}

const empty = Buffer.alloc(0)

function producerOf(batch: Buffer): { readonly producerId: bigint; readonly producerEpoch: number } {
  return {
    producerId: batch.readBigInt64BE(batchLayout.producerId),
    producerEpoch: batch.readInt16BE(batchLayout.producerEpoch),
  }
}
