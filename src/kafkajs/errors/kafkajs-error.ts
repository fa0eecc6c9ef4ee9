import type { KafkaJSErrorMetadata, KafkaJSNumberOfRetriesExceededMetadata } from './error-metadata'

/** Text, or an error whose message, help and reason are taken over. */
export type ErrorInput = Error | string

/** What every error knows beside its message. */
export interface KafkaJSErrorOptions extends KafkaJSErrorMetadata {
  /** Default: true. */
  retriable?: boolean
  cause?: unknown
}

/** The base of KafkaJS's errors. Programs tell them apart by `name`, `type`, `code` and `retriable`. */
export class KafkaJSError extends Error {
  // Declared only: a field of its own would make them enumerable, so that they showed twice in logs and copies.
  declare readonly message: Error['message']
  declare readonly cause?: Error
  override readonly name: string = 'KafkaJSError'
  /** Whether the same call may succeed later. */
  readonly retriable: boolean
  readonly helpUrl?: string

  constructor(e: ErrorInput, { retriable = true, cause }: KafkaJSErrorOptions = {}) {
    super(String(e), { cause })
    Error.captureStackTrace(this, new.target)
    this.message = messageOf(e)
    this.retriable = retriable
    this.helpUrl = (e as { helpUrl?: string }).helpUrl
  }
}

/** The text of an error, or the text itself. */
export function messageOf(e: ErrorInput): string {
  return (e as Partial<Error>).message || String(e)
}

/** Nothing is gained by trying again. */
export class KafkaJSNonRetriableError extends KafkaJSError {
  override readonly name: string = 'KafkaJSNonRetriableError'

  constructor(e: ErrorInput, { cause }: { cause?: unknown } = {}) {
    super(e, { retriable: false, cause })
  }
}

/** It was tried again as often as `retry` allows; `cause` is the last failure. */
export class KafkaJSNumberOfRetriesExceeded extends KafkaJSNonRetriableError {
  override readonly name: string = 'KafkaJSNumberOfRetriesExceeded'
  override readonly stack: string
  readonly retryCount: number
  /** Milliseconds of the last pause. */
  readonly retryTime: number

  constructor(e: ErrorInput, metadata?: KafkaJSNumberOfRetriesExceededMetadata) {
    super(e, { cause: e })
    this.stack = `KafkaJSNonRetriableError\n  Caused by: ${(e as Partial<Error>).stack}`
    this.retryCount = metadata?.retryCount as number
    this.retryTime = metadata?.retryTime as number
  }
}

/** Several failures of one call. */
export class KafkaJSAggregateError extends Error {
  override readonly name: string = 'KafkaJSAggregateError'
  readonly errors: ErrorInput[]

  constructor(message: ErrorInput, errors: ErrorInput[]) {
    super(String(message))
    this.errors = errors
  }
}

/** Exported for programs that name it; never thrown. */
export class KafkaJSFetcherRebalanceError extends Error {}
