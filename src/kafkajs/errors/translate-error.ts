import {
  AdminError,
  AuthenticationError,
  BrokerError,
  ConnectionError,
  DecodeError,
  ErrorCode,
  isKafkaError,
  type KafkaError,
  ProduceError,
  TimeoutError,
  UnsupportedVersionError,
} from '../../index'
import {
  KafkaJSConnectionClosedError,
  KafkaJSConnectionError,
  KafkaJSMetadataNotLoaded,
  KafkaJSRequestTimeoutError,
} from './client-errors'
import { KafkaJSError, KafkaJSNonRetriableError } from './kafkajs-error'
import { KafkaJSSASLAuthenticationError, KafkaJSServerDoesNotSupportApiKey } from './non-retriable-errors'
import { describeErrorCode, protocolError } from './protocol-error-table'
import { KafkaJSProtocolError } from './protocol-errors'
import { apiNameOf } from '../api-names'

/** What KafkaJS would have thrown; errors that are not ours, and KafkaJS's own, stay as they are. */
export function translateError(error: unknown): Error {
  if (error instanceof KafkaJSError) return error
  if (isKafkaError(error)) return translateKafkaError(error)
  return isErrorLike(error) ? error : new KafkaJSNonRetriableError(String(error))
}

function translateKafkaError(error: KafkaError): Error {
  const { cause } = error
  // An error that the program's own code threw inside of ours, such as an authentication provider's.
  if (cause instanceof KafkaJSError) return cause
  if (error instanceof AdminError && isKafkaError(cause)) return translateKafkaError(cause)
  if (error instanceof BrokerError) return protocolError(error.errorCode)
  if (error.code === 'COMMIT_FAILED') return protocolError(codeOfLostCommit(cause))
  if (error instanceof ProduceError) return translateProduceError(error)
  // KafkaJS sees nothing but a socket that failed.
  if (error.code.startsWith('TLS_') && error instanceof AuthenticationError) {
    return translateConnectionError(error)
  }
  if (error instanceof AuthenticationError) return new KafkaJSSASLAuthenticationError(error, { cause: error })
  if (error instanceof ConnectionError) return translateConnectionError(error)
  if (error instanceof TimeoutError) return translateTimeout(error)
  if (error.code in fencedCodes) return protocolError(fencedCodes[error.code] as number)
  if (error instanceof UnsupportedVersionError) return translateUnsupported(error)
  // Damaged records may be whole when they are read again, or from another replica: a consumer starts again.
  if (error instanceof DecodeError && error.context.partition !== undefined) {
    const { message } = error
    return new KafkaJSProtocolError({ ...describeErrorCode(ErrorCode.CORRUPT_MESSAGE), message })
  }
  return error.retriable
    ? new KafkaJSError(error, { cause: error })
    : new KafkaJSNonRetriableError(error, { cause: error })
}

/** What brokers say to KafkaJS's versions of requests when another client has taken over. */
const fencedCodes: Readonly<Record<string, number>> = {
  PRODUCER_FENCED: ErrorCode.INVALID_PRODUCER_EPOCH,
  FENCED_INSTANCE_ID: ErrorCode.FENCED_INSTANCE_ID,
}

/** KafkaJS's words, and behind them why: it may be a controller that was reached, and no broker. */
function translateUnsupported(error: UnsupportedVersionError): Error {
  const { api, apiKey } = error.context
  if (api === undefined || apiKey === undefined) return new KafkaJSNonRetriableError(error, { cause: error })
  return new KafkaJSServerDoesNotSupportApiKey(
    `The Kafka server does not support the requested API version: ${error.message}`,
    { apiKey, apiName: apiNameOf(api) },
  )
}

/** KafkaJS's words for a member that is not what it was: its partitions are somebody else's, or soon will be. */
function codeOfLostCommit(cause: unknown): number {
  const code = cause instanceof BrokerError ? cause.errorCode : undefined
  return code === ErrorCode.UNKNOWN_MEMBER_ID ? code : ErrorCode.ILLEGAL_GENERATION
}

/** The broker's refusal where there was one, else why no broker was reached. */
function translateProduceError(error: ProduceError): Error {
  const errorCode: number | undefined = ErrorCode[error.code as keyof typeof ErrorCode]
  if (errorCode !== undefined) return protocolError(errorCode)
  if (isKafkaError(error.cause)) return translateKafkaError(error.cause)
  return error.retriable
    ? new KafkaJSError(error, { cause: error })
    : new KafkaJSNonRetriableError(error, { cause: error })
}

function translateConnectionError(error: ConnectionError | AuthenticationError): KafkaJSConnectionError {
  const { broker } = error.context
  const said = systemErrorOf(error)
  if (said instanceof KafkaJSConnectionError) return said
  const { message, code } = said ?? { message: error.message, code: undefined }
  if (error.code === 'DISCONNECTED') {
    const at = broker?.lastIndexOf(':') ?? -1
    const host = broker?.slice(0, at)
    return new KafkaJSConnectionClosedError('Closed connection', {
      host,
      port: Number(broker?.slice(at + 1)),
    })
  }
  return new KafkaJSConnectionError(`Connection error: ${message}`, { broker, code })
}

/** What the operating system or TLS said, under all that was said of it on the way. */
function systemErrorOf(error: KafkaError): NodeJS.ErrnoException | undefined {
  let cause: unknown = error.cause
  while (isKafkaError(cause)) cause = cause.cause
  return isErrorLike(cause) ? cause : undefined
}

function translateTimeout(error: TimeoutError): Error {
  const { cause } = error
  if (error.code === 'METADATA_TIMEOUT') {
    if (isKafkaError(cause)) return translateKafkaError(cause)
    return new KafkaJSMetadataNotLoaded('Producing to topic without metadata')
  }
  if (error.code === 'CONNECTION_TIMEOUT') {
    return new KafkaJSConnectionError('Connection timeout', { broker: error.context.broker })
  }
  // The time of a call passed: what went wrong last says why.
  if (isKafkaError(cause)) return translateKafkaError(cause)
  const { request, context } = error
  const { broker, api, apiVersion } = context
  if (request === undefined) return new KafkaJSRequestTimeoutError(error.message, { broker })
  const { apiKey, correlationId } = request
  const createdAt = Math.round(request.createdAt)
  const sentAt = Math.round(request.sentAt ?? Date.now())
  return new KafkaJSRequestTimeoutError(
    `Request ${apiNameOf(String(api))}(key: ${apiKey}, version: ${apiVersion}) timed out`,
    { broker, correlationId, createdAt, sentAt, pendingDuration: sentAt - createdAt },
  )
}

/** Also for errors of another realm, which are no instances of this one's `Error`. */
function isErrorLike(value: unknown): value is Error {
  return typeof value === 'object' && value !== null && 'message' in value
}
