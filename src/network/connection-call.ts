import { AbortedError, ConnectionError, KafkaError, TimeoutError, type ErrorContext } from '../base/errors'
import type { ClientApi } from '../wire/api'
import { decodeResponseHeader } from '../wire/headers'
import { Reader } from '../wire/primitives/reader'
import { plainMessage } from './connection-errors'
import type { InFlightRequest } from './in-flight-requests'

/** What a request needs on its way over one connection. */
export interface CallOptions {
  /** Milliseconds the broker has for its answer; the connection ends when they pass. */
  readonly timeoutMs: number
  /** Milliseconds until the caller gives up, without harm to the connection. By default it does not. */
  readonly patienceMs?: number
  readonly signal?: AbortSignal
  /** Resolves, with undefined, once the bytes are flushed; no response will come. */
  readonly noResponse?: boolean
  /** Goes before everything that waits, also on a connection that is held: the steps of an authentication. */
  readonly urgent?: boolean
}

export interface CallInit {
  readonly correlationId: number
  readonly api: ClientApi<never, unknown>
  readonly version: number
  /** The whole frame, as it is to be written. */
  readonly pieces: readonly Uint8Array[]
  readonly startedAt: number
  readonly suspectAfterMs: number
  readonly options: CallOptions
  /** Names the broker in errors. */
  readonly broker: ErrorContext
}

/**
 * One request on one connection: queued, then written, then settled. A caller that gave up after the bytes were
 * written leaves its place in the order of responses behind; the late response is taken and dropped.
 */
export class ConnectionCall implements InFlightRequest {
  readonly promise: Promise<unknown>
  readonly correlationId: number
  readonly pieces: readonly Uint8Array[]
  readonly deadline: number
  /** When the caller gives up; Infinity for never. */
  readonly giveUpAt: number
  /** When an answer is so late that the broker may be frozen or cut off. */
  readonly suspectAt: number
  /** When the bytes were handed to the socket; 0 before. */
  sentAt = 0
  readonly #init: CallInit
  #resolve!: (response: unknown) => void
  #reject!: (error: unknown) => void
  #settled = false
  #written = false
  #onAbort: (() => void) | undefined

  constructor(init: CallInit) {
    this.#init = init
    this.correlationId = init.correlationId
    this.pieces = init.pieces
    this.deadline = init.startedAt + init.options.timeoutMs
    this.giveUpAt = init.startedAt + (init.options.patienceMs ?? Infinity)
    this.suspectAt = init.startedAt + init.suspectAfterMs
    this.promise = new Promise<unknown>((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  get noResponse(): boolean {
    return this.#init.options.noResponse === true
  }

  get urgent(): boolean {
    return this.#init.options.urgent === true
  }

  get settled(): boolean {
    return this.#settled
  }

  /** Where this request went, for errors. */
  get context(): ErrorContext {
    return { ...this.#init.broker, api: this.#init.api.name, apiVersion: this.#init.version }
  }

  /** By the clock. */
  get startedAt(): number {
    return this.#init.startedAt
  }

  /** True once the bytes were handed to the socket. */
  get wasSent(): boolean {
    return this.#written
  }

  get broker(): ErrorContext {
    return this.#init.broker
  }

  get apiName(): string {
    return this.#init.api.name
  }

  get apiKey(): number {
    return this.#init.api.key
  }

  get apiVersion(): number {
    return this.#init.version
  }

  /** Calls `onGone` when the caller's signal ends the call. */
  watchSignal(onGone: () => void): void {
    const signal = this.#init.options.signal
    if (signal === undefined) return
    this.#onAbort = () => {
      this.fail(new AbortedError(this.#init.api.name, signal))
      onGone()
    }
    signal.addEventListener('abort', this.#onAbort, { once: true })
  }

  markWritten(now: number): void {
    this.#written = true
    this.sentAt = now
  }

  /** The flushed bytes are all there will be. */
  completeWithoutResponse(): void {
    this.#settle(() => this.#resolve(undefined))
  }

  /** Settles with the response in `frame` and returns it; undefined when the caller is gone or can't be served. */
  decode(frame: Buffer): unknown {
    if (this.#settled) return undefined
    try {
      const reader = new Reader(frame)
      decodeResponseHeader(reader, this.#init.api, this.#init.version)
      const response = this.#init.api.decodeResponse(reader, this.#init.version)
      this.#settle(() => this.#resolve(response))
      return response
    } catch (error) {
      this.fail(KafkaError.from(error, 'The response could not be read', this.context))
      return undefined
    }
  }

  fail(error: KafkaError): void {
    this.#settle(() => this.#reject(error))
  }

  /**
   * The time ran out: the broker's, or the caller's.
   * @param wallTime of `now`, in milliseconds since 1970
   */
  failTimedOut(now: number, wallTime: number): void {
    const what = this.#written ? 'was not answered' : 'could not be sent'
    const request = {
      apiKey: this.apiKey,
      correlationId: this.correlationId,
      createdAt: wallTime - (now - this.startedAt),
      sentAt: this.#written ? wallTime - (now - this.sentAt) : null,
    }
    this.fail(
      new TimeoutError(
        'REQUEST_TIMEOUT',
        `${this.#init.api.name} ${what} within ${Math.round(now - this.#init.startedAt)} ms`,
        {
          ...this.context,
          maybeWritten: this.#written,
          request,
        },
      ),
    )
  }

  /** The connection ended, for `reason`. What says that options are wrong is passed on as it is. */
  failDisconnected(reason: KafkaError): void {
    if (!(reason instanceof ConnectionError) || !reason.retriable) return this.fail(reason)
    const fate = this.#written ? 'while the answer was awaited' : 'before the request was sent'
    this.fail(
      new ConnectionError(reason.code, `The connection ended ${fate}: ${plainMessage(reason)}`, {
        ...this.context,
        cause: reason,
        maybeWritten: this.#written,
      }),
    )
  }

  #settle(settle: () => void): void {
    if (this.#settled) return
    this.#settled = true
    if (this.#onAbort !== undefined) this.#init.options.signal?.removeEventListener('abort', this.#onAbort)
    settle()
  }
}
