import type { RetryOptions } from './config'
import type {
  ConnectEvent,
  DisconnectEvent,
  InstrumentationEvent,
  ProducerEvents,
  RemoveInstrumentationEventListener,
  RequestEvent,
  RequestQueueSizeEvent,
  RequestTimeoutEvent,
  ValueOf,
} from './events'
import type { Logger } from './logger'
import type { ICustomPartitioner, ProducerBatch, ProducerRecord, RecordMetadata } from './message'
import type { Offsets } from './metadata'

/** What `kafka.producer()` takes. */
export interface ProducerConfig {
  /** Default: `Partitioners.DefaultPartitioner`. */
  createPartitioner?: ICustomPartitioner
  retry?: RetryOptions
  /** Milliseconds. Default: 300,000. */
  metadataMaxAge?: number
  /** Default: true. */
  allowAutoTopicCreation?: boolean
  /** Default: false; messages with `acks` -1 are stored once in either case. */
  idempotent?: boolean
  transactionalId?: string
  /** Milliseconds after which the broker aborts a transaction. Default: 60,000. */
  transactionTimeout?: number
  maxInFlightRequests?: number
}

export type Sender = {
  send(record: ProducerRecord): Promise<RecordMetadata[]>
  sendBatch(batch: ProducerBatch): Promise<RecordMetadata[]>
}

/** A transaction that is open. Every method rejects once it has ended. */
export type Transaction = Sender & {
  sendOffsets(offsets: Offsets & { consumerGroupId: string }): Promise<void>
  commit(): Promise<void>
  abort(): Promise<void>
  isActive(): boolean
}

export type Producer = Sender & {
  connect(): Promise<void>
  disconnect(): Promise<void>
  isIdempotent(): boolean
  readonly events: ProducerEvents
  on(
    eventName: ProducerEvents['CONNECT'],
    listener: (event: ConnectEvent) => void,
  ): RemoveInstrumentationEventListener<typeof eventName>
  on(
    eventName: ProducerEvents['DISCONNECT'],
    listener: (event: DisconnectEvent) => void,
  ): RemoveInstrumentationEventListener<typeof eventName>
  on(
    eventName: ProducerEvents['REQUEST'],
    listener: (event: RequestEvent) => void,
  ): RemoveInstrumentationEventListener<typeof eventName>
  on(
    eventName: ProducerEvents['REQUEST_QUEUE_SIZE'],
    listener: (event: RequestQueueSizeEvent) => void,
  ): RemoveInstrumentationEventListener<typeof eventName>
  on(
    eventName: ProducerEvents['REQUEST_TIMEOUT'],
    listener: (event: RequestTimeoutEvent) => void,
  ): RemoveInstrumentationEventListener<typeof eventName>
  on(
    eventName: ValueOf<ProducerEvents>,
    // eslint-disable-next-line @typescript-eslint/no-explicit-any -- listeners of events not known by name, as with KafkaJS
    listener: (event: InstrumentationEvent<any>) => void,
  ): RemoveInstrumentationEventListener<typeof eventName>
  transaction(): Promise<Transaction>
  logger(): Logger
}
