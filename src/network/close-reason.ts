import { ConnectionError, type ErrorContext, KafkaError } from '../base/errors'
import { closedInTlsHandshake, describeSystemError, foreignProtocol, tlsMistake } from './connection-errors'

/** How far a connection had come when its socket closed. */
export interface ClosedConnection {
  /** Names the broker in errors. */
  readonly broker: ErrorContext
  readonly usesTls: boolean
  /** It was not open yet. */
  readonly isOpening: boolean
  /** The broker has answered something. */
  readonly hasAnswered: boolean
  /** It ended at the first request after ApiVersions, and nobody had authenticated. */
  readonly endedAfterVersions: boolean
  /** What came of an answer that never became whole. */
  readonly unreadBytes: Buffer | undefined
}

/** Why a socket closed, from what Node says of it and from when it did so. */
export function closeReason(error: Error | undefined, closed: ClosedConnection): KafkaError {
  const { broker, usesTls, isOpening, hasAnswered, unreadBytes } = closed
  const mistake = usesTls ? tlsMistake(error, broker) : undefined
  if (mistake !== undefined) return mistake
  // A factory of the user's that says by itself what it means.
  if (error instanceof KafkaError) return error
  if (isOpening) return neverOpened(error, closed)
  const foreign = unreadBytes !== undefined && !hasAnswered ? foreignProtocol(unreadBytes, broker) : undefined
  if (foreign !== undefined) return foreign
  const { code, hint } = guessWhyClosed(closed)
  return new ConnectionError(code, `${describeSystemError(error)}${hint}`, { ...broker, cause: error })
}

function neverOpened(error: Error | undefined, { broker, usesTls }: ClosedConnection): KafkaError {
  // A refused TCP connection has a system code of its own; a handshake that was cut off is a reset or a plain end.
  const code = (error as NodeJS.ErrnoException | undefined)?.code
  if (usesTls && (code === undefined || code === 'ECONNRESET' || code === 'EPIPE')) {
    return closedInTlsHandshake(error, broker)
  }
  return new ConnectionError('CONNECTION_FAILED', describeSystemError(error), { ...broker, cause: error })
}

/** A listener that expects something else closes the connection without a word. When it does so tells what. */
function guessWhyClosed({ hasAnswered, endedAfterVersions }: ClosedConnection): {
  code: string
  hint: string
} {
  if (!hasAnswered) {
    const hint = ' before it answered anything; is this the right port, and does the listener expect TLS?'
    return { code: 'DISCONNECTED', hint }
  }
  if (endedAfterVersions) {
    const hint = ' at the first request after ApiVersions; does the listener expect SASL (option sasl)?'
    return { code: 'CLOSED_BEFORE_USE', hint }
  }
  return { code: 'DISCONNECTED', hint: '' }
}
