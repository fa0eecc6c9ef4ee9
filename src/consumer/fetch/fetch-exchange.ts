import { fetchApi, type FetchRequest, type FetchResponse } from '../../wire/generated/client/fetch'
import { zeroUuid } from '../../wire/primitives/uuid'
import type { PartitionState } from '../partition-state'
import type { AskedPartition } from './fetch-response-handler'
import type { FetchPlan, FetchTarget } from './fetch-session'
import type { FetchSettings } from './fetch-settings'

/** The first version that names topics by id. */
const firstVersionWithTopicIds = 13
/** The smallest piece that a partition is asked for when many share the budget. */
const smallestAsk = 16 * 1024

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

  /** Reserves memory for an answer; 0 when there is none. */
  reserve(partitionCount: number, bytesPerPartition: number): number {
    const { memory, maxBytes } = this.#settings
    const wanted = Math.min(maxBytes, bytesPerPartition * partitionCount)
    return memory.reserve(wanted, Math.min(smallestAsk, wanted))
  }

  /** Marks the partitions as asked for, and notes under which token and from which leader. */
  ask(partitions: readonly PartitionState[]): AskedPartition[] {
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
        isFollower: state.leaderId !== this.nodeId,
      }
    })
  }

  targets(asked: readonly AskedPartition[], partitionMaxBytes: number): FetchTarget[] {
    return asked.map(({ state, fetchOffset, topicId }) => ({
      topic: state.topic,
      topicId,
      partition: state.partition,
      fetchOffset,
      currentLeaderEpoch: state.leaderEpoch,
      partitionMaxBytes,
    }))
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
      ...(!plan.usesTopicIds && { maxVersion: firstVersionWithTopicIds - 1 }),
    })
  }
}
