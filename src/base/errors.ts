import { errorCodeName, isRetriable } from './error-codes'

const brand = Symbol.for('typed-kafka.error')

/** Where an error happened; every field is optional and is part of the message when known. */
export interface ErrorContext {
  /** `host:port` of the broker. */
  broker?: string
  nodeId?: number
  /** Kafka's name of the API, such as `Produce`. */
  api?: string
  /** Kafka's number of it. */
  apiKey?: number
  apiVersion?: number
  topic?: string
  partition?: number
  groupId?: string
}

export interface KafkaErrorOptions extends ErrorContext {
  cause?: unknown
  retriable?: boolean
}

/**
 * The base of every error this package throws. Branch on `code`, which is stable: Kafka's own name where a
 * broker said it (`NOT_LEADER_OR_FOLLOWER`), otherwise a name of this client's (`REQUEST_TIMEOUT`).
 */
export class KafkaError extends Error {
  override readonly name: string = 'KafkaError'
  /** Stable, machine-readable name of what went wrong. */
  readonly code: string
  /** True when the same call may succeed if it is made again later. */
  readonly retriable: boolean
  /** Where it happened. */
  readonly context: Readonly<ErrorContext>

  constructor(code: string, message: string, options: KafkaErrorOptions = {}) {
    const { cause, retriable = false, ...context } = options
    super(withContext(message, context), cause === undefined ? undefined : { cause })
    this.code = code
    this.retriable = retriable
    this.context = context
    Object.defineProperty(this, brand, { value: new.target.brandName })
  }

  /** Name that survives two copies of this package in one process. */
  protected static readonly brandName: string = 'KafkaError'

  static override [Symbol.hasInstance](value: unknown): boolean {
    if (typeof value !== 'object' || value === null) return false
    if (Function.prototype[Symbol.hasInstance].call(this, value)) return true
    const name = (value as Record<symbol, unknown>)[brand]
    return name !== undefined && (this === KafkaError || name === this.brandName)
  }

  /** Turns anything that was caught into a KafkaError; a KafkaError is returned as it is. */
  static from(value: unknown, message = 'Unexpected failure', context: ErrorContext = {}): KafkaError {
    if (value instanceof KafkaError) return value
    const detail = value instanceof Error ? value.message : String(value)
    return new KafkaError('INTERNAL_ERROR', `${message}: ${detail}`, { ...context, cause: value })
  }
}

function withContext(message: string, context: ErrorContext): string {
  const parts: string[] = []
  if (context.topic !== undefined) {
    parts.push(
      context.partition === undefined ? `topic ${context.topic}` : `${context.topic}-${context.partition}`,
    )
  }
  if (context.groupId !== undefined) parts.push(`group ${context.groupId}`)
  if (context.api !== undefined) {
    parts.push(context.apiVersion === undefined ? context.api : `${context.api} v${context.apiVersion}`)
  }
  if (context.broker !== undefined) {
    parts.push(
      context.nodeId === undefined
        ? `broker ${context.broker}`
        : `broker ${context.nodeId} at ${context.broker}`,
    )
  } else if (context.nodeId !== undefined) {
    parts.push(`broker ${context.nodeId}`)
  }
  return parts.length === 0 ? message : `${message} (${parts.join(', ')})`
}

/** A broker answered with an error code. `code` is Kafka's name of it. */
export class BrokerError extends KafkaError {
  override readonly name = 'BrokerError'
  protected static override readonly brandName: string = 'BrokerError'
  /** Kafka's number of the error. */
  readonly errorCode: number
  /** What the broker added in words, if anything. */
  readonly brokerMessage: string | null

  constructor(
    errorCode: number,
    what: string,
    options: KafkaErrorOptions & { brokerMessage?: string | null } = {},
  ) {
    const { brokerMessage = null, ...rest } = options
    const name = errorCodeName(errorCode)
    super(name, `${what}: ${name}${brokerMessage ? `: ${brokerMessage}` : ''}`, {
      retriable: isRetriable(errorCode),
      ...rest,
    })
    this.errorCode = errorCode
    this.brokerMessage = brokerMessage
  }
}

/** A connection could not be made, or died. `maybeWritten` says whether the broker may have acted on the request. */
export class ConnectionError extends KafkaError {
  override readonly name = 'ConnectionError'
  protected static override readonly brandName: string = 'ConnectionError'
  /** False: no byte of the request left this process. True: the broker may or may not have acted on it. */
  readonly maybeWritten: boolean

  constructor(code: string, message: string, options: KafkaErrorOptions & { maybeWritten?: boolean } = {}) {
    const { maybeWritten = false, ...rest } = options
    super(code, message, { retriable: true, ...rest })
    this.maybeWritten = maybeWritten
  }
}

/** The broker refused our credentials, or we refused the broker's proof or certificate. Never retried. */
export class AuthenticationError extends KafkaError {
  override readonly name = 'AuthenticationError'
  protected static override readonly brandName: string = 'AuthenticationError'
  /** What the broker said, in its words; undefined when it said nothing. */
  readonly brokerMessage: string | undefined

  constructor(code: string, message: string, options: KafkaErrorOptions & { brokerMessage?: string } = {}) {
    const { brokerMessage, ...rest } = options
    super(code, message, rest)
    this.brokerMessage = brokerMessage
  }
}

/** The one request that had no answer in time. */
export interface UnansweredRequest {
  readonly apiKey: number
  /** Counts the requests of its connection. */
  readonly correlationId: number
  /** When it was given to the connection, in milliseconds since 1970. */
  readonly createdAt: number
  /** When it was handed to the socket, in milliseconds since 1970; null when it never was. */
  readonly sentAt: number | null
}

export interface TimeoutErrorOptions extends KafkaErrorOptions {
  maybeWritten?: boolean
  request?: UnansweredRequest
}

/** A time limit of this client passed. `maybeWritten` as in ConnectionError. */
export class TimeoutError extends KafkaError {
  override readonly name = 'TimeoutError'
  protected static override readonly brandName: string = 'TimeoutError'
  readonly maybeWritten: boolean
  /** Undefined where the time of a whole call passed. */
  readonly request: UnansweredRequest | undefined

  constructor(code: string, message: string, options: TimeoutErrorOptions = {}) {
    const { maybeWritten = false, request, ...rest } = options
    super(code, message, { retriable: true, ...rest })
    this.maybeWritten = maybeWritten
    this.request = request
  }
}

/** The caller's AbortSignal fired; `cause` is the signal's reason. */
export class AbortedError extends KafkaError {
  override readonly name = 'AbortError'
  protected static override readonly brandName: string = 'AbortedError'
  constructor(what: string, signal: AbortSignal) {
    super('ABORTED', `${what} was aborted by its signal`, { cause: signal.reason })
  }
}

/** Something was called on a client that is closing or closed. */
export class ClosedError extends KafkaError {
  override readonly name = 'ClosedError'
  protected static override readonly brandName: string = 'ClosedError'
  constructor(what: string, options: KafkaErrorOptions = {}) {
    super('CLOSED', `${what} is closed`, options)
  }
}

/** One or several options are wrong; all problems are listed in the message. */
export class InvalidOptionError extends KafkaError {
  override readonly name = 'InvalidOptionError'
  protected static override readonly brandName: string = 'InvalidOptionError'
  /** One sentence a problem, each naming the option, the value and what is allowed. */
  readonly problems: readonly string[]

  constructor(what: string, problems: readonly string[]) {
    super('INVALID_OPTION', `${what}: ${problems.join('; ')}`)
    this.problems = problems
  }
}

/** An argument of a call is wrong: a topic name, a key, a header, an offset. */
export class InvalidArgumentError extends KafkaError {
  override readonly name = 'InvalidArgumentError'
  protected static override readonly brandName: string = 'InvalidArgumentError'
  constructor(message: string, options: KafkaErrorOptions = {}) {
    super('INVALID_ARGUMENT', message, options)
  }
}

/** A key, value or header could not be turned into bytes, or bytes could not be turned back. */
export class SerializationError extends KafkaError {
  override readonly name = 'SerializationError'
  protected static override readonly brandName: string = 'SerializationError'
  constructor(message: string, options: KafkaErrorOptions = {}) {
    super('SERIALIZATION_FAILED', message, options)
  }
}

/** The broker has no version of an API that can carry what was asked. */
export class UnsupportedVersionError extends KafkaError {
  override readonly name = 'UnsupportedVersionError'
  protected static override readonly brandName: string = 'UnsupportedVersionError'
  constructor(message: string, options: KafkaErrorOptions = {}) {
    super('UNSUPPORTED_VERSION', message, options)
  }
}

/** Bytes that are not what the protocol says. Never retried: the same bytes fail again. */
export class DecodeError extends KafkaError {
  override readonly name = 'DecodeError'
  protected static override readonly brandName: string = 'DecodeError'
  constructor(message: string, options: KafkaErrorOptions = {}) {
    super('DECODE_FAILED', message, options)
  }
}

/** Another client took over this transactional id, group instance id or epoch. Final. */
export class FencedError extends KafkaError {
  override readonly name = 'FencedError'
  protected static override readonly brandName: string = 'FencedError'
}

/** True for every error of this package, also one thrown by another copy of it. */
export function isKafkaError(value: unknown): value is KafkaError {
  return value instanceof KafkaError
}
