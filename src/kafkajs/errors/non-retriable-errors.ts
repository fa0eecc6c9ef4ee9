import type { KafkaJSServerDoesNotSupportApiKeyMetadata } from './error-metadata'
import { type ErrorInput, KafkaJSNonRetriableError, messageOf } from './kafkajs-error'

/** What errors take that are declared without arguments, and made with them. */
type AnyErrorArguments = [e?: ErrorInput, options?: { cause?: unknown }]

export class KafkaJSServerDoesNotSupportApiKey extends KafkaJSNonRetriableError {
  override readonly name: string = 'KafkaJSServerDoesNotSupportApiKey'
  readonly apiKey: number
  readonly apiName: string

  constructor(e: ErrorInput, metadata?: KafkaJSServerDoesNotSupportApiKeyMetadata) {
    super(e)
    this.apiKey = metadata?.apiKey as number
    this.apiName = metadata?.apiName as string
  }
}

export class KafkaJSPartialMessageError extends KafkaJSNonRetriableError {
  override readonly name: string = 'KafkaJSPartialMessageError'

  constructor(...[e = '', options]: AnyErrorArguments) {
    super(e, options)
  }
}

export class KafkaJSSASLAuthenticationError extends KafkaJSNonRetriableError {
  override readonly name: string = 'KafkaJSSASLAuthenticationError'

  constructor(...[e = '', options]: AnyErrorArguments) {
    super(e, options)
  }
}

export class KafkaJSGroupCoordinatorNotFound extends KafkaJSNonRetriableError {
  override readonly name: string = 'KafkaJSGroupCoordinatorNotFound'

  constructor(...[e = '', options]: AnyErrorArguments) {
    super(e, options)
  }
}

export class KafkaJSNotImplemented extends KafkaJSNonRetriableError {
  override readonly name: string = 'KafkaJSNotImplemented'

  constructor(...[e = '', options]: AnyErrorArguments) {
    super(e, options)
  }
}

export class KafkaJSTimeout extends KafkaJSNonRetriableError {
  override readonly name: string = 'KafkaJSTimeout'

  constructor(...[e = '', options]: AnyErrorArguments) {
    super(e, options)
  }
}

export class KafkaJSLockTimeout extends KafkaJSTimeout {
  override readonly name: string = 'KafkaJSLockTimeout'
}

export class KafkaJSUnsupportedMagicByteInMessageSet extends KafkaJSNonRetriableError {
  override readonly name: string = 'KafkaJSUnsupportedMagicByteInMessageSet'

  constructor(...[e = '', options]: AnyErrorArguments) {
    super(e, options)
  }
}

/** Something is not as it must be, which is a fault of this package. */
export class KafkaJSInvariantViolation extends KafkaJSNonRetriableError {
  override readonly name: string = 'KafkaJSInvariantViolation'

  constructor(e: ErrorInput) {
    super(`Invariant violated: ${messageOf(e)}. This is likely a bug and should be reported.`)
  }
}

/** Its `name` is that of its parent, as in KafkaJS. */
export class KafkaJSInvalidVarIntError extends KafkaJSNonRetriableError {}

/** Its `name` is that of its parent, as in KafkaJS. */
export class KafkaJSInvalidLongError extends KafkaJSNonRetriableError {}
