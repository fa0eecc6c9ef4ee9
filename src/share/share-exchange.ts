import { pushTo } from '../base/group-by'
import type { Cluster } from '../cluster/cluster'
import {
  shareAcknowledgeApi,
  type ShareAcknowledgeRequest,
  type ShareAcknowledgeResponse,
} from '../wire/generated/client/share-acknowledge'
import {
  shareFetchApi,
  type ShareFetchRequest,
  type ShareFetchRequestFetchTopic,
  type ShareFetchResponse,
} from '../wire/generated/client/share-fetch'
import type { AcknowledgementBatch, AcknowledgementRound } from './acknowledgement-round'
import type { ShareFetchPlan } from './share-session'
import type { ShareSettings } from './share-settings'

/** The first versions that know record limits (KIP-1206) and renewals (KIP-1222). */
const firstVersionOf42 = 2
const acquireModes = { batch_optimized: 0, record_limit: 1 } as const

/** Bounds of one ShareFetch. */
export interface ShareFetchLimits {
  readonly maxBytes: number
  readonly maxRecords: number
}

/** Makes and sends the requests of a share session; knows nothing of when, and of what comes back. */
export class ShareExchange {
  readonly #nodeId: number
  readonly #settings: ShareSettings
  readonly #signal: AbortSignal

  constructor(nodeId: number, settings: ShareSettings, signal: AbortSignal) {
    this.#nodeId = nodeId
    this.#settings = settings
    this.#signal = signal
  }

  fetch(
    plan: ShareFetchPlan,
    round: AcknowledgementRound,
    { maxBytes, maxRecords }: ShareFetchLimits,
  ): Promise<ShareFetchResponse> {
    const { cluster, groupId, memberId, connection, minBytes, maxWaitMs, acquireMode } = this.#settings
    const request: ShareFetchRequest = {
      groupId,
      memberId,
      shareSessionEpoch: plan.sessionEpoch,
      maxWaitMs,
      minBytes,
      maxBytes,
      maxRecords,
      batchSize: maxRecords,
      shareAcquireMode: acquireModes[acquireMode],
      topics: fetchTopics(plan, round),
      forgottenTopicsData: plan.forgotten,
    }
    return cluster.send(this.#nodeId, shareFetchApi, request, {
      connection,
      timeoutMs: maxWaitMs + cluster.requestTimeoutMs,
      signal: this.#signal,
      ...(acquireMode === 'record_limit' && { minVersion: firstVersionOf42 }),
    })
  }

  acknowledge(
    sessionEpoch: number,
    round: AcknowledgementRound,
    timeoutMs: number,
  ): Promise<ShareAcknowledgeResponse> {
    const { cluster, groupId, memberId, connection } = this.#settings
    const request: ShareAcknowledgeRequest = {
      groupId,
      memberId,
      shareSessionEpoch: sessionEpoch,
      isRenewAck: round.renews,
      topics: acknowledgeTopics(round),
    }
    return cluster.send(this.#nodeId, shareAcknowledgeApi, request, {
      connection,
      timeoutMs,
      signal: this.#signal,
      ...(round.renews && { minVersion: firstVersionOf42 }),
    })
  }

  /** True when the broker can renew locks. */
  async canRenew(): Promise<boolean> {
    const { cluster, connection } = this.#settings
    return (await versionOn(cluster, this.#nodeId, connection)) >= firstVersionOf42
  }
}

function versionOn(cluster: Cluster, nodeId: number, connection: string): Promise<number> {
  return cluster.negotiatedVersion(nodeId, shareAcknowledgeApi, { connection })
}

interface TopicPart<Partition> {
  readonly topicId: string
  readonly partitions: Partition[]
}

/** The partitions that are new to the session, and those that something is said of. */
function fetchTopics(plan: ShareFetchPlan, round: AcknowledgementRound): ShareFetchRequestFetchTopic[] {
  const entries = new Map(plan.added.map(({ key, topicId, partition }) => [key, { topicId, partition }]))
  for (const { topicId, partition } of round.parts()) {
    entries.set(`${topicId}:${partition}`, { topicId, partition })
  }
  return groupByTopic([...entries], ([key, { topicId, partition }]) => ({
    topicId,
    part: { partitionIndex: partition, acknowledgementBatches: round.batchesOf(key) },
  }))
}

function acknowledgeTopics(round: AcknowledgementRound) {
  return groupByTopic([...round.parts()], ({ topicId, partition, batches }) => ({
    topicId,
    part: { partitionIndex: partition, acknowledgementBatches: batches as readonly AcknowledgementBatch[] },
  }))
}

function groupByTopic<Entry, Part>(
  entries: readonly Entry[],
  split: (entry: Entry) => { readonly topicId: string; readonly part: Part },
): TopicPart<Part>[] {
  const topics = new Map<string, Part[]>()
  for (const entry of entries) {
    const { topicId, part } = split(entry)
    pushTo(topics, topicId, part)
  }
  return [...topics].map(([topicId, partitions]) => ({ topicId, partitions }))
}
