import type { Clock } from '../base/clock'
import type { ErrorContext } from '../base/errors'
import { tellListener } from '../base/event-listener'
import type { Logger } from '../base/logger'

/** What all events of a request say. */
export interface RequestEvent {
  /** Kafka's name of it, such as `Fetch`. */
  readonly api: string
  readonly apiKey: number
  readonly apiVersion: number
  /** `host:port` */
  readonly broker: string
  /** Undefined over a connection to one of the option `brokers` whose id is not known yet. */
  readonly nodeId: number | undefined
  readonly clientId: string
  /** Counts the requests of its connection. */
  readonly correlationId: number
  /** When it was given to the connection, in milliseconds since 1970. */
  readonly createdAt: number
}

/** A broker answered a request. */
export interface RequestAnsweredEvent extends RequestEvent {
  /** When it was handed to the socket, in milliseconds since 1970. */
  readonly sentAt: number
  /** Milliseconds from when it was handed to the socket. */
  readonly latencyMs: number
  /** Bytes of the answer, its length not included; 0 for the one request that has none (Produce with `acks` 0). */
  readonly byteLength: number
}

/** A request had no answer when its time was over; an answer that comes later is not told of. */
export interface RequestTimedOutEvent extends RequestEvent {
  /** When it was handed to the socket, in milliseconds since 1970; null when it never was. */
  readonly sentAt: number | null
}

/** The number of requests that wait in one connection has changed. */
export interface RequestQueueEvent {
  /** `host:port` */
  readonly broker: string
  /** Undefined over a connection to one of the option `brokers` whose id is not known yet. */
  readonly nodeId: number | undefined
  readonly clientId: string
  /**
   * Requests that are not handed to the socket: the broker throttles, the connection authenticates again, or as many as
   * `maxInFlightRequestsPerConnection` are unanswered.
   */
  readonly queueSize: number
}

/**
 * Told of the requests of all clients of one `Kafka`. They are called at once, in the middle of the client's work: they
 * note what they need and return. What one throws is logged. What nobody listens to is not made.
 */
export interface RequestListeners {
  readonly requestAnswered?: ((event: RequestAnsweredEvent) => void) | undefined
  readonly requestTimedOut?: ((event: RequestTimedOutEvent) => void) | undefined
  readonly requestQueue?: ((event: RequestQueueEvent) => void) | undefined
}

/** What is looked at of a request. */
export interface RequestSeen {
  readonly apiName: string
  readonly apiKey: number
  readonly apiVersion: number
  readonly correlationId: number
  readonly broker: ErrorContext
  /** By the clock. */
  readonly startedAt: number
  /** Whether it was handed to the socket. */
  readonly wasSent: boolean
  /** By the clock; of no meaning before it was handed to the socket. */
  readonly sentAt: number
}

/** Makes the events of requests for those who listen. */
export class RequestEvents {
  readonly #listeners: RequestListeners
  readonly #clientId: string
  readonly #clock: Clock
  readonly #logger: Logger

  constructor(listeners: RequestListeners, clientId: string, clock: Clock, logger: Logger) {
    this.#listeners = listeners
    this.#clientId = clientId
    this.#clock = clock
    this.#logger = logger
  }

  answered(request: RequestSeen, byteLength: number): void {
    const { requestAnswered } = this.#listeners
    if (requestAnswered === undefined) return
    const now = this.#clock.now()
    tellListener(this.#logger, 'requestAnswered', requestAnswered, {
      ...this.#describe(request),
      sentAt: this.#wallTimeOf(request.sentAt),
      latencyMs: now - request.sentAt,
      byteLength,
    })
  }

  timedOut(request: RequestSeen): void {
    const { requestTimedOut } = this.#listeners
    if (requestTimedOut === undefined) return
    tellListener(this.#logger, 'requestTimedOut', requestTimedOut, {
      ...this.#describe(request),
      sentAt: request.wasSent ? this.#wallTimeOf(request.sentAt) : null,
    })
  }

  queueChanged({ broker = '', nodeId }: ErrorContext, queueSize: number): void {
    const { requestQueue } = this.#listeners
    if (requestQueue === undefined) return
    const event = { broker, nodeId, clientId: this.#clientId, queueSize }
    tellListener(this.#logger, 'requestQueue', requestQueue, event)
  }

  #describe({ apiName, apiKey, apiVersion, correlationId, broker, startedAt }: RequestSeen): RequestEvent {
    return {
      api: apiName,
      apiKey,
      apiVersion,
      broker: broker.broker ?? '',
      nodeId: broker.nodeId,
      clientId: this.#clientId,
      correlationId,
      createdAt: this.#wallTimeOf(startedAt),
    }
  }

  #wallTimeOf(at: number): number {
    return this.#clock.wallTime() - (this.#clock.now() - at)
  }
}
