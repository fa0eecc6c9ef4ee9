import type { Clock, Timer } from '../base/clock'
import { AbortedError, ConnectionError, KafkaError, TimeoutError, type ErrorContext } from '../base/errors'
import type { ClientApi } from '../wire/api'
import { encodeRequestHeader } from '../wire/headers'
import { Writer } from '../wire/primitives/writer'
import type { BrokerSocket, SocketOpener, SocketTarget } from './broker-socket'
import { closeReason } from './close-reason'
import { ConnectionCall, type CallOptions } from './connection-call'
import { foreignProtocol } from './connection-errors'
import { FrameReader } from './frame-reader'
import { InFlightRequests } from './in-flight-requests'
import type { RequestEvents } from './request-events'
import { holdsBack } from './throttle-versions'

export interface ConnectionSettings {
  readonly clientId: string
  readonly clock: Clock
  readonly openSocket: SocketOpener
  /** A larger response ends the connection. */
  readonly maxResponseBytes: number
  /** What callers give a broker for an answer that needs no waiting there. */
  readonly requestTimeoutMs: number
  /** Called now and then while an answer is late enough to make the broker suspect; `reason` says which. */
  readonly onSuspect: (reason: string) => void
  /** More requests than these are not sent before answers have come. */
  readonly maxInFlightRequestsPerConnection: number
  /** Undefined when nobody wants to know of requests. */
  readonly requestEvents: RequestEvents | undefined
}

/** A broker that is silent for this long may be frozen or cut off, and others may have taken over its work. */
export const suspectAfterMs = 2000

const maxCorrelationId = 0x7fffffff

/**
 * One socket to one broker, and the requests on it. It keeps: answers match requests in order (L4); a request whose
 * connection dies settles at once and knows whether the broker may have seen it (L5); throttle times are honoured and
 * oversized frames end the connection (L6); no timer runs while nothing waits (L23).
 *
 *     send → queue → one gathered write at a time → in flight → response
 *             ↑ held while re-authenticating, muted while throttled, full while the socket is, or too many are in flight
 *
 * At most one write is with the socket at any time, so that what is still queued when the connection dies is known
 * to be unwritten.
 */
export class Connection {
  /** Resolves once requests can be sent; rejects when the socket can't be opened. */
  readonly opened: Promise<void>
  /** Called once, in the moment the connection ends. */
  onEnded: ((reason: KafkaError) => void) | undefined

  readonly #settings: ConnectionSettings
  readonly #broker: ErrorContext
  readonly #usesTls: boolean
  readonly #socket: BrokerSocket
  readonly #frames: FrameReader
  readonly #inFlight = new InFlightRequests<ConnectionCall>()
  #queue: ConnectionCall[] = []
  /** Written requests that no response will come for, until their bytes are flushed. */
  #unflushed: ConnectionCall[] = []
  #state: 'opening' | 'open' | 'closed' = 'opening'
  #reason: KafkaError | undefined
  #writing = false
  #held = false
  #mutedUntil = 0
  #correlationId = 0
  #framesReceived = 0
  /** Responses until the versions were known. */
  #versionFrames: number | undefined
  #lastUsedAt: number
  #timer: Timer | undefined
  #timerAt = Infinity
  #nextSuspicionAt = 0
  #authenticated = false
  /** What was last told of the queue. */
  #toldQueueSize = 0
  #onOpened!: () => void
  #onOpenFailed!: (error: KafkaError) => void

  /** @param broker names the broker in errors */
  constructor(target: SocketTarget, broker: ErrorContext, settings: ConnectionSettings) {
    this.#settings = settings
    this.#broker = broker
    this.#usesTls = target.tls !== undefined
    this.#lastUsedAt = settings.clock.now()
    this.#frames = new FrameReader(settings.maxResponseBytes, (frame) => this.#handleFrame(frame))
    this.opened = new Promise((resolve, reject) => {
      this.#onOpened = resolve
      this.#onOpenFailed = reject
    })
    this.opened.catch(() => {})
    this.#socket = settings.openSocket(target, {
      onOpen: () => this.#handleOpen(),
      readBuffer: () => this.#frames.readBuffer(),
      onRead: (length) => this.#handleRead(length),
      onClosed: (error) => this.close(this.#closeReason(error)),
    })
  }

  get isOpen(): boolean {
    return this.#state === 'open'
  }

  /** Requests queued or unanswered. */
  get load(): number {
    return this.#inFlight.size + this.#queue.length + this.#unflushed.length
  }

  /** Why it ended; undefined while it lives. */
  get reason(): KafkaError | undefined {
    return this.#reason
  }

  /** Milliseconds since a request or a response passed. */
  get idleMs(): number {
    return this.load > 0 ? 0 : this.#settings.clock.now() - this.#lastUsedAt
  }

  /** True once the broker has answered anything: it does speak Kafka. */
  get hasAnswered(): boolean {
    return this.#framesReceived > 0
  }

  /** Since when the oldest unanswered request waits; undefined when none does. */
  get oldestSentAt(): number | undefined {
    return this.#inFlight.oldest?.sentAt
  }

  /** What follows is the first request that a listener may refuse by closing. */
  markVersionsKnown(): void {
    this.#versionFrames = this.#framesReceived
  }

  /**
   * Sends one request and resolves with its response. Requests leave in the order of the calls. Rejects with
   * ConnectionError, TimeoutError, AbortedError or DecodeError, or with what the encoder says of a wrong request.
   */
  send<Request, Response>(
    api: ClientApi<Request, Response>,
    version: number,
    body: Request,
    options: CallOptions,
  ): Promise<Response> {
    if (options.signal?.aborted) return Promise.reject(new AbortedError(api.name, options.signal))
    let call: ConnectionCall
    try {
      call = this.#createCall(api, version, body, options)
    } catch (error) {
      return Promise.reject(error instanceof Error ? error : KafkaError.from(error))
    }
    if (this.#reason !== undefined) {
      call.failDisconnected(this.#reason)
      return call.promise as Promise<Response>
    }
    call.watchSignal(() => this.#forgetQueued(call))
    this.#enqueue(call)
    this.#wakeAt(Math.min(call.deadline, call.giveUpAt, call.suspectAt))
    this.#flush()
    this.#tellQueueSize()
    return call.promise as Promise<Response>
  }

  #createCall<Request, Response>(
    api: ClientApi<Request, Response>,
    version: number,
    body: Request,
    options: CallOptions,
  ): ConnectionCall {
    const correlationId = this.#correlationId
    this.#correlationId = correlationId === maxCorrelationId ? 0 : correlationId + 1
    const writer = new Writer()
    writer.writeInt32(0)
    encodeRequestHeader(writer, api, version, correlationId, this.#settings.clientId)
    api.encodeRequest(writer, body, version)
    const length = writer.length
    const pieces = writer.finish()
    ;(pieces[0] as Buffer).writeInt32BE(length - 4, 0)
    const startedAt = this.#settings.clock.now()
    const broker = this.#broker
    // Callers add to the time limit what the broker may wait by itself, as it does for fetches and joins.
    const waitMs = Math.max(0, options.timeoutMs - this.#settings.requestTimeoutMs)
    return new ConnectionCall({
      suspectAfterMs: waitMs + suspectAfterMs,
      correlationId,
      api,
      version,
      pieces,
      startedAt,
      options,
      broker,
    })
  }

  /** Keeps all but urgent requests from being sent, until `release`; responses go on arriving. */
  hold(): void {
    this.#held = true
  }

  release(): void {
    this.#held = false
    this.#flush()
  }

  /** Ends the connection now. All that waits on it is rejected with what `reason` means for it. */
  close(reason: KafkaError): void {
    if (this.#reason !== undefined) return
    this.#reason = reason
    this.#state = 'closed'
    this.#timer?.cancel()
    this.#timer = undefined
    this.#socket.destroy()
    this.#onOpenFailed(reason)
    this.onEnded?.(reason)
    const calls = [...this.#inFlight.drain(), ...this.#unflushed, ...this.#queue]
    this.#queue = []
    this.#unflushed = []
    this.#writing = false
    this.#tellQueueSize()
    for (const call of calls) call.failDisconnected(reason)
  }

  /** What waits for the socket alone is not worth an event: it leaves within the turn. */
  #tellQueueSize(): void {
    const { requestEvents } = this.#settings
    if (requestEvents === undefined || this.#writing || this.#queue.length === this.#toldQueueSize) return
    this.#toldQueueSize = this.#queue.length
    requestEvents.queueChanged(this.#broker, this.#toldQueueSize)
  }

  #enqueue(call: ConnectionCall): void {
    if (call.urgent) this.#authenticated = true
    if (!call.urgent) return void this.#queue.push(call)
    const firstOrdinary = this.#queue.findIndex((queued) => !queued.urgent)
    if (firstOrdinary < 0) this.#queue.push(call)
    else this.#queue.splice(firstOrdinary, 0, call)
  }

  #forgetQueued(call: ConnectionCall): void {
    const at = this.#queue.indexOf(call)
    if (at >= 0) this.#queue.splice(at, 1)
    this.#tellQueueSize()
    this.#stopTimerWhenIdle()
  }

  #handleOpen(): void {
    if (this.#state !== 'opening') return
    this.#state = 'open'
    this.#onOpened()
    this.#flush()
  }

  #flush(): void {
    if (this.#state !== 'open' || this.#writing || this.#queue.length === 0) return
    const calls = this.#takeSendable()
    if (calls.length === 0) return
    const now = this.#settings.clock.now()
    const pieces: Uint8Array[] = []
    this.#lastUsedAt = now
    for (const call of calls) {
      call.markWritten(now)
      pieces.push(...call.pieces)
      if (call.noResponse) this.#unflushed.push(call)
      else this.#inFlight.add(call)
    }
    this.#tellQueueSize()
    this.#writing = true
    this.#socket.write(pieces, () => this.#handleFlushed())
  }

  #takeSendable(): ConnectionCall[] {
    if (this.#held) {
      const firstOrdinary = this.#queue.findIndex((call) => !call.urgent)
      return this.#queue.splice(0, firstOrdinary < 0 ? this.#queue.length : firstOrdinary)
    }
    if (this.#mutedUntil > this.#settings.clock.now()) {
      this.#wakeAt(this.#mutedUntil)
      return []
    }
    const room = this.#settings.maxInFlightRequestsPerConnection - this.#inFlight.size
    if (room < this.#queue.length) return this.#queue.splice(0, Math.max(room, 0))
    const calls = this.#queue
    this.#queue = []
    return calls
  }

  #handleFlushed(): void {
    if (this.#state === 'closed') return
    this.#writing = false
    for (const call of this.#unflushed.splice(0)) {
      call.completeWithoutResponse()
      this.#settings.requestEvents?.answered(call, 0)
    }
    this.#stopTimerWhenIdle()
    this.#flush()
    this.#tellQueueSize()
  }

  #handleRead(length: number): void {
    if (this.#state === 'closed') return
    try {
      this.#frames.received(length)
    } catch (error) {
      this.close(this.#unreadable(error))
    }
  }

  #unreadable(error: unknown): KafkaError {
    const foreign = foreignProtocol(this.#frames.start, this.#broker)
    if (foreign !== undefined && !this.hasAnswered) return foreign
    const detail = error instanceof Error ? error.message : String(error)
    return new ConnectionError('PROTOCOL_VIOLATION', detail, {
      ...this.#broker,
      cause: error,
      retriable: this.hasAnswered,
    })
  }

  #handleFrame(frame: Buffer): void {
    if (this.#state === 'closed') return
    const expected = this.#inFlight.oldest
    const correlationId = frame.length >= 4 ? frame.readInt32BE(0) : undefined
    const call = correlationId === undefined ? undefined : this.#inFlight.take(correlationId)
    if (call === undefined) return this.close(this.#outOfOrder(correlationId, expected?.correlationId))
    this.#framesReceived++
    this.#lastUsedAt = this.#settings.clock.now()
    const isAwaited = !call.settled
    const response = call.decode(frame)
    if (response !== undefined) this.#honourThrottle(call, response)
    if (isAwaited) this.#settings.requestEvents?.answered(call, frame.length)
    this.#stopTimerWhenIdle()
    this.#flush()
  }

  #outOfOrder(received: number | undefined, expected: number | undefined): ConnectionError {
    const what =
      received === undefined
        ? 'The broker sent a response without a correlation id'
        : `The broker sent a response with correlation id ${received} where ${expected ?? 'none'} was expected`
    return new ConnectionError('PROTOCOL_VIOLATION', what, this.#broker)
  }

  #honourThrottle(call: ConnectionCall, response: unknown): void {
    const throttleTimeMs = (response as { throttleTimeMs?: unknown }).throttleTimeMs
    if (typeof throttleTimeMs !== 'number' || throttleTimeMs <= 0) return
    if (!holdsBack(call.apiKey, call.apiVersion)) return
    this.#mutedUntil = Math.max(this.#mutedUntil, this.#settings.clock.now() + throttleTimeMs)
  }

  #closeReason(error: Error | undefined): KafkaError {
    return closeReason(error, {
      broker: this.#broker,
      usesTls: this.#usesTls,
      isOpening: this.#state === 'opening',
      hasAnswered: this.hasAnswered,
      endedAfterVersions:
        this.#framesReceived === this.#versionFrames && !this.#authenticated && this.#inFlight.size > 0,
      unreadBytes: this.#frames.midFrame ? this.#frames.start : undefined,
    })
  }

  #wakeAt(at: number): void {
    if (at >= this.#timerAt && this.#timer !== undefined) return
    if (at === Infinity) return
    this.#timer?.cancel()
    this.#timerAt = at
    const delay = Math.max(0, at - this.#settings.clock.now())
    // Rounded up: a timer that fires a fraction of a millisecond early would find nothing due and spin.
    this.#timer = this.#settings.clock.setTimer(Math.ceil(delay), () => this.#handleTimer())
  }

  #stopTimerWhenIdle(): void {
    if (this.load > 0) return
    this.#timer?.cancel()
    this.#timer = undefined
    this.#timerAt = Infinity
  }

  #handleTimer(): void {
    this.#timer = undefined
    this.#timerAt = Infinity
    const now = this.#settings.clock.now()
    this.#expireQueued(now)
    this.#inFlight.forEach((call) => {
      if (call.giveUpAt <= now) this.#giveUp(call, now)
    })
    const late = this.#inFlight.firstExpired(now) ?? this.#unflushed.find((call) => call.deadline <= now)
    if (late !== undefined) return this.#endTimedOut(late, now)
    this.#reportSuspicion(now)
    this.#flush()
    this.#rearm(now)
  }

  #reportSuspicion(now: number): void {
    const oldest = this.#inFlight.oldest
    if (oldest === undefined || oldest.suspectAt > now || this.#nextSuspicionAt > now) return
    this.#nextSuspicionAt = now + suspectAfterMs
    const { broker, nodeId } = this.#broker
    const name = nodeId === undefined ? broker : `${nodeId} at ${broker}`
    this.#settings.onSuspect(`broker ${name} has not answered for ${Math.round(now - oldest.sentAt)} ms`)
  }

  #expireQueued(now: number): void {
    const due = this.#queue.filter((call) => Math.min(call.deadline, call.giveUpAt) <= now)
    if (due.length === 0) return
    this.#queue = this.#queue.filter((call) => !due.includes(call))
    this.#tellQueueSize()
    for (const call of due) this.#giveUp(call, now)
  }

  #giveUp(call: ConnectionCall, now: number): void {
    if (call.settled) return
    call.failTimedOut(now, this.#settings.clock.wallTime())
    this.#settings.requestEvents?.timedOut(call)
  }

  #endTimedOut(late: ConnectionCall, now: number): void {
    this.#giveUp(late, now)
    this.close(
      new ConnectionError(
        'DISCONNECTED',
        `the broker left ${late.context.api} unanswered for ${Math.round(now - late.sentAt)} ms, so the connection was closed`,
        this.#broker,
      ),
    )
  }

  #rearm(now: number): void {
    let next = Infinity
    this.#inFlight.forEach((call) => {
      next = Math.min(next, call.deadline, call.settled ? Infinity : call.giveUpAt)
      next = Math.min(next, Math.max(call.suspectAt, this.#nextSuspicionAt))
    })
    for (const call of this.#unflushed) next = Math.min(next, call.deadline)
    for (const call of this.#queue) next = Math.min(next, call.deadline, call.giveUpAt)
    if (this.#queue.length > 0 && this.#mutedUntil > now) next = Math.min(next, this.#mutedUntil)
    this.#wakeAt(next)
  }
}

/** The error of a connection that could not be made in time. */
export function setupTimeout(broker: ErrorContext, timeoutMs: number): TimeoutError {
  return new TimeoutError(
    'CONNECTION_TIMEOUT',
    `The connection could not be made within ${Math.round(timeoutMs)} ms`,
    broker,
  )
}
