import { ErrorCode } from '../../base/error-codes'
import { AbortedError, type KafkaError } from '../../base/errors'
import type { ObservedRequest } from '../../cluster/observed-cluster'
import type { FetchResponse } from '../../wire/generated/client/fetch'
import { countRecords, fetchAnswerOf } from '../../health/fetch-answer'
import type { ConsumerEvents } from './consumer-events'
import { memberOf, type MemberSeen } from './member-seen'
import type { ConsumerStatistics } from './consumer-statistics'

/** Counts requests by what they are for, and tells of them, once a request. */
export class RequestStatistics {
  readonly #statistics: ConsumerStatistics
  readonly #events: ConsumerEvents
  #member: MemberSeen | undefined

  constructor(statistics: ConsumerStatistics, events: ConsumerEvents) {
    this.#statistics = statistics
    this.#events = events
  }

  /** Who this member is, as the coordinator last said; undefined before it joined. */
  get member(): MemberSeen | undefined {
    return this.#member
  }

  sent({ api, nodeId, startedAt }: ObservedRequest): void {
    if (api === 'Fetch') this.#events.fetchStarted(nodeId ?? -1)
    else if (api === 'Heartbeat' || api === 'ConsumerGroupHeartbeat') {
      this.#statistics.heartbeats.sent(startedAt)
    }
  }

  answered(request: ObservedRequest, response: unknown, now: number): void {
    const latencyMs = now - request.startedAt
    const statistics = this.#statistics
    this.#member = memberOf(request.api, response) ?? this.#member
    switch (request.api) {
      case 'Fetch':
        return this.#fetched(request, response as FetchResponse, latencyMs, now)
      case 'OffsetCommit':
        return statistics.commitAnswered(latencyMs, now)
      case 'Heartbeat':
      case 'ConsumerGroupHeartbeat':
        statistics.heartbeats.answered(latencyMs, now)
        return this.#heartbeatAnswered((response as { readonly errorCode: number }).errorCode, latencyMs)
      case 'JoinGroup':
      case 'SyncGroup':
        return this.#joined(
          request.api,
          (response as { readonly errorCode: number }).errorCode,
          latencyMs,
          now,
        )
    }
  }

  #heartbeatAnswered(errorCode: number, latencyMs: number): void {
    if (errorCode === ErrorCode.NONE && this.#member !== undefined) {
      this.#events.heartbeat(this.#member, latencyMs)
    }
  }

  #joined(api: 'JoinGroup' | 'SyncGroup', errorCode: number, latencyMs: number, now: number): void {
    if (errorCode === ErrorCode.NONE) {
      if (api === 'JoinGroup') this.#statistics.joined(latencyMs, now)
      else this.#statistics.synchronised(latencyMs, now)
    } else if (errorCode !== ErrorCode.MEMBER_ID_REQUIRED) this.#statistics.rebalanceFailed(now)
  }

  #fetched(request: ObservedRequest, response: FetchResponse, latencyMs: number, now: number): void {
    if (response.errorCode !== ErrorCode.NONE) return this.#statistics.fetches.fetchFailed()
    const answer = fetchAnswerOf(response, request.nodeId, latencyMs)
    this.#statistics.fetches.fetched(latencyMs, answer.byteLength, answer.throttleMs, now)
    this.#events.fetched(answer, () => countRecords(response))
  }

  failed({ api, nodeId, startedAt }: ObservedRequest, error: KafkaError, now: number): void {
    if (error instanceof AbortedError) return
    if (api === 'Fetch') {
      this.#statistics.fetches.fetchFailed()
      this.#events.fetchFailed(nodeId ?? -1, now - startedAt, error)
    } else if (api === 'JoinGroup' || api === 'SyncGroup') this.#statistics.rebalanceFailed(now)
  }
}
