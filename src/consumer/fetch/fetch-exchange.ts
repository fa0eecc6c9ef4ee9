import { fetchApi, type FetchRequest, type FetchResponse } from '../../wire/generated/client/fetch'
import { zeroUuid } from '../../wire/primitives/uuid'
import type { FetchAsker, PartitionState } from '../partition-state'
import type { AskedPartition } from './asked-partition'
import type { FetchPlan } from './fetch-session'
import type { FetchSettings } from './fetch-settings'
import { smallestAskBytes } from './fetch-shares'

/** The first version that names topics by id. */
const firstVersionWithTopicIds = 13
/** Bounds of one request. */
export interface FetchLimits {
  readonly maxBytes: number
  readonly maxWaitMs: number
  readonly minBytes: number
  readonly connection: string
}

/** Makes and sends the Fetch requests for one broker; knows nothing of when, and of what comes back. */
export class FetchExchange {
  readonly nodeId: number
  readonly #settings: FetchSettings
  readonly #signal: AbortSignal

  constructor(nodeId: number, settings: FetchSettings, signal: AbortSignal) {
    this.nodeId = nodeId
    this.#settings = settings
    this.#signal = signal
  }

  /** Reserves memory for an answer of up to so many bytes; 0 when there is none. */
  reserve(bytes: number): number {
    const wanted = Math.min(this.#settings.maxBytes, bytes)
    return this.#settings.memory.reserve(wanted, Math.min(smallestAskBytes, wanted))
  }

  /**
   * The question for the partition as it stands now: under which token, and of which leader.
   * @param asker who keeps asking, if the question stands for longer than one request
   */
  ask(state: PartitionState, partitionMaxBytes: number, asker?: FetchAsker): AskedPartition {
    const { metadata } = this.#settings.cluster
    const { topic, partition, token, fetchOffset } = state
    const description = metadata.topic(topic)
    const leader = description?.partitions[partition]
    state.leaderId = leader?.leaderId ?? -1
    state.leaderEpoch = leader?.leaderEpoch ?? -1
    return {
      state,
      token,
      asker,
      topic,
      topicId: description?.topicId ?? zeroUuid,
      partition,
      fetchOffset,
      currentLeaderEpoch: state.leaderEpoch,
      partitionMaxBytes,
      isFollower: state.leaderId !== this.nodeId,
    }
  }

  send(plan: FetchPlan, limits: FetchLimits): Promise<FetchResponse> {
    const { cluster, isolationLevel, rackId } = this.#settings
    const { maxWaitMs, minBytes, maxBytes, connection } = limits
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
    return cluster.send(this.nodeId, fetchApi, request, {
      connection,
      timeoutMs: maxWaitMs + cluster.requestTimeoutMs,
      signal: this.#signal,
      maxVersion: plan.usesTopicIds ? undefined : firstVersionWithTopicIds - 1,
    })
  }
}
