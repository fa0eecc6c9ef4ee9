import { BrokerError, type KafkaError } from '../base/errors'
import type { ProduceResponsePartitionProduceResponse } from '../wire/generated/client/produce'
import { ProduceError } from './produce-error'
import type { ErrorOfRecord, ProducerBatch } from './producer-batch'

/**
 * Why a batch is not delivered, and whether it may be in the log all the same.
 * @param timeoutMs given when the batch outlived it
 */
export function failureOfBatch(
  batch: ProducerBatch,
  cause: KafkaError | undefined,
  timeoutMs?: number,
): ProduceError {
  const maybeStored = batch.maybeStored || batch.inFlight
  const { topic, partition } = batch.queue
  const fate = maybeStored ? 'it may be stored' : 'it is not stored'
  if (timeoutMs === undefined) {
    const what = `The message could not be delivered, ${fate}: ${cause?.message ?? 'unknown'}`
    return new ProduceError(cause?.code ?? 'UNKNOWN', what, {
      topic,
      partition,
      maybeStored,
      retriable: cause?.retriable ?? false,
      cause,
    })
  }
  const sent = batch.attempts === 0 ? 'it was never sent' : `it was sent ${batch.attempts} times`
  const last = cause === undefined ? '' : `; the last error: ${cause.message}`
  return new ProduceError(
    'DELIVERY_TIMEOUT',
    `The message was not acknowledged within ${timeoutMs} ms ('deliveryTimeoutMs'): ${sent}, ${fate}${last}`,
    { topic, partition, maybeStored, retriable: true, cause },
  )
}

/**
 * The errors of a batch's messages when the broker said which of them are to blame (KIP-467): these get what it said
 * of them, the others learn that they were in bad company.
 */
export function refusalErrors(
  batch: ProducerBatch,
  answer: ProduceResponsePartitionProduceResponse,
): ErrorOfRecord | undefined {
  if (answer.recordErrors.length === 0) return undefined
  const { topic, partition } = batch.queue
  const { maybeStored } = batch
  const messages = new Map(answer.recordErrors.map((one) => [one.batchIndex, one.batchIndexErrorMessage]))
  const cause = batch.lastError
  const others = new ProduceError(
    'BATCH_REJECTED',
    `The message was refused with others of its batch: ${answer.recordErrors.length} of them are invalid; send it again`,
    { topic, partition, maybeStored, retriable: true, cause },
  )
  return (record) => {
    if (!messages.has(record)) return others
    const brokerMessage = messages.get(record) ?? answer.errorMessage
    const said = new BrokerError(answer.errorCode, 'The broker refused the message', { brokerMessage })
    return new ProduceError(said.code, said.message, { topic, partition, maybeStored, cause })
  }
}
