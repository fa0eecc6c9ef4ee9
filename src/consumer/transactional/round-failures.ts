import { FencedError, isKafkaError, type KafkaError } from '../../base/errors'

/** What ended a transaction and does not end the next one: the producer was told to abort, or the member was out of date. */
const passing: ReadonlySet<string> = new Set([
  'UNKNOWN_MEMBER_ID',
  'ILLEGAL_GENERATION',
  'STALE_MEMBER_EPOCH',
  'FENCED_MEMBER_EPOCH',
  'REBALANCE_IN_PROGRESS',
  'TRANSACTION_ABORTABLE',
  'TRANSACTION_ABORTED',
  'OPERATION_NOT_ATTEMPTED',
  'OUT_OF_ORDER_SEQUENCE_NUMBER',
  'UNKNOWN_PRODUCER_ID',
  // Of a batch it may mean that the broker has ended the transaction: the abort tells whether the producer is fenced.
  'INVALID_PRODUCER_EPOCH',
  'UNKNOWN_SERVER_ERROR',
])

/** Retriable as a message, and refused again as a batch: one message of it is not valid. */
const poison = 'BATCH_REJECTED'

/** True when the same messages may well be processed once the transaction was aborted (X4, X6). */
export function mayTryAgain(error: KafkaError): boolean {
  if (error instanceof FencedError || error.code === poison) return false
  return error.retriable || passing.has(error.code)
}

/** True when only the same end of the transaction may be asked for again (T6, X3). */
export function isOutcomeUnknown(error: KafkaError): boolean {
  return error.code === 'TRANSACTION_OUTCOME_UNKNOWN'
}

/** A call that the transaction's state did not allow any more is told apart by what had brought it there. */
export function reasonOf(error: KafkaError): KafkaError {
  return error.code === 'INVALID_TXN_STATE' && isKafkaError(error.cause) ? error.cause : error
}
