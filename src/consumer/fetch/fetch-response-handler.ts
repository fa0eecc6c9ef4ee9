import { errorCodeName, ErrorCode, isRetriable } from '../../base/error-codes'
import { BrokerError } from '../../base/errors'
import { formatTopicPartition } from '../../base/topic-partition'
import type { FetchResponse, FetchResponsePartitionData } from '../../wire/generated/client/fetch'
import type { PartitionState } from '../partition-state'
import type { AskedPartition, FindAsked } from './asked-partition'
import { measureRecords } from './fetch-queue'
import { FetchedFrame } from './fetched-frame'
import type { FetchSettings } from './fetch-settings'
import type { FetchShares } from './fetch-shares'

/** After so many refusals of an unknown topic in a row a warning is logged; fetching goes on trying (F6). */
const toleratedUnknownTopics = 5

/**
 * Files what a Fetch response brings: records into the partitions' queues, errors to where each is cured. Parts that
 * were asked for under an older token are dropped (F3).
 */
export class FetchResponseHandler {
  readonly #settings: FetchSettings
  readonly #shares: FetchShares
  readonly #onLeaderLearnt: (state: PartitionState) => void

  /** @param onLeaderLearnt called when an answer named the leader of a partition */
  constructor(settings: FetchSettings, shares: FetchShares, onLeaderLearnt: (state: PartitionState) => void) {
    this.#settings = settings
    this.#shares = shares
    this.#onLeaderLearnt = onLeaderLearnt
  }

  /**
   * Answers for which partitions records were filed; the caller tells, once the next request is on its way.
   * @param reservedBytes what was reserved for the response; from here on its records count instead
   * @param onAnswered called for each partition that the response speaks of, after it was dealt with
   */
  handle(
    response: FetchResponse,
    find: FindAsked,
    reservedBytes: number,
    onAnswered?: (state: PartitionState) => void,
  ): readonly PartitionState[] {
    const frame = new FetchedFrame(this.#settings.memory)
    this.#learnLeaders(response, find)
    const filed: PartitionState[] = []
    for (const { topic, topicId, partitions } of response.responses) {
      for (const data of partitions) {
        const one = find(topic, topicId, data.partitionIndex)
        if (one === undefined) continue
        if (one.state.token === one.token && one.state.phase === 'fetching') {
          if (data.errorCode !== ErrorCode.NONE) this.#handleError(one, data.errorCode)
          else if (this.#file(one, data, frame)) filed.push(one.state)
        }
        onAnswered?.(one.state)
      }
    }
    frame.seal(reservedBytes)
    return filed
  }

  /** Leaders that the response names (KIP-951) are known before the errors that made the broker name them. */
  #learnLeaders(response: FetchResponse, find: FindAsked): void {
    for (const { topic, topicId, partitions } of response.responses) {
      for (const { partitionIndex, currentLeader } of partitions) {
        if (currentLeader.leaderId < 0 || currentLeader.leaderEpoch < 0) continue
        const state = find(topic, topicId, partitionIndex)?.state
        if (state === undefined) continue
        const endpoint = response.nodeEndpoints.find(({ nodeId }) => nodeId === currentLeader.leaderId)
        this.#settings.cluster.metadata.updateLeader(
          state.topic,
          state.partition,
          currentLeader.leaderId,
          currentLeader.leaderEpoch,
          endpoint,
        )
        this.#onLeaderLearnt(state)
      }
    }
  }

  /** Files the records; true when there is something to deliver. */
  #file(
    { state, fetchOffset }: AskedPartition,
    data: FetchResponsePartitionData,
    frame: FetchedFrame,
  ): boolean {
    state.highWatermark = data.highWatermark
    state.lastStableOffset = data.lastStableOffset
    if (data.logStartOffset >= 0n) state.logStartOffset = data.logStartOffset
    state.toldAt = this.#settings.cluster.clock.now()
    this.#notePreferredReplica(state, data.preferredReadReplica)
    const { records } = data
    if (records === null || records.length === 0) {
      state.failures = 0
      return false
    }
    const { nextOffset, leaderEpoch, isMalformed } = measureRecords(records)
    if (isMalformed || (nextOffset !== undefined && nextOffset > fetchOffset)) {
      state.failures = 0
      state.reader.queue.push(frame.add(records, data.abortedTransactions))
      this.#shares.noteAnswer(state, records.length)
      if (nextOffset !== undefined && nextOffset > fetchOffset) state.fetchOffset = nextOffset
      if (leaderEpoch >= 0) state.positionEpoch = leaderEpoch
      return true
    }
    // Bytes, and yet no step forward: without a pause this would be asked again at once, for ever (F5).
    this.#backOff(state)
    if (state.failures === 1) {
      this.#settings.cluster.logger.warn('A fetch brought no whole record batch beyond the position', {
        partition: formatTopicPartition(state),
        fetchOffset,
        bytes: records.length,
      })
    }
    return false
  }

  #notePreferredReplica(state: PartitionState, replica: number): void {
    if (replica < 0) return
    state.preferredReplica = replica
    state.preferredReplicaUntil = this.#settings.cluster.clock.now() + this.#settings.preferredReplicaMaxAgeMs
  }

  #handleError(asked: AskedPartition, errorCode: number): void {
    const { state } = asked
    const { metadata, logger } = this.#settings.cluster
    const details = { partition: formatTopicPartition(state), error: errorCodeName(errorCode) }
    if (errorCode === ErrorCode.OFFSET_OUT_OF_RANGE) return this.#handleOutOfRange(asked)
    state.preferredReplica = -1
    if (maySucceedLater(errorCode)) {
      this.#backOff(state)
      state.lastError = details.error
      if (isTopicUnknown(errorCode) && state.failures === toleratedUnknownTopics) {
        logger.warn('The topic of an assigned partition is unknown to its broker; was it deleted?', details)
      } else logger.debug('A partition was refused and is asked for again', details)
      metadata.requestRefresh(`Fetch: ${details.error} for ${details.partition}`)
      return
    }
    const { topic, partition } = state
    const error = new BrokerError(errorCode, `The fetch at offset ${asked.fetchOffset} was refused`, {
      topic,
      partition,
    })
    state.fail(error)
    this.#settings.onFailed(state, error)
  }

  #handleOutOfRange({ state, fetchOffset, isFollower }: AskedPartition): void {
    if (fetchOffset !== state.fetchOffset) return
    if (isFollower) {
      // The follower may be behind; only the leader knows (C12).
      state.preferredReplica = -1
      return
    }
    // What was fetched before is still delivered; the position is reset when it has reached the edge.
    if (state.reader.isDrained) this.#settings.onOutOfRange(state)
    else this.#backOff(state)
  }

  #backOff(state: PartitionState): void {
    const { cluster } = this.#settings
    state.failures++
    state.retryAt = cluster.clock.now() + cluster.backoffMs(state.failures)
  }
}

/** A log that its broker can't read stays so: asking again for ever would be a stall that nobody hears of (C7). */
function maySucceedLater(errorCode: number): boolean {
  if (errorCode === ErrorCode.CORRUPT_MESSAGE) return false
  return isRetriable(errorCode) || errorCode === ErrorCode.UNKNOWN_SERVER_ERROR
}

function isTopicUnknown(errorCode: number): boolean {
  return (
    errorCode === ErrorCode.UNKNOWN_TOPIC_ID ||
    errorCode === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION ||
    errorCode === ErrorCode.INCONSISTENT_TOPIC_ID
  )
}
