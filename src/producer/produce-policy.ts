import { ErrorCode, isRetriable } from '../base/error-codes'

/**
 * What is done about a batch that a broker refused:
 * - `duplicate`: it is in the log already, the offset is not known
 * - `split`: it is sent again in parts
 * - `renumber`: the broker misses something before it; all is numbered anew under a higher epoch (KIP-360)
 * - `renew`: the same under a new producer id
 * - `retry`: it is sent again as it is
 * - `fail`: its calls get the error
 */
export type RefusalAction = 'duplicate' | 'split' | 'renumber' | 'renew' | 'retry' | 'fail'

/** What the policy needs to know of the batch. */
export interface RefusedBatch {
  readonly recordCount: number
  readonly isIdempotent: boolean
  /** Nothing is mended inside a transaction: it is aborted (P5, P6). */
  readonly isTransactional: boolean
  /** An earlier attempt may have been stored. */
  readonly maybeStored: boolean
  /** Where the log starts, as the broker said with the error; -1 when it did not. */
  readonly logStartOffset: bigint
}

/** The one policy for Produce error codes (R8). */
export function refusalAction(errorCode: number, batch: RefusedBatch): RefusalAction {
  switch (errorCode) {
    case ErrorCode.DUPLICATE_SEQUENCE_NUMBER:
      return 'duplicate'
    case ErrorCode.MESSAGE_TOO_LARGE:
    case ErrorCode.RECORD_LIST_TOO_LARGE:
      // If the whole is in the log already, its parts would not be recognised as duplicates.
      return batch.recordCount > 1 && !batch.maybeStored ? 'split' : 'fail'
    case ErrorCode.UNKNOWN_PRODUCER_ID:
      // Without a word of where the log starts nothing can be said of what was lost (P6).
      if (batch.isIdempotent && batch.logStartOffset < 0n) return 'retry'
      return batch.isIdempotent && !batch.isTransactional ? 'renumber' : 'fail'
    case ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER:
      return batch.isIdempotent && !batch.isTransactional ? 'renumber' : 'fail'
    case ErrorCode.INVALID_PRODUCER_EPOCH:
    case ErrorCode.INVALID_PRODUCER_ID_MAPPING:
      return batch.isIdempotent && !batch.isTransactional ? 'renew' : 'fail'
    default:
      return isRetriable(errorCode) ? 'retry' : 'fail'
  }
}

const uncertain: ReadonlySet<number> = new Set([
  ErrorCode.UNKNOWN_SERVER_ERROR,
  ErrorCode.REQUEST_TIMED_OUT,
  ErrorCode.NETWORK_EXCEPTION,
  ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND,
])

/** True for the errors after which the batch may be in the log all the same (R6). */
export function mayBeStoredDespite(errorCode: number): boolean {
  return uncertain.has(errorCode)
}
