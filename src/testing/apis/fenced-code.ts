import { ErrorCode } from '../../base/error-codes'
import { errorCodeOf } from '../contracts/kafka-failure'

/** The code of a failure for clients that are older than PRODUCER_FENCED: they are told INVALID_PRODUCER_EPOCH. */
export function fencedCode(error: unknown): number {
  const code = errorCodeOf(error)
  return code === ErrorCode.PRODUCER_FENCED ? ErrorCode.INVALID_PRODUCER_EPOCH : code
}
