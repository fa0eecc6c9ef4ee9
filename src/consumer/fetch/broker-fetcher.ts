import type { Timer } from '../../base/clock'
import { AuthenticationError, DecodeError, KafkaError, UnsupportedVersionError } from '../../base/errors'
import { ErrorCode, errorCodeName } from '../../base/error-codes'
import { fetchApi, type FetchRequest } from '../../wire/generated/client/fetch'
import type { PartitionState } from '../partition-state'
import type { AskedPartition, FetchResponseHandler } from './fetch-response-handler'
import { FetchExchange } from './fetch-exchange'
import { FetchSession, finalEpoch } from './fetch-session'
import type { FetchSettings } from './fetch-settings'
import { ImmediateFetch } from './immediate-fetch'

/** How much longer than its wait a fetch may take before metadata is asked whether the broker is still the leader. */
const overdueMs = 1000

/** What the fetcher knows of partitions and brokers; the broker fetchers ask it. */
export interface FetchPlanner {
  /** The partitions that this broker is to be asked for now. */
  eligible(nodeId: number): PartitionState[]
  /** Bytes to ask for, for each partition. */
  bytesPerPartition(): number
  /** Wakes the fetcher of the broker that the partition is to be asked for at now. */
  wakePartition(state: PartitionState): void
  /** Calls `wake` of this broker again after `ms`. */
  wakeLater(ms: number): void
}

/**
 * Fetches from one broker: one session, and at most one poll under way (C11); what cannot wait for its end goes past it.
 * Whoever makes a partition fetchable calls `wake`; between two answers nothing runs.
 */
export class BrokerFetcher {
  readonly #nodeId: number
  readonly #settings: FetchSettings
  readonly #planner: FetchPlanner
  readonly #handler: FetchResponseHandler
  readonly #exchange: FetchExchange
  readonly #immediate: ImmediateFetch
  readonly #session = new FetchSession()
  readonly #abort = new AbortController()
  #isFetching = false
  #isScheduled = false
  #retryAt = 0
  #failures = 0

  constructor(nodeId: number, settings: FetchSettings, planner: FetchPlanner, handler: FetchResponseHandler) {
    this.#nodeId = nodeId
    this.#settings = settings
    this.#planner = planner
    this.#handler = handler
    this.#exchange = new FetchExchange(nodeId, settings, this.#abort.signal)
    this.#immediate = new ImmediateFetch(this.#exchange, settings, handler, planner)
  }

  /** Something may have become fetchable. Cheap; once a turn however often it is called. */
  wake(): void {
    if (this.#isScheduled || this.#abort.signal.aborted) return
    if (this.#isFetching) return this.#immediate.wake()
    this.#isScheduled = true
    queueMicrotask(() => {
      this.#isScheduled = false
      this.#fetchNext()
    })
  }

  #fetchNext(): void {
    if (this.#isFetching || this.#abort.signal.aborted) return
    const { clock } = this.#settings.cluster
    if (this.#retryAt > clock.now()) return this.#planner.wakeLater(this.#retryAt - clock.now())
    const partitions = this.#planner.eligible(this.#nodeId)
    if (partitions.length === 0) return
    const perPartition = this.#planner.bytesPerPartition()
    const reservedBytes = this.#exchange.reserve(partitions.length, perPartition)
    if (reservedBytes === 0) {
      this.#settings.memory.whenFreed(() => this.#planner.wakeLater(0))
      return
    }
    this.#isFetching = true
    this.#immediate.pollBegan()
    void this.#fetch(this.#exchange.ask(partitions), perPartition, reservedBytes)
  }

  async #fetch(asked: readonly AskedPartition[], perPartition: number, reservedBytes: number): Promise<void> {
    const { minBytes, maxWaitMs, connection } = this.#settings
    const plan = this.#session.plan(this.#exchange.targets(asked, perPartition))
    const overdue = this.#watch(maxWaitMs + overdueMs)
    let filed: readonly PartitionState[] | undefined
    try {
      const limits = { maxBytes: reservedBytes, maxWaitMs, minBytes, connection }
      const response = await this.#exchange.send(plan, limits)
      if (response.errorCode === ErrorCode.NONE) {
        this.#failures = 0
        this.#session.accept(plan, response.sessionId)
        filed = this.#handler.handle(response, asked, reservedBytes)
      } else this.#handleSessionError(response.errorCode)
    } catch (error) {
      this.#handleFailure(error, asked)
    } finally {
      overdue.stop()
      if (filed === undefined) this.#settings.memory.release(reservedBytes)
      for (const { state, token } of asked) state.clearInFlight(token)
      this.#isFetching = false
      this.#immediate.pollEnded()
      this.wake()
      // The answer may have sent some of them to another broker.
      for (const { state } of asked) this.#planner.wakePartition(state)
      // Delivered in a turn of its own, so that the broker works on the next request meanwhile.
      if (filed !== undefined && filed.length > 0) this.#deliver(filed)
    }
  }

  #deliver(filed: readonly PartitionState[]): void {
    setImmediate(() => {
      for (const state of filed) this.#settings.onRecords(state)
    })
  }

  /** While an answer is overdue, metadata is asked: the partitions may have got another leader (L20). */
  #watch(ms: number): { stop(): void } {
    const { clock, metadata } = this.#settings.cluster
    let timer: Timer
    const arm = (wait: number) => {
      timer = clock.setTimer(wait, () => {
        metadata.requestRefresh(`a fetch from broker ${this.#nodeId} is overdue`)
        arm(overdueMs)
      })
    }
    arm(ms)
    return { stop: () => timer.cancel() }
  }

  #handleSessionError(errorCode: number): void {
    const { logger } = this.#settings.cluster
    const details = { nodeId: this.#nodeId, error: errorCodeName(errorCode) }
    if (this.#session.handleError(errorCode)) {
      logger.debug('The fetch session is opened anew', details)
      // The first refusal is cured by the new session; one that is refused too has to wait.
      if (this.#failures++ > 0) this.#backOff()
      return
    }
    logger.warn('A fetch was refused', details)
    this.#session.replace()
    this.#backOffAfterFailure()
  }

  #handleFailure(caught: unknown, asked: readonly AskedPartition[]): void {
    this.#session.replace()
    if (this.#abort.signal.aborted) return
    for (const { state, token } of asked) if (state.token === token) state.preferredReplica = -1
    const error = KafkaError.from(caught, 'A fetch failed', { nodeId: this.#nodeId })
    const { logger, metadata } = this.#settings.cluster
    this.#backOffAfterFailure()
    if (isHopeless(error)) return this.#settings.onFatal(error)
    logger.debug('A fetch failed and is sent again', {
      nodeId: this.#nodeId,
      code: error.code,
      reason: error.message,
    })
    metadata.requestRefresh(`a fetch from broker ${this.#nodeId} failed`)
  }

  #backOffAfterFailure(): void {
    this.#failures++
    this.#backOff()
  }

  #backOff(): void {
    const { cluster } = this.#settings
    this.#retryAt = cluster.clock.now() + cluster.backoffMs(this.#failures)
  }

  /** Stops fetching and tells the broker that its session is over. Never rejects. */
  async close(timeoutMs: number): Promise<void> {
    const isPolling = this.#isFetching
    this.#abort.abort()
    this.#immediate.close()
    const { cluster, connection } = this.#settings
    cluster.closeConnections(this.#immediate.connection)
    if (this.#session.id === 0) return
    const request: FetchRequest = {
      maxWaitMs: 0,
      minBytes: 0,
      sessionId: this.#session.id,
      sessionEpoch: finalEpoch,
      topics: [],
      forgottenTopicsData: [],
    }
    try {
      // A poll holds up what follows it on its connection, and a session may be ended from any other.
      const options = isPolling ? { timeoutMs } : { connection, timeoutMs }
      await cluster.send(this.#nodeId, fetchApi, request, options)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      cluster.logger.debug('A fetch session was left to its broker to end', { nodeId: this.#nodeId, reason })
    }
  }
}

/** True when the same request would fail again for the same reason, however often it is sent. */
function isHopeless(error: KafkaError): boolean {
  return (
    error instanceof AuthenticationError ||
    error instanceof UnsupportedVersionError ||
    error instanceof DecodeError ||
    error.code === 'INTERNAL_ERROR'
  )
}
