import { AuthenticationError, BrokerError, KafkaError, type ErrorContext } from '../../base/errors'
import { ErrorCode, errorCodeName } from '../../base/error-codes'
import { saslAuthenticateApi } from '../../wire/generated/client/sasl-authenticate'
import { saslHandshakeApi } from '../../wire/generated/client/sasl-handshake'
import type { Connection } from '../connection'
import type { VersionRanges } from '../version-ranges'
import type { SaslContext, SaslMechanism } from './sasl-mechanism'

/** A broker that keeps asking is broken; no mechanism needs as many rounds. */
const maxRounds = 32

/**
 * Runs one authentication over a connection: SaslHandshake, then SaslAuthenticate as often as the mechanism wants.
 * Its requests pass a connection that is held.
 * @returns milliseconds until the broker wants it again (KIP-368); 0 for never
 */
export async function authenticate(
  connection: Connection,
  versions: VersionRanges,
  mechanism: SaslMechanism,
  context: SaslContext,
  broker: ErrorContext,
  timeoutMs: number,
): Promise<number> {
  const options = { timeoutMs, urgent: true }
  const handshakeVersion = versions.choose(saslHandshakeApi, { minVersion: 1 }, broker)
  const handshake = await connection.send(
    saslHandshakeApi,
    handshakeVersion,
    { mechanism: mechanism.name },
    options,
  )
  if (handshake.errorCode !== ErrorCode.NONE) {
    throw handshakeError(handshake.errorCode, mechanism.name, handshake.mechanisms, broker)
  }
  const version = versions.choose(saslAuthenticateApi, {}, broker)
  const exchange = mechanism.start(context)
  let message = await own(exchange.first(), mechanism, broker)
  for (let round = 0; round < maxRounds; round++) {
    const response = await connection.send(saslAuthenticateApi, version, { authBytes: message }, options)
    if (response.errorCode !== ErrorCode.NONE) {
      throw refusal(response.errorCode, response.errorMessage, mechanism, broker)
    }
    const answer = await own(exchange.next(response.authBytes), mechanism, broker)
    if (answer === undefined) return Number(response.sessionLifetimeMs)
    message = answer
  }
  throw new AuthenticationError(
    'SASL_AUTHENTICATION_FAILED',
    `${mechanism.name} did not end after ${maxRounds} rounds`,
    broker,
  )
}

/** What a mechanism throws is about credentials, whoever wrote the mechanism. */
async function own<T>(step: T | Promise<T>, mechanism: SaslMechanism, broker: ErrorContext): Promise<T> {
  try {
    return await step
  } catch (error) {
    if (error instanceof KafkaError) throw error
    const detail = error instanceof Error ? error.message : String(error)
    throw new AuthenticationError('SASL_AUTHENTICATION_FAILED', `${mechanism.name} failed: ${detail}`, {
      ...broker,
      cause: error,
    })
  }
}

function handshakeError(
  errorCode: number,
  mechanism: string,
  offered: readonly string[],
  broker: ErrorContext,
): KafkaError {
  if (errorCode === ErrorCode.UNSUPPORTED_SASL_MECHANISM) {
    return new AuthenticationError(
      'UNSUPPORTED_SASL_MECHANISM',
      `The broker does not accept the SASL mechanism ${mechanism}; it offers ${offered.join(', ') || 'none'}`,
      broker,
    )
  }
  if (errorCode === ErrorCode.ILLEGAL_SASL_STATE) {
    return new AuthenticationError(
      'ILLEGAL_SASL_STATE',
      'The listener does not use SASL; leave out the option sasl, or use the port of a SASL listener',
      broker,
    )
  }
  return new BrokerError(errorCode, `The SASL handshake for ${mechanism} failed`, broker)
}

function refusal(
  errorCode: number,
  brokerMessage: string | null,
  { name, toCheck = 'user name and password' }: SaslMechanism,
  broker: ErrorContext,
): AuthenticationError {
  const text = brokerMessage ? `: ${brokerMessage}` : ''
  return new AuthenticationError(
    errorCodeName(errorCode),
    `The broker refused the ${name} credentials${text}; check ${toCheck}`,
    { ...broker, ...(brokerMessage ? { brokerMessage } : {}) },
  )
}
