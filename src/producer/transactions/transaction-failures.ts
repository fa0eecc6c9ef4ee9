import { FencedError, type KafkaError } from '../../base/errors'

/**
 * What an error means for the transaction it happened in:
 * - `abortable`: the transaction can't be committed any more; after an abort the producer goes on
 * - `abortableWithBump`: the same, and the abort has to end in a new epoch, because a sequence is broken
 * - `fenced`: another producer has taken over the transactional id; final
 * - `fatal`: this producer can't go on
 */
export type TransactionFailure = 'abortable' | 'abortableWithBump' | 'fenced' | 'fatal'

/** The requests whose errors are told apart; `Produce` stands for a batch that failed for good. */
export type TransactionRequest =
  'InitProducerId' | 'AddPartitionsToTxn' | 'AddOffsetsToTxn' | 'TxnOffsetCommit' | 'EndTxn' | 'Produce'

const abortableEverywhere: ReadonlySet<string> = new Set([
  'TOPIC_AUTHORIZATION_FAILED',
  'GROUP_AUTHORIZATION_FAILED',
  'TRANSACTION_ABORTABLE',
  'OPERATION_NOT_ATTEMPTED',
  'UNKNOWN_TOPIC_OR_PARTITION',
  // The caller's signal: whatever was under way may have been done.
  'ABORTED',
])

/** The offsets don't count, most often because the member that read them has lost its place in the group (T9, X6). */
const offsetsRefused: ReadonlySet<string> = new Set([
  'UNKNOWN_MEMBER_ID',
  'ILLEGAL_GENERATION',
  'STALE_MEMBER_EPOCH',
  'REBALANCE_IN_PROGRESS',
  'FENCED_INSTANCE_ID',
  'FENCED_MEMBER_EPOCH',
  'GROUP_ID_NOT_FOUND',
  'UNKNOWN_TOPIC_ID',
  'OFFSET_METADATA_TOO_LARGE',
  'INVALID_COMMIT_OFFSET_SIZE',
  'UNKNOWN_SERVER_ERROR',
])

/** Permissions that can be given while the producer waits to begin: nothing has happened yet. */
const missingAtStart: ReadonlySet<string> = new Set([
  'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
])

const fatalForProduce: ReadonlySet<string> = new Set([
  'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
  'INVALID_PRODUCER_ID_MAPPING',
  'UNSUPPORTED_VERSION',
])

const brokenSequence: ReadonlySet<string> = new Set([
  'OUT_OF_ORDER_SEQUENCE_NUMBER',
  'UNKNOWN_PRODUCER_ID',
  'DELIVERY_TIMEOUT',
])

/** The one policy for errors inside transactions (T1, T5, T9, X4). */
export function transactionFailure(request: TransactionRequest, error: KafkaError): TransactionFailure {
  const { code } = error
  if (code === 'PRODUCER_FENCED') return 'fenced'
  if (code === 'INVALID_PRODUCER_EPOCH') {
    // A batch does not tell a producer that was fenced from one whose transaction timed out; the next EndTxn does.
    return request === 'Produce' ? 'abortable' : 'fenced'
  }
  if (abortableEverywhere.has(code)) return 'abortable'
  if (request === 'Produce') {
    if (fatalForProduce.has(code)) return 'fatal'
    return brokenSequence.has(code) ? 'abortableWithBump' : 'abortable'
  }
  if (code === 'UNKNOWN_PRODUCER_ID') return 'abortableWithBump'
  if (error.context.api === 'InitProducerId' && missingAtStart.has(code)) return 'abortable'
  if (request === 'TxnOffsetCommit' && offsetsRefused.has(code)) return 'abortable'
  return error.retriable ? 'abortable' : 'fatal'
}

/** What the user of a fenced producer is told. */
export function fencedError(transactionalId: string, cause: KafkaError): FencedError {
  return new FencedError(
    'PRODUCER_FENCED',
    `Another producer has taken over the transactional id '${transactionalId}', or its transaction timed out and was ended by the broker: nothing more is written by this one; close it`,
    { cause },
  )
}
