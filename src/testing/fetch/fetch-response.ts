import { ErrorCode } from '../../base/error-codes'
import type {
  FetchResponse,
  FetchResponseFetchableTopicResponse,
  FetchResponseNodeEndpoint,
  FetchResponsePartitionData,
} from '../../wire/generated/broker/fetch'
import type { FetchContext } from './fetch-context'
import type { FetchPartition } from './fetch-partition'
import type { FetchRead } from './fetch-reader'
import type { FetchSessionCache } from './fetch-session-cache'
import type { FetchScope, PartitionRead } from './partition-read'

/** First version with hints on the current leader (KIP-951). */
const leaderHintsFrom = 16

type Answer = readonly [FetchPartition, FetchResponsePartitionData]

/** The response of a fetch, and what its session keeps of it. */
export function fetchResponse(
  scope: FetchScope,
  context: Exclude<FetchContext, { kind: 'error' }>,
  cache: FetchSessionCache,
  { reads }: FetchRead,
): FetchResponse {
  if (context.kind === 'incremental' && context.session.epoch !== context.expectedEpoch) {
    // Another request of the same session came in between.
    const errorCode = ErrorCode.INVALID_FETCH_SESSION_EPOCH
    return { throttleTimeMs: 0, errorCode, sessionId: 0, responses: [] }
  }
  const answers: Answer[] = []
  const endpoints = new Map<number, FetchResponseNodeEndpoint>()
  context.partitions.forEach((wanted, at) => {
    const read = reads[at] as PartitionRead
    const hasNews = noteTold(wanted, read)
    if (context.kind === 'incremental') {
      if (!hasNews) return
      if (read.bytes > 0) context.session.moveToEnd(wanted)
    }
    answers.push([wanted, withLeaderHint(scope, read, endpoints)])
  })
  const sessionId = sessionIdOf(scope, context, cache)
  const responses = byTopic(answers)
  return { throttleTimeMs: 0, errorCode: 0, sessionId, responses, nodeEndpoints: [...endpoints.values()] }
}

/** The same refusal for all partitions. */
export function refusedResponse(partitions: readonly FetchPartition[], errorCode: number): FetchResponse {
  const answers = partitions.map((wanted): Answer => {
    const data = { partitionIndex: wanted.index, errorCode, highWatermark: -1n, records: [] }
    return [wanted, { ...data, abortedTransactions: null }]
  })
  return { throttleTimeMs: 0, errorCode: 0, sessionId: 0, responses: byTopic(answers) }
}

/** True when the client was not told before, so that a session has to name the partition. */
function noteTold(wanted: FetchPartition, { data, bytes }: PartitionRead): boolean {
  const { highWatermark, logStartOffset = -1n } = data
  const isNews =
    bytes > 0 ||
    highWatermark !== wanted.toldHighWatermark ||
    logStartOffset !== wanted.toldLogStartOffset ||
    data.preferredReadReplica !== undefined ||
    data.divergingEpoch !== undefined ||
    data.errorCode !== 0
  // After an error the next answer is news in any case.
  const isKnown = data.errorCode === 0 && data.divergingEpoch === undefined
  wanted.toldHighWatermark = isKnown ? highWatermark : -1n
  wanted.toldLogStartOffset = logStartOffset
  return isNews
}

function sessionIdOf(
  scope: FetchScope,
  context: Exclude<FetchContext, { kind: 'error' }>,
  cache: FetchSessionCache,
): number {
  if (scope.version < 7 || context.kind === 'sessionless') return 0
  if (context.kind === 'incremental') {
    cache.touch(context.session)
    return context.session.id
  }
  return cache.create(context.partitions, scope.version >= 13)?.id ?? 0
}

/** Tells who leads now, so that the client need not ask for metadata (KIP-951). */
function withLeaderHint(
  { services, version }: FetchScope,
  { data, partition }: PartitionRead,
  endpoints: Map<number, FetchResponseNodeEndpoint>,
): FetchResponsePartitionData {
  const isMoved =
    data.errorCode === ErrorCode.NOT_LEADER_OR_FOLLOWER || data.errorCode === ErrorCode.FENCED_LEADER_EPOCH
  if (!isMoved || version < leaderHintsFrom || partition === undefined) return data
  const { leaderId, leaderEpoch } = partition
  const broker = services.brokers.alive.find(({ id }) => id === leaderId)
  if (broker !== undefined) {
    const { host, port, rack } = broker
    endpoints.set(leaderId, { nodeId: leaderId, host, port, rack })
  }
  return { ...data, currentLeader: { leaderId, leaderEpoch } }
}

/** Neighbours of the same topic share an entry; the order of the partitions stays. */
function byTopic(answers: readonly Answer[]): FetchResponseFetchableTopicResponse[] {
  const topics: (FetchResponseFetchableTopicResponse & { partitions: FetchResponsePartitionData[] })[] = []
  for (const [wanted, data] of answers) {
    const { topic, topicId } = wanted
    const last = topics[topics.length - 1]
    if (last?.topic === topic && last.topicId === topicId) last.partitions.push(data)
    else topics.push({ topic, topicId, partitions: [data] })
  }
  return topics
}
