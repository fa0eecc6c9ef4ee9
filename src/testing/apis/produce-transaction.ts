import type { ProduceRequest } from '../../wire/generated/broker/produce'
import { batchAttributes, batchLayout } from '../../wire/records/batch-layout'
import { fail } from '../contracts/kafka-failure'
import { firstBatchOf } from '../log/produced-records'
import { firstTransactionsV2Produce } from '../log/producer-rules'
import type { ProducedPartition } from './produce-append'

/** First version whose clients know TRANSACTION_ABORTABLE (KIP-890). */
const abortableFrom = 11
/**
 * Looks at the first batch of each partition before anything else is done: may the caller write in this transaction?
 * @throws what all partitions of the request are refused with
 */
export function checkTransaction(
  request: ProduceRequest,
  mayWrite: (transactionalId: string) => boolean,
): void {
  const batches = request.topicData
    .flatMap(({ partitionData }) => partitionData)
    .flatMap(({ records }) => firstBatchOf(records) ?? [])
    .filter(isTransactionalBatch)
  if (batches.length === 0) return
  const { transactionalId } = request
  if (transactionalId === null || !mayWrite(transactionalId)) {
    throw fail('TRANSACTIONAL_ID_AUTHORIZATION_FAILED')
  }
  const producers = batches
    .map(producerOf)
    .filter(({ producerId }) => producerId >= 0n)
    .map(({ producerId, producerEpoch }) => `${producerId}/${producerEpoch}`)
  if (new Set(producers).size > 1) {
    throw fail('INVALID_PRODUCER_ID_MAPPING', 'Transactional records contained more than one producer ID')
  }
}

export function isTransactionalBatch(batch: Buffer): boolean {
  if (batch[batchLayout.magic] !== 2) return false
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

function producerOf(batch: Buffer): { readonly producerId: bigint; readonly producerEpoch: number } {
  return {
    producerId: batch.readBigInt64BE(batchLayout.producerId),
    producerEpoch: batch.readInt16BE(batchLayout.producerEpoch),
  }
}
