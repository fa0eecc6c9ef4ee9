import { errorKind } from '../base/error-codes'
import { AuthenticationError, DecodeError, type KafkaError } from '../base/errors'
import { isShareSessionError } from './share-session'

/** The same may be taken a moment later; leaders that moved are none of these (S3). */
export function isPassing(errorCode: number): boolean {
  if (isShareSessionError(errorCode)) return false
  const kind = errorKind(errorCode)
  return kind === 'retriable' || kind === 'refreshCoordinator'
}

/** True when the same request would fail again for the same reason, however often it is sent. */
export function isHopeless(error: KafkaError): boolean {
  return (
    error instanceof AuthenticationError || error instanceof DecodeError || error.code === 'INTERNAL_ERROR'
  )
}
