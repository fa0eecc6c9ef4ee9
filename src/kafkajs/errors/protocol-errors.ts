import type { KafkaJSOffsetOutOfRangeMetadata } from './error-metadata'
import { type ErrorInput, KafkaJSError } from './kafkajs-error'

/** A broker's error, as KafkaJS describes it. */
export interface ProtocolErrorDescription {
  readonly type: string
  readonly code: number
  readonly retriable: boolean
  readonly message: string
}

/** A broker answered with an error: `code` is Kafka's number, `type` the name that KafkaJS has for it. */
export class KafkaJSProtocolError extends KafkaJSError {
  override readonly name: string = 'KafkaJSProtocolError'
  readonly type: string
  readonly code: number

  constructor(
    e: ErrorInput | ProtocolErrorDescription,
    { retriable = (e as Partial<ProtocolErrorDescription>).retriable }: { retriable?: boolean } = {},
  ) {
    super(e as ErrorInput, { retriable })
    const { type, code } = e as ProtocolErrorDescription
    this.type = type
    this.code = code
  }
}

export class KafkaJSOffsetOutOfRange extends KafkaJSProtocolError {
  override readonly name: string = 'KafkaJSOffsetOutOfRange'
  readonly topic: string
  readonly partition: number

  constructor(e: ErrorInput | ProtocolErrorDescription, metadata?: KafkaJSOffsetOutOfRangeMetadata) {
    super(e)
    this.topic = metadata?.topic as string
    this.partition = metadata?.partition as number
  }
}

export class KafkaJSMemberIdRequired extends KafkaJSProtocolError {
  override readonly name: string = 'KafkaJSMemberIdRequired'
  readonly memberId: string

  constructor(e: ErrorInput | ProtocolErrorDescription, metadata?: { memberId: string }) {
    super(e)
    this.memberId = metadata?.memberId as string
  }
}

/** A topic that could not be created; one of the `errors` of a KafkaJSAggregateError. */
export class KafkaJSCreateTopicError extends KafkaJSProtocolError {
  override readonly name: string = 'KafkaJSCreateTopicError'
  readonly topic: string

  constructor(e: ErrorInput | ProtocolErrorDescription, topicName?: string) {
    super(e)
    this.topic = topicName as string
  }
}

export class KafkaJSAlterPartitionReassignmentsError extends KafkaJSProtocolError {
  override readonly name: string = 'KafkaJSAlterPartitionReassignmentsError'
  readonly topic?: string
  readonly partition?: number

  constructor(e: ErrorInput | ProtocolErrorDescription, topicName?: string, partition?: number) {
    super(e)
    this.topic = topicName
    this.partition = partition
  }
}
