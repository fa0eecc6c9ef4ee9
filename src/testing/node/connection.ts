import type { Timer } from '../../base/clock'
import { ErrorCode } from '../../base/error-codes'
import { ApiKey } from '../../wire/generated/api-keys'
import type { BrokerApiName, BrokerRequest } from '../../wire/generated/broker/apis-by-name'
import type { ExchangeEnd } from '../faults/exchange'
import type { RequestOutcome } from '../faults/request-log'
import { anonymous, type Principal } from '../contracts/principal'
import type { Authentication } from '../contracts/security'
import type { ByteStream } from '../transport/byte-stream'
import { FrameAssembler } from '../transport/frame-assembler'
import type { ClientSession, RequestContext } from '../contracts/api-handler'
import type { ConnectionHost } from './connection-host'
import { IdleWatch } from './idle-watch'
import { decodeRequest, type DecodedRequest } from './request-decoder'
import { encodeResponse, encodeUnknownApiVersions, firstErrorCode } from './response-encoder'

/** Bytes and number of requests that wait for their turn before the client is held back. */
const maxQueuedBytes = 4 * 1024 * 1024
const maxQueuedFrames = 100

/** What an unauthenticated client may ask, and what an expired session may. */
const beforeAuthentication: ReadonlySet<number> = new Set([
  ApiKey.ApiVersions,
  ApiKey.SaslHandshake,
  ApiKey.SaslAuthenticate,
])

/** What Kafka takes for the name of a client's software (KIP-511). */
const softwarePattern = /^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$/

/**
 * One client's connection to one broker. Requests are done one after the other: the next one starts when the answer
 * to the one before is written, the client took what was written, and no throttle time is left (KIP-219).
 *
 *     bytes → frames → queue → request → rules or handler → response → bytes
 *                        ↑ stands still while busy, muted, blocked by a client that does not read, or paused
 */
export class Connection implements ClientSession {
  readonly id: number
  readonly clientHost: string
  readonly authentication: Authentication | undefined
  readonly #stream: ByteStream
  readonly #host: ConnectionHost
  readonly #assembler: FrameAssembler
  readonly #idleness: IdleWatch
  readonly #ended = new AbortController()
  #softwareName = 'unknown'
  #softwareVersion = 'unknown'
  #queue: Buffer[] = []
  #queuedBytes = 0
  #readingPaused = false
  #running = false
  #busy = false
  #blocked = false
  #stuck = false
  #mutedUntil = 0
  #muteTimer: Timer | undefined
  /** Set by the broker's own closing; what the client closed is still worked off. */
  #closed = false
  /** The end of a request that came while the broker was paused. */
  #held: (() => void) | undefined

  constructor(
    id: number,
    stream: ByteStream,
    authentication: Authentication | undefined,
    host: ConnectionHost,
  ) {
    this.id = id
    this.clientHost = stream.remoteAddress
    this.authentication = authentication
    this.#stream = stream
    this.#host = host
    this.#assembler = new FrameAssembler(host.maxFrameBytes, (frame) => this.#enqueue(frame))
    stream.onData = (chunk) => this.#receive(chunk)
    stream.onDrain = () => this.#unblock()
    stream.onClosed = () => this.#handleClosed()
    this.#idleness = new IdleWatch(
      host.clock,
      host.maxIdleMs,
      () => this.#busy || host.state === 'paused',
      () => this.#handleIdle(),
    )
  }

  get principal(): Principal {
    return this.authentication?.principal ?? this.#stream.principal ?? anonymous
  }

  get softwareName(): string {
    return this.#softwareName
  }

  get softwareVersion(): string {
    return this.#softwareVersion
  }

  get ended(): AbortSignal {
    return this.#ended.signal
  }

  /** Goes on after the broker was paused. */
  resume(): void {
    const held = this.#held
    this.#held = undefined
    held?.()
    this.#run()
  }

  /** Ends the connection as a broker that dies does: nothing more is done, nothing more is said. */
  destroy(): void {
    this.#shut()
    this.#stream.destroy()
  }

  /** Ends the connection once what was written has left. */
  close(): void {
    this.#shut()
    this.#stream.close()
  }

  #shut(): void {
    this.#closed = true
    this.#assembler.stop()
    this.#queue = []
    this.#queuedBytes = 0
    this.#stopTimers()
    const held = this.#held
    this.#held = undefined
    held?.()
  }

  #stopTimers(): void {
    this.#idleness.stop()
    this.#muteTimer?.cancel()
  }

  #handleClosed(): void {
    this.#stopTimers()
    this.#mutedUntil = 0
    this.#blocked = false
    this.#host.forget(this)
    this.#ended.abort()
    // Kafka works off what it has received from a client that went; there may be acks 0 among it.
    this.#run()
  }

  #receive(chunk: Buffer): void {
    if (this.#closed) return
    this.#idleness.touch()
    try {
      this.#assembler.push(chunk)
    } catch (error) {
      return this.#refuse(error)
    }
    this.#run()
    const isFull = this.#queuedBytes > maxQueuedBytes || this.#queue.length > maxQueuedFrames
    if (!isFull || this.#readingPaused || this.#closed) return
    this.#readingPaused = true
    this.#stream.pause()
  }

  #enqueue(frame: Buffer): void {
    this.#queue.push(frame)
    this.#queuedBytes += frame.length
  }

  #handleIdle(): void {
    this.#host.logger.debug('Closing a connection that was idle for too long', this.#details())
    this.close()
  }

  #unblock(): void {
    this.#blocked = false
    this.#run()
  }

  get #canGoOn(): boolean {
    return (
      this.#queue.length > 0 &&
      !(this.#busy || this.#blocked || this.#stuck || this.#closed) &&
      this.#mutedUntil === 0 &&
      this.#host.state === 'running'
    )
  }

  #run(): void {
    if (this.#running) return
    this.#running = true
    while (this.#canGoOn) {
      const frame = this.#queue.shift() as Buffer
      this.#queuedBytes -= frame.length
      this.#serve(frame)
    }
    this.#running = false
    if (!this.#readingPaused || this.#queue.length > 0 || this.#closed) return
    this.#readingPaused = false
    this.#stream.resume()
  }

  #serve(frame: Buffer): void {
    const host = this.#host
    let decoded
    try {
      decoded = decodeRequest(frame, host.handlers, host.release)
      if (!('handler' in decoded)) {
        this.#write(encodeUnknownApiVersions(decoded))
        return
      }
    } catch (error) {
      return this.#refuse(error)
    }
    const { key } = decoded.handler.api
    if (!this.#mayAsk(key)) return
    if (key === ApiKey.ApiVersions) this.#noteSoftware(decoded)
    this.#handle(decoded)
  }

  #mayAsk(key: number): boolean {
    const { authentication } = this
    if (authentication === undefined) return true
    const isKnown = authentication.principal !== undefined
    if (isKnown && !authentication.isExpired) return true
    if (beforeAuthentication.has(key) && !(isKnown && key === ApiKey.ApiVersions)) return true
    const reason = isKnown
      ? 'the session is over and the client did not authenticate again'
      : `ILLEGAL_SASL_STATE: a request with API key ${key} came before authentication`
    this.#host.logger.debug(`Closing a connection: ${reason}`, this.#details())
    this.close()
    return false
  }

  #noteSoftware({ request, version }: DecodedRequest): void {
    if (version < 3) return
    const { clientSoftwareName, clientSoftwareVersion } = request as BrokerRequest<'ApiVersions'>
    if (softwarePattern.test(clientSoftwareName)) this.#softwareName = clientSoftwareName
    if (softwarePattern.test(clientSoftwareVersion)) this.#softwareVersion = clientSoftwareVersion
  }

  #handle(decoded: DecodedRequest): void {
    const { handler, version, clientId, request } = decoded
    const host = this.#host
    const startedAt = host.clock.now()
    const context: RequestContext = {
      broker: host.node,
      session: this,
      apiVersion: version,
      clientId,
      throttleMs: 0,
    }
    this.#busy = true
    try {
      if (host.faults.concerns(handler.api.name, host.node.id)) {
        return this.#handleByRules(decoded, context, startedAt)
      }
      const result = handler.handle(request, context)
      if (isPromise(result)) {
        result.then(
          (response: unknown) => this.#finish(decoded, context, startedAt, { kind: 'answer', response }),
          (error: unknown) => this.#fail(decoded, startedAt, error),
        )
        return
      }
      this.#finish(decoded, context, startedAt, { kind: 'answer', response: result })
    } catch (error) {
      this.#fail(decoded, startedAt, error)
    }
  }

  #handleByRules(decoded: DecodedRequest, context: RequestContext, startedAt: number): void {
    const { handler, version, request } = decoded
    const host = this.#host
    const { name } = handler.api
    let reported: unknown
    const act = async (changed: unknown): Promise<unknown> => {
      // A rule may have waited. A frozen process acts when it goes on, and a dead one does not.
      if (host.state === 'paused') await new Promise<void>((resolve) => (this.#held = resolve))
      if (this.#closed) return undefined
      try {
        return await handler.handle(changed, context)
      } catch (error) {
        // Here and not where it ends: the rule may not wait for the end.
        reported = error
        host.reportFailure({ api: name, apiVersion: version, error })
        throw error
      }
    }
    host.faults.run(name, request, context, act).then(
      (how) => this.#finish(decoded, context, startedAt, how),
      (error: unknown) => this.#fail(decoded, startedAt, error, error === reported),
    )
  }

  #finish(decoded: DecodedRequest, context: RequestContext, startedAt: number, how: ExchangeEnd): void {
    if (this.#host.state === 'paused') {
      this.#held = () => this.#finish(decoded, context, startedAt, how)
      return
    }
    this.#busy = false
    if (this.#closed) return this.#log(decoded, startedAt, 'closed', undefined)
    if (how.kind === 'close' || context.closeConnection === true) {
      this.#log(decoded, startedAt, 'closed', undefined)
      return this.close()
    }
    if (how.kind === 'drop') {
      this.#stuck = true
      return this.#log(decoded, startedAt, 'dropped', undefined)
    }
    try {
      this.#answer(decoded, how, startedAt)
    } catch (error) {
      return this.#fail(decoded, startedAt, error)
    }
    if (context.throttleMs > 0) this.#mute(context.throttleMs)
    this.#run()
  }

  #answer(decoded: DecodedRequest, how: ExchangeEnd & { kind: 'answer' }, startedAt: number): void {
    const { handler, version, correlationId } = decoded
    const { response, copies = 1 } = how
    if (response === undefined) return this.#log(decoded, startedAt, 'unanswered', undefined)
    const pieces = encodeResponse(handler.api, version, correlationId, response)
    this.#log(decoded, startedAt, this.#ended.signal.aborted ? 'closed' : 'answered', response)
    for (let i = 0; i < copies; i++) this.#write(pieces)
    if (this.#isRefusedAuthentication(handler.api.key, response)) this.close()
  }

  /** Kafka says why, and closes. */
  #isRefusedAuthentication(key: number, response: unknown): boolean {
    if (this.authentication === undefined) return false
    if (key !== ApiKey.SaslHandshake && key !== ApiKey.SaslAuthenticate) return false
    return (response as { readonly errorCode?: number }).errorCode !== ErrorCode.NONE
  }

  #write(pieces: readonly Uint8Array[]): void {
    if (this.#closed || this.#ended.signal.aborted) return
    this.#idleness.touch()
    if (!this.#stream.write(pieces)) this.#blocked = true
  }

  #mute(ms: number): void {
    if (this.#closed || this.#ended.signal.aborted) return
    this.#mutedUntil = this.#host.clock.now() + ms
    this.#muteTimer = this.#host.clock.setTimer(ms, () => {
      this.#mutedUntil = 0
      this.#run()
    })
    this.#muteTimer.unref?.()
  }

  #log(decoded: DecodedRequest, startedAt: number, outcome: RequestOutcome, response: unknown): void {
    const { requestLog, clock, node } = this.#host
    if (!requestLog.isNeeded) return
    const durationMs = clock.now() - startedAt
    const errorCode = response === undefined ? 0 : firstErrorCode(response)
    const entry = {
      at: clock.wallTime() - durationMs,
      brokerId: node.id,
      sessionId: this.id,
      clientId: decoded.clientId,
      api: decoded.handler.api.name as BrokerApiName,
      version: decoded.version,
      correlationId: decoded.correlationId,
      request: decoded.request as BrokerRequest<BrokerApiName>,
      outcome,
      durationMs,
    }
    requestLog.add(errorCode === 0 ? entry : { ...entry, errorCode }, decoded.bytes)
  }

  /** A mistake in the broker, or in a rule of the user: there is no answer that would be right. */
  #fail(decoded: DecodedRequest, startedAt: number, error: unknown, isReported = false): void {
    this.#busy = false
    const { handler, version } = decoded
    if (!isReported) this.#host.reportFailure({ api: handler.api.name, apiVersion: version, error })
    this.#log(decoded, startedAt, 'closed', undefined)
    if (!this.#closed) this.close()
  }

  #refuse(error: unknown): void {
    this.#host.logger.debug('Closing a connection: its bytes are no request that is served', {
      ...this.#details(),
      error,
    })
    this.close()
  }

  #details(): Record<string, unknown> {
    return { broker: this.#host.node.id, session: this.id, client: this.clientHost }
  }
}

/** By its shape: a promise of Node's own modules may be of another realm. */
function isPromise(value: unknown): value is Promise<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}
