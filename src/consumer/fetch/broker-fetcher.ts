import { backoffMs } from '../../base/backoff'
import type { Timer } from '../../base/clock'
import { AuthenticationError, DecodeError, KafkaError, UnsupportedVersionError } from '../../base/errors'
import { ErrorCode, errorCodeName } from '../../base/error-codes'
import { fetchApi, type FetchRequest, type FetchResponse } from '../../wire/generated/client/fetch'
import { zeroUuid } from '../../wire/primitives/uuid'
import type { PartitionState } from '../partition-state'
import type { AskedPartition, FetchResponseHandler } from './fetch-response-handler'
import { type FetchPlan, FetchSession, type FetchTarget, finalEpoch } from './fetch-session'
import type { FetchSettings } from './fetch-settings'

/** The first version that names topics by id. */
const firstVersionWithTopicIds = 13
/** The smallest piece that a partition is asked for when many share the budget. */
const smallestAsk = 16 * 1024
/** The wait of a fetch that leaves out partitions whose data is still being delivered; doubles while they stay out. */
const firstShortWaitMs = 50
/** How much longer than its wait a fetch may take before metadata is asked whether the broker is still the leader. */
const overdueMs = 1000

/** What the fetcher knows of partitions and brokers; the broker fetchers ask it. */
export interface FetchPlanner {
  /** The partitions that this broker is to be asked for now, and whether some are left out because they have enough. */
  eligible(nodeId: number): { readonly partitions: PartitionState[]; readonly hasFull: boolean }
  /** Bytes to ask for, for each partition. */
  bytesPerPartition(): number
  /** Calls `wake` of this broker again after `ms`. */
  wakeLater(ms: number): void
}

/**
 * Fetches from one broker: one session, and at most one Fetch under way (C11). Whoever makes a partition fetchable
 * calls `wake`; between two answers nothing runs.
 */
export class BrokerFetcher {
  readonly #nodeId: number
  readonly #settings: FetchSettings
  readonly #planner: FetchPlanner
  readonly #handler: FetchResponseHandler
  readonly #session = new FetchSession()
  readonly #abort = new AbortController()
  #isFetching = false
  #isScheduled = false
  #retryAt = 0
  #failures = 0
  #shortWaits = 0

  constructor(nodeId: number, settings: FetchSettings, planner: FetchPlanner, handler: FetchResponseHandler) {
    this.#nodeId = nodeId
    this.#settings = settings
    this.#planner = planner
    this.#handler = handler
  }

  /** Something may have become fetchable. Cheap; once a turn however often it is called. */
  wake(): void {
    if (this.#isFetching || this.#isScheduled || this.#abort.signal.aborted) return
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
    const { partitions, hasFull } = this.#planner.eligible(this.#nodeId)
    if (partitions.length === 0) return
    const { memory, maxBytes } = this.#settings
    const perPartition = this.#planner.bytesPerPartition()
    const wantedBytes = Math.min(maxBytes, perPartition * partitions.length)
    const reservedBytes = memory.reserve(wantedBytes, Math.min(smallestAsk, wantedBytes))
    if (reservedBytes === 0) {
      memory.whenFreed(() => this.#planner.wakeLater(0))
      return
    }
    this.#isFetching = true
    void this.#fetch(this.#ask(partitions), perPartition, reservedBytes, this.#waitMs(hasFull))
  }

  /**
   * A long wait would hold up partitions that become fetchable in the meantime, because there is one Fetch at a time;
   * so it is short at first when such partitions are foreseeable.
   */
  #waitMs(hasFull: boolean): number {
    const { maxWaitMs } = this.#settings
    if (!hasFull) {
      this.#shortWaits = 0
      return maxWaitMs
    }
    return Math.min(maxWaitMs, firstShortWaitMs * 2 ** Math.min(this.#shortWaits++, 10))
  }

  #ask(partitions: readonly PartitionState[]): AskedPartition[] {
    const { metadata } = this.#settings.cluster
    return partitions.map((state) => {
      const leader = metadata.partition(state.topic, state.partition)
      state.leaderId = leader?.leaderId ?? -1
      state.leaderEpoch = leader?.leaderEpoch ?? -1
      state.markInFlight()
      return {
        state,
        token: state.token,
        fetchOffset: state.fetchOffset,
        topicId: metadata.topic(state.topic)?.topicId ?? zeroUuid,
        isFollower: state.leaderId !== this.#nodeId,
      }
    })
  }

  async #fetch(
    asked: readonly AskedPartition[],
    perPartition: number,
    reservedBytes: number,
    waitMs: number,
  ): Promise<void> {
    const plan = this.#session.plan(asked.map((one) => this.#targetOf(one, perPartition)))
    const overdue = this.#watch(waitMs + overdueMs)
    let isHandled = false
    try {
      const response = await this.#send(plan, reservedBytes, waitMs)
      if (response.errorCode === ErrorCode.NONE) {
        this.#failures = 0
        this.#session.accept(plan, response.sessionId)
        isHandled = true
        this.#handler.handle(response, asked, reservedBytes)
      } else this.#handleSessionError(response.errorCode)
    } catch (error) {
      this.#handleFailure(error, asked)
    } finally {
      overdue.stop()
      if (!isHandled) this.#settings.memory.release(reservedBytes)
      for (const { state, token } of asked) state.clearInFlight(token)
      this.#isFetching = false
      this.wake()
    }
  }

  #targetOf({ state, fetchOffset, topicId }: AskedPartition, partitionMaxBytes: number): FetchTarget {
    const { topic, partition } = state
    const currentLeaderEpoch = this.#settings.cluster.metadata.partition(topic, partition)?.leaderEpoch ?? -1
    return { topic, topicId, partition, fetchOffset, currentLeaderEpoch, partitionMaxBytes }
  }

  #send(plan: FetchPlan, maxBytes: number, maxWaitMs: number): Promise<FetchResponse> {
    const { cluster, minBytes, isolationLevel, rackId, connection } = this.#settings
    const request: FetchRequest = {
      maxWaitMs,
      minBytes,
      maxBytes,
      isolationLevel,
      rackId,
      sessionId: plan.sessionId,
      sessionEpoch: plan.sessionEpoch,
      topics: plan.topics,
      forgottenTopicsData: plan.forgottenTopicsData,
    }
    return cluster.send(this.#nodeId, fetchApi, request, {
      connection,
      timeoutMs: maxWaitMs + cluster.requestTimeoutMs,
      signal: this.#abort.signal,
      ...(!plan.usesTopicIds && { maxVersion: firstVersionWithTopicIds - 1 }),
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
    const { clock, retryBackoffMs, retryBackoffMaxMs } = this.#settings.cluster
    this.#retryAt =
      clock.now() + backoffMs({ baseMs: retryBackoffMs, maxMs: retryBackoffMaxMs }, this.#failures)
  }

  /** Stops fetching and tells the broker that its session is over. Never rejects. */
  async close(timeoutMs: number): Promise<void> {
    this.#abort.abort()
    if (this.#session.id === 0) return
    const { cluster, connection } = this.#settings
    const request: FetchRequest = {
      maxWaitMs: 0,
      minBytes: 0,
      sessionId: this.#session.id,
      sessionEpoch: finalEpoch,
      topics: [],
      forgottenTopicsData: [],
    }
    try {
      await cluster.send(this.#nodeId, fetchApi, request, { connection, timeoutMs })
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
