import type { Timer } from '../../base/clock'
import { AuthenticationError, DecodeError, KafkaError, UnsupportedVersionError } from '../../base/errors'
import { ErrorCode, errorCodeName } from '../../base/error-codes'
import { fetchApi, type FetchRequest } from '../../wire/generated/client/fetch'
import type { FetchAsker, PartitionState } from '../partition-state'
import type { AskedPartition } from './asked-partition'
import type { FetchResponseHandler } from './fetch-response-handler'
import { FetchExchange } from './fetch-exchange'
import { FetchSession, finalEpoch } from './fetch-session'
import type { FetchSettings } from './fetch-settings'
import { ImmediateFetch } from './immediate-fetch'
import { PollPace } from './poll-pace'

/** How much longer than its wait a fetch may take before metadata is asked whether the broker is still the leader. */
const overdueMs = 1000

/** So many bytes of messages are handed out in about the time in which a request is written. */
const fewBytes = 4096

/** What the fetcher knows of partitions and brokers; the broker fetchers ask it. */
export interface FetchPlanner {
  /**
   * True when this broker is to be asked for the partition now. Else whatever stands in the way lists the partition
   * again, at the broker that is to be asked, once it is gone.
   */
  admits(state: PartitionState, asker: BrokerFetcher): boolean
  /** Bytes to ask for. */
  bytesFor(state: PartitionState): number
  /** Lists the partition at the broker that it is to be asked for at now, if it is to be asked for. */
  wakePartition(state: PartitionState): void
  /** Wakes all brokers' fetchers after `ms`. */
  wakeLater(ms: number): void
}

/**
 * Fetches from one broker: one session, and at most one poll under way (C11); what cannot wait for its end goes past it.
 * Whoever makes a partition fetchable, or not fetchable any more, lists it; before the next request those that are
 * listed are looked at, and no others. Between two answers nothing runs.
 */
export class BrokerFetcher implements FetchAsker {
  readonly nodeId: number
  readonly #settings: FetchSettings
  readonly #planner: FetchPlanner
  readonly #handler: FetchResponseHandler
  readonly #exchange: FetchExchange
  readonly #immediate: ImmediateFetch
  readonly #session = new FetchSession<AskedPartition>()
  readonly #pace: PollPace
  readonly #abort = new AbortController()
  #listed = new Set<PartitionState>()
  /** When the first of those that a follower is asked for is to be asked for at its leader again. */
  #followersUntil = Infinity
  #isAsking = false
  #isScheduled = false
  #retryAt = 0
  #failures = 0

  constructor(nodeId: number, settings: FetchSettings, planner: FetchPlanner, handler: FetchResponseHandler) {
    this.nodeId = nodeId
    this.#settings = settings
    this.#planner = planner
    this.#handler = handler
    this.#pace = new PollPace(settings)
    // A signal whose last listener goes, request by request, makes its table of listeners anew each time.
    this.#abort.signal.addEventListener('abort', () => {}, { once: true })
    this.#exchange = new FetchExchange(nodeId, settings, this.#abort.signal)
    this.#immediate = new ImmediateFetch(this.#exchange, settings, handler, {
      takeListed: (isTaken) => this.#takeListed(isTaken),
      bytesFor: (state) => planner.bytesFor(state),
      wakePartition: (state) => planner.wakePartition(state),
    })
  }

  get isAsking(): boolean {
    return this.#isAsking
  }

  get pollWaitMs(): number {
    return this.#pace.waitMs
  }

  /** The partition may have become fetchable here. */
  list(state: PartitionState): void {
    this.#listed.add(state)
    if (this.#isAsking) this.#immediate.wake(state)
    else this.wake()
  }

  reconsider(state: PartitionState): void {
    this.#listed.add(state)
  }

  /** Goes on if it can. Cheap; once a turn however often it is called. */
  wake(): void {
    if (this.#isScheduled || this.#isAsking || this.#abort.signal.aborted) return
    this.#isScheduled = true
    queueMicrotask(() => {
      this.#isScheduled = false
      this.#fetchNext()
    })
  }

  #fetchNext(): void {
    if (this.#isAsking || this.#abort.signal.aborted) return
    const { clock } = this.#settings.cluster
    const now = clock.now()
    // First of all: those that are to be asked for elsewhere don't wait for this broker.
    this.#lookAtListed(now)
    if (this.#retryAt > now) return this.#planner.wakeLater(this.#retryAt - now)
    const { targets } = this.#session
    if (targets.size === 0) return
    const reservedBytes = this.#exchange.reserve(targets.bytes)
    if (reservedBytes === 0) {
      this.#settings.memory.whenFreed(() => this.#planner.wakeLater(0))
      return
    }
    this.#isAsking = true
    this.#immediate.pollBegan()
    void this.#fetch(reservedBytes)
  }

  /** Brings the session up to date. */
  #lookAtListed(now: number): void {
    if (now >= this.#followersUntil) this.#listFollowers()
    const listed = this.#listed
    if (listed.size === 0) return
    this.#listed = new Set()
    for (const state of listed) {
      if (this.#planner.admits(state, this)) {
        const asked = this.#exchange.ask(state, this.#planner.bytesFor(state), this)
        if (asked.isFollower)
          this.#followersUntil = Math.min(this.#followersUntil, state.preferredReplicaUntil)
        state.standingFetch = asked
        this.#session.want(asked)
        this.#pace.noteNews()
      } else this.#drop(state)
    }
  }

  #drop(state: PartitionState): void {
    const { topic, partition } = state
    const asked = this.#session.targets.get(topic, partition)
    // The partition may have been given away and come back: then its place belongs to its present state.
    if (asked?.state !== state) return
    this.#session.drop(topic, partition)
    if (state.standingFetch === asked) state.standingFetch = undefined
  }

  #listFollowers(): void {
    this.#followersUntil = Infinity
    for (const { state, isFollower } of this.#session.targets) if (isFollower) this.#listed.add(state)
  }

  /** Those that became fetchable since the poll was sent and that the poll does not ask for. */
  #takeListed(isTaken: (state: PartitionState) => boolean): PartitionState[] {
    const taken: PartitionState[] = []
    for (const state of this.#listed) {
      const asked = this.#session.targets.get(state.topic, state.partition)
      const isInPoll = asked?.state === state && asked.token === state.token
      if (!isInPoll && isTaken(state) && this.#planner.admits(state, this)) taken.push(state)
    }
    return taken
  }

  async #fetch(reservedBytes: number): Promise<void> {
    const { minBytes, connection } = this.#settings
    const maxWaitMs = this.#pace.next(this.#followersUntil < Infinity)
    const plan = this.#session.plan()
    const overdue = this.#watch(maxWaitMs + overdueMs)
    let filed: readonly PartitionState[] | undefined
    try {
      const limits = { maxBytes: reservedBytes, maxWaitMs, minBytes, connection }
      const response = await this.#exchange.send(plan, limits)
      if (response.errorCode === ErrorCode.NONE) {
        this.#failures = 0
        this.#session.accept(plan, response.sessionId)
        const { targets } = this.#session
        filed = this.#handler.handle(
          response,
          (topic, topicId, partition) => targets.find(topic, topicId, partition),
          reservedBytes,
          (state) => this.#listed.add(state),
        )
        if (filed.length > 0) this.#pace.noteNews()
      } else this.#handleSessionError(response.errorCode)
    } catch (error) {
      this.#handleFailure(error)
    } finally {
      overdue.stop()
      if (filed === undefined) this.#settings.memory.release(reservedBytes)
      this.#isAsking = false
      this.#immediate.pollEnded()
      this.wake()
      if (filed !== undefined && filed.length > 0) this.#deliver(filed)
    }
  }

  /**
   * A few messages are handed out at once, before the next request is written. More of them in a turn of its own, so that
   * the broker works on that request meanwhile.
   */
  #deliver(filed: readonly PartitionState[]): void {
    const { onRecords } = this.#settings
    const tell = () => {
      for (const state of filed) onRecords(state)
    }
    let heldBytes = 0
    for (const { reader } of filed) heldBytes += reader.queue.heldBytes
    if (heldBytes <= fewBytes) tell()
    else setImmediate(tell)
  }

  /** While an answer is overdue, metadata is asked: the partitions may have got another leader (L20). */
  #watch(ms: number): { stop(): void } {
    const { clock, metadata } = this.#settings.cluster
    let timer: Timer
    const arm = (wait: number) => {
      timer = clock.setTimer(wait, () => {
        metadata.requestRefresh(`a fetch from broker ${this.nodeId} is overdue`)
        arm(overdueMs)
      })
    }
    arm(ms)
    return { stop: () => timer.cancel() }
  }

  #handleSessionError(errorCode: number): void {
    this.#pace.noteNews()
    const { logger } = this.#settings.cluster
    const details = { nodeId: this.nodeId, error: errorCodeName(errorCode) }
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

  #handleFailure(caught: unknown): void {
    this.#session.replace()
    this.#pace.noteNews()
    if (this.#abort.signal.aborted) return
    // Whoever was to be asked in the leader's place is not to be relied on.
    this.#listFollowers()
    for (const state of this.#listed) {
      if (state.preferredReplica === this.nodeId && state.leaderId !== this.nodeId)
        state.preferredReplica = -1
    }
    const error = KafkaError.from(caught, 'A fetch failed', { nodeId: this.nodeId })
    const { logger, metadata } = this.#settings.cluster
    this.#backOffAfterFailure()
    if (isHopeless(error)) return this.#settings.onFatal(error)
    logger.debug('A fetch failed and is sent again', {
      nodeId: this.nodeId,
      code: error.code,
      reason: error.message,
    })
    metadata.requestRefresh(`a fetch from broker ${this.nodeId} failed`)
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
    const isPolling = this.#isAsking
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
      await cluster.send(this.nodeId, fetchApi, request, options)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      cluster.logger.debug('A fetch session was left to its broker to end', { nodeId: this.nodeId, reason })
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
