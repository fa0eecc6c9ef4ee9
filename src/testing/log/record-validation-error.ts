import { ErrorCode } from '../../base/error-codes'
import { BrokerError } from '../../base/errors'

/** What is wrong with one record of a batch (KIP-467). */
export interface RecordError {
  /** Place of the record in its batch, from 0. */
  readonly batchIndex: number
  readonly message: string
}

const shownErrors = 3

/**
 * A batch that is refused because of some of its records: all of it is, but the producer learns of which. Its words
 * reach the client, which those of other refusals of a Produce request do not.
 */
export class RecordValidationError extends BrokerError {
  protected static override readonly brandName: string = 'RecordValidationError'
  readonly recordErrors: readonly RecordError[]

  constructor(code: 'INVALID_RECORD' | 'INVALID_TIMESTAMP', recordErrors: readonly RecordError[]) {
    super(ErrorCode[code], 'Refused', { brokerMessage: messageOf(code, recordErrors) })
    this.recordErrors = recordErrors
  }
}

function messageOf(code: 'INVALID_RECORD' | 'INVALID_TIMESTAMP', errors: readonly RecordError[]): string {
  if (code === 'INVALID_TIMESTAMP') {
    return 'One or more records have been rejected due to invalid timestamp'
  }
  const shown = errors
    .slice(0, shownErrors)
    .map(({ batchIndex, message }) => `RecordError(batchIndex=${batchIndex}, message='${message}')`)
  return (
    `One or more records have been rejected due to ${errors.length} record errors in total, and only showing ` +
    `the first three errors at most: [${shown.join(', ')}]`
  )
}
