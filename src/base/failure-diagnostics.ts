/** The handler of a message failed. */
export interface MessageFailureEvent {
  readonly clientId: string
  /** Null without a group. */
  readonly groupId: string | null
  readonly topic: string
  readonly partition: number
  /** In a batch: of the first message that is not finished. */
  readonly offset: bigint
  /** What the handler threw. */
  readonly error: unknown
  /** How often the handler was given the message, in a row and by this consumer. */
  readonly attempts: number
}

/** The message will be handed out again. */
export interface MessageRetriedEvent extends MessageFailureEvent {
  /** Milliseconds until then. */
  readonly backoffMs: number
}

/** The message was given up, and is stored in another topic. */
export interface MessageDeadLetteredEvent extends MessageFailureEvent {
  readonly deadLetterTopic: string
}

/** What is published about messages whose handlers fail, where `run` or `runBatches` has an error policy. */
export interface FailureDiagnosticsEvents {
  'typed-kafka:consumer:message-retried': MessageRetriedEvent
  'typed-kafka:consumer:message-skipped': MessageFailureEvent
  'typed-kafka:consumer:message-dead-lettered': MessageDeadLetteredEvent
}
