import { ErrorCode } from '../../base/error-codes'
import { AbortedError, type KafkaError } from '../../base/errors'
import type { ObservedRequest } from '../../cluster/observed-cluster'
import { countRecords, fetchAnswerOf } from '../../health/fetch-answer'
import type { ShareFetchResponse } from '../../wire/generated/client/share-fetch'
import type { ShareEvents } from './share-events'
import type { ShareStatistics } from './share-statistics'

/** Counts the requests of a share consumer by what they are for, and tells of them, once a request. */
export class ShareRequestStatistics {
  readonly #statistics: ShareStatistics
  readonly #events: ShareEvents

  constructor(statistics: ShareStatistics, events: ShareEvents) {
    this.#statistics = statistics
    this.#events = events
  }

  sent({ api, startedAt }: ObservedRequest): void {
    if (api === 'ShareGroupHeartbeat') this.#statistics.heartbeats.sent(startedAt)
  }

  answered(request: ObservedRequest, response: unknown, now: number): void {
    const latencyMs = now - request.startedAt
    if (request.api === 'ShareFetch') this.#fetched(request, response as ShareFetchResponse, latencyMs, now)
    else if (request.api === 'ShareGroupHeartbeat') this.#statistics.heartbeats.answered(latencyMs, now)
  }

  #fetched({ nodeId }: ObservedRequest, response: ShareFetchResponse, latencyMs: number, now: number): void {
    const { fetches } = this.#statistics
    if (response.errorCode !== ErrorCode.NONE) return fetches.fetchFailed()
    const answer = fetchAnswerOf(response, nodeId, latencyMs)
    const acquired = acquiredIn(response)
    fetches.fetched(latencyMs, answer.byteLength, answer.throttleMs, now)
    this.#statistics.acquired(acquired, now)
    this.#events.fetched(answer, acquired, () => countRecords(response))
  }

  failed({ api, nodeId, startedAt }: ObservedRequest, error: KafkaError, now: number): void {
    if (error instanceof AbortedError || api !== 'ShareFetch') return
    this.#statistics.fetches.fetchFailed()
    this.#events.fetchFailed(nodeId ?? -1, now - startedAt, error)
  }
}

/** Offsets that the broker let this member have. */
function acquiredIn({ responses }: ShareFetchResponse): number {
  let count = 0
  for (const { partitions } of responses) {
    for (const { acquiredRecords } of partitions) {
      for (const { firstOffset, lastOffset } of acquiredRecords) count += Number(lastOffset - firstOffset) + 1
    }
  }
  return count
}
