import { backoffMs } from '../base/backoff'
import type { Timer } from '../base/clock'
import { AbortedError, ConnectionError, KafkaError, TimeoutError } from '../base/errors'
import type { ClientApi } from '../wire/api'
import type { BrokerConnection, RequestBody, SetupSettings } from './broker-connection'
import { suspectAfterMs } from './connection'
import type { CallOptions } from './connection-call'
import { isFinalConnectionFailure } from './connection-errors'
import { brokerContext, type BrokerAddress } from './broker-address'
import { openConnection } from './open-connection'
import type { VersionLimits } from './version-ranges'

export interface LinkSettings extends SetupSettings {
  readonly connectionSetupTimeoutMs: number
  readonly connectionSetupTimeoutMaxMs: number
  readonly reconnectBackoffMs: number
  readonly reconnectBackoffMaxMs: number
  readonly connectionsMaxIdleMs: number
}

const loggedEvery = 30

interface Waiter {
  use(connection: BrokerConnection): void
  fail(error: KafkaError): void
}

/** A connection that dies younger than this without having carried an answer counts as one that failed. */
const settledAfterMs = 1000

/**
 * One named way to one broker: connects when the first request comes, connects again after the connection was lost,
 * with growing pauses while that fails. Requests that come meanwhile wait, and leave in the order they came.
 *
 *     idle → (pausing →) connecting → ready → idle
 */
export class BrokerLink {
  #address: BrokerAddress
  readonly #settings: LinkSettings
  #waiters: Waiter[] = []
  #ready: BrokerConnection | undefined
  #readySince = 0
  #attempt: AbortController | undefined
  #connectingSince: number | undefined
  #failures = 0
  #retryAt = 0
  #retryTimer: Timer | undefined
  #idleTimer: Timer | undefined
  #lastFailure: KafkaError | undefined
  #closed: KafkaError | undefined

  constructor(address: BrokerAddress, settings: LinkSettings) {
    this.#address = address
    this.#settings = settings
  }

  get address(): BrokerAddress {
    return this.#address
  }

  /** Metadata told the node id of a bootstrap address: the connection is kept under its real name. */
  rename(nodeId: number): void {
    this.#address = { ...this.#address, nodeId }
  }

  get isReady(): boolean {
    return this.#ready !== undefined
  }

  /** Requests waiting or unanswered. */
  get load(): number {
    return this.#waiters.length + (this.#ready?.connection.load ?? 0)
  }

  /** True while it pauses after a failure: another broker is the better choice. */
  get isPausing(): boolean {
    return this.#ready === undefined && this.#retryAt > this.#settings.clock.now()
  }

  /** Why the last attempt to connect failed; undefined after a success. */
  get lastFailure(): KafkaError | undefined {
    return this.#lastFailure
  }

  /** Since when the broker owes an answer, or a connection; undefined when it owes nothing. */
  get waitingSince(): number | undefined {
    return this.#ready?.connection.oldestSentAt ?? this.#connectingSince
  }

  send<Request, Response>(
    api: ClientApi<Request, Response>,
    body: RequestBody<Request>,
    options: CallOptions & VersionLimits,
  ): Promise<Response> {
    if (this.#ready !== undefined) return this.#ready.send(api, body, options)
    return this.#whenReady(api.name, options, (connection) => connection.send(api, body, options))
  }

  /** The version a request would have; connects to find out. */
  version(api: ClientApi<never, unknown>, options: VersionLimits & Waiting): Promise<number> {
    return this.#whenReady(api.name, options, (connection) => connection.version(api, options))
  }

  /** Ends the connection and everything that waits. The link can't be used afterwards. */
  close(reason: KafkaError): void {
    if (this.#closed !== undefined) return
    this.#closed = reason
    this.#retryTimer?.cancel()
    this.#idleTimer?.cancel()
    this.#attempt?.abort()
    this.#ready?.connection.close(reason)
    this.#ready = undefined
    this.#failWaiters(reason)
  }

  #whenReady<T>(
    what: string,
    options: Waiting,
    use: (connection: BrokerConnection) => T | Promise<T>,
  ): Promise<T> {
    const { signal, patienceMs } = options
    return new Promise<T>((resolve, reject) => {
      if (this.#closed !== undefined) return reject(this.#closed)
      if (signal?.aborted) return reject(new AbortedError(what, signal))
      const finish = () => {
        timer?.cancel()
        signal?.removeEventListener('abort', onAbort)
      }
      const giveUp = (error: KafkaError) => {
        finish()
        this.#waiters = this.#waiters.filter((other) => other !== waiter)
        reject(error)
      }
      const onAbort = () => giveUp(new AbortedError(what, signal as AbortSignal))
      const timer =
        patienceMs === undefined || patienceMs === Infinity
          ? undefined
          : this.#settings.clock.setTimer(patienceMs, () => giveUp(this.#notConnected(what, patienceMs)))
      const waiter: Waiter = {
        use: (connection) => {
          finish()
          try {
            resolve(use(connection))
          } catch (error) {
            reject(error instanceof Error ? error : KafkaError.from(error))
          }
        },
        fail: giveUp,
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      this.#waiters.push(waiter)
      if (this.#ready !== undefined) this.#serveWaiters(this.#ready)
      else this.#connectWhenDue()
    })
  }

  #notConnected(what: string, patienceMs: number): TimeoutError {
    const why = this.#lastFailure === undefined ? '' : `: ${this.#lastFailure.message}`
    return new TimeoutError(
      'CONNECTION_TIMEOUT',
      `${what} waited ${Math.round(patienceMs)} ms for a connection${why}`,
      { ...brokerContext(this.#address), cause: this.#lastFailure },
    )
  }

  #connectWhenDue(): void {
    if (this.#attempt !== undefined || this.#retryTimer !== undefined) return
    const pauseMs = this.#retryAt - this.#settings.clock.now()
    if (pauseMs <= 0) return void this.#connect()
    this.#retryTimer = this.#settings.clock.setTimer(Math.ceil(pauseMs), () => {
      this.#retryTimer = undefined
      if (this.#waiters.length > 0) void this.#connect()
    })
  }

  async #connect(): Promise<void> {
    const attempt = new AbortController()
    this.#attempt = attempt
    this.#connectingSince = this.#settings.clock.now()
    const suspicion = this.#settings.clock.setTimer(suspectAfterMs, () =>
      this.#settings.onSuspect(
        `broker ${brokerContext(this.#address).broker} has not accepted a connection yet`,
      ),
    )
    try {
      const connection = await openConnection(
        this.#address,
        this.#settings,
        this.#setupTimeoutMs(),
        attempt.signal,
      )
      this.#endAttempt(suspicion)
      this.#handleReady(connection)
    } catch (error) {
      this.#endAttempt(suspicion)
      this.#handleFailure(KafkaError.from(error, 'The connection failed', brokerContext(this.#address)))
    }
  }

  #endAttempt(suspicion: Timer): void {
    suspicion.cancel()
    this.#attempt = undefined
    this.#connectingSince = undefined
  }

  #setupTimeoutMs(): number {
    const { connectionSetupTimeoutMs: baseMs, connectionSetupTimeoutMaxMs: maxMs, random } = this.#settings
    return backoffMs({ baseMs, maxMs }, this.#failures + 1, random)
  }

  #handleReady(connection: BrokerConnection): void {
    if (this.#closed !== undefined) return connection.connection.close(this.#closed)
    const { reason } = connection.connection
    // It may have died between its set-up and this moment, in which the promise settled.
    if (reason !== undefined) return this.#handleFailure(reason)
    this.#ready = connection
    this.#readySince = this.#settings.clock.now()
    this.#lastFailure = undefined
    this.#settings.logger.debug('Connected', { ...brokerContext(this.#address) })
    connection.connection.onEnded = (reason) => this.#handleLost(connection, reason)
    this.#watchIdle(connection)
    this.#serveWaiters(connection)
  }

  #serveWaiters(connection: BrokerConnection): void {
    for (const waiter of this.#waiters.splice(0)) waiter.use(connection)
  }

  #handleFailure(error: KafkaError): void {
    if (this.#closed !== undefined) return
    this.#lastFailure = error
    this.#pause()
    // The first failure is news, the thousandth is not.
    const level = this.#failures % loggedEvery === 1 ? 'warn' : 'debug'
    this.#settings.logger[level](`Connecting failed: ${error.message}`, { code: error.code })
    this.#failWaiters(error)
  }

  #pause(): void {
    const { reconnectBackoffMs: baseMs, reconnectBackoffMaxMs: maxMs, random, clock } = this.#settings
    this.#failures++
    this.#retryAt = clock.now() + backoffMs({ baseMs, maxMs }, this.#failures, random)
  }

  #failWaiters(error: KafkaError): void {
    for (const waiter of this.#waiters.splice(0)) waiter.fail(error)
  }

  #handleLost(connection: BrokerConnection, reason: KafkaError): void {
    if (this.#ready !== connection || this.#closed !== undefined) return
    this.#ready = undefined
    this.#idleTimer?.cancel()
    const livedMs = this.#settings.clock.now() - this.#readySince
    if (livedMs >= settledAfterMs) this.#failures = 0
    // One that was lost after it had served reconnects at once; one that never held waits, like one that failed.
    if (livedMs < settledAfterMs || isFinalConnectionFailure(reason)) this.#pause()
    if (isFinalConnectionFailure(reason)) this.#lastFailure = reason
    this.#settings.logger.debug(`Disconnected: ${reason.message}`, { code: reason.code })
    if (this.#waiters.length > 0) this.#connectWhenDue()
  }

  #watchIdle(connection: BrokerConnection): void {
    const { connectionsMaxIdleMs, clock } = this.#settings
    if (connectionsMaxIdleMs === Infinity) return
    const idleMs = connection.connection.idleMs
    if (idleMs >= connectionsMaxIdleMs) {
      const broker = brokerContext(this.#address)
      return connection.connection.close(
        new ConnectionError('IDLE', 'The idle connection was closed', broker),
      )
    }
    this.#idleTimer = clock.setTimer(Math.ceil(connectionsMaxIdleMs - idleMs), () =>
      this.#watchIdle(connection),
    )
    this.#idleTimer.unref?.()
  }
}

interface Waiting {
  readonly signal?: AbortSignal
  readonly patienceMs?: number
}
