import { ErrorCode, errorKind } from '../base/error-codes'
import {
  AbortedError,
  AuthenticationError,
  BrokerError,
  ClosedError,
  ConnectionError,
  DecodeError,
  TimeoutError,
  UnsupportedVersionError,
  type KafkaError,
} from '../base/errors'
import type { RequestTarget } from './cluster'

/**
 * What to do after a failed attempt:
 * - `fail`: throw the error
 * - `again`: pause, same route
 * - `otherBroker`: at once on the next broker, with a pause once all were tried
 * - `refreshMetadata`: ask for metadata, pause, find the broker again
 * - `findCoordinator`: forget the coordinator, pause, look it up
 */
export type RetryStep = 'fail' | 'again' | 'otherBroker' | 'refreshMetadata' | 'findCoordinator'

/** True for errors that no attempt on any broker can mend. */
export function isFinalFailure(error: KafkaError): boolean {
  return (
    error instanceof AbortedError ||
    error instanceof AuthenticationError ||
    error instanceof ClosedError ||
    error instanceof DecodeError ||
    error instanceof UnsupportedVersionError ||
    !error.retriable
  )
}

/**
 * The one policy by which routed requests are tried again.
 * @param repeatable false when a broker must not get the request twice
 */
export function retryStep(error: KafkaError, target: RequestTarget['kind'], repeatable: boolean): RetryStep {
  if (isFinalFailure(error)) return 'fail'
  if (error instanceof ConnectionError || error instanceof TimeoutError) {
    if (error.maybeWritten && !repeatable) return 'fail'
    return afterLostConnection(target)
  }
  if (!(error instanceof BrokerError)) return 'refreshMetadata'
  // The one code by which a broker says that it does not know whether the request took effect.
  if (error.errorCode === ErrorCode.REQUEST_TIMED_OUT && !repeatable) return 'fail'
  if (error.errorCode === ErrorCode.NOT_CONTROLLER) return 'refreshMetadata'
  const kind = errorKind(error.errorCode)
  if (target === 'coordinator' && meansOtherCoordinator(error)) return 'findCoordinator'
  return kind === 'refreshMetadata' ? 'refreshMetadata' : 'again'
}

/** True when another broker may be the coordinator by now: this one says so, is silent, or has left the cluster. */
export function meansOtherCoordinator(error: unknown): boolean {
  if (error instanceof ConnectionError || error instanceof TimeoutError) return true
  if (!(error instanceof BrokerError)) return false
  const { errorCode } = error
  return errorCode === ErrorCode.BROKER_NOT_AVAILABLE || errorKind(errorCode) === 'refreshCoordinator'
}

function afterLostConnection(target: RequestTarget['kind']): RetryStep {
  if (target === 'any') return 'otherBroker'
  return target === 'coordinator' ? 'findCoordinator' : 'refreshMetadata'
}
