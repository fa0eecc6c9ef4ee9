import { ErrorCode } from '../../base/error-codes'
import type { FetchRequest } from '../../wire/generated/broker/fetch'
import { FetchPartition } from './fetch-partition'
import { FetchSessionEpoch, nextFetchSessionEpoch, type FetchSession } from './fetch-session'
import type { FetchSessionCache } from './fetch-session-cache'

/** How a request is to be answered, after its session was looked up. */
export type FetchContext =
  | { readonly kind: 'error'; readonly errorCode: number }
  /** All partitions are in the request and all are answered; no session is wanted. */
  | { readonly kind: 'sessionless'; readonly partitions: readonly FetchPartition[] }
  /** The same, and a session is made of it if there is place for one. */
  | { readonly kind: 'full'; readonly partitions: readonly FetchPartition[] }
  /** The request says what changed, the response says it too. */
  | {
      readonly kind: 'incremental'
      readonly partitions: readonly FetchPartition[]
      readonly session: FetchSession
      readonly expectedEpoch: number
    }

/** Finds what a request fetches, and keeps its session up to date (KIP-227). */
export function openFetchContext(
  cache: FetchSessionCache,
  request: FetchRequest,
  usesTopicIds: boolean,
): FetchContext {
  const { sessionId, sessionEpoch } = request
  if (sessionEpoch === FetchSessionEpoch.final || sessionEpoch === FetchSessionEpoch.initial) {
    if (sessionId !== 0) cache.remove(sessionId)
    const partitions = requestedPartitions(request)
    return { kind: sessionEpoch === FetchSessionEpoch.final ? 'sessionless' : 'full', partitions }
  }
  const session = cache.get(sessionId)
  if (session === undefined) return { kind: 'error', errorCode: ErrorCode.FETCH_SESSION_ID_NOT_FOUND }
  if (session.usesTopicIds !== usesTopicIds) {
    return { kind: 'error', errorCode: ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR }
  }
  if (session.epoch !== sessionEpoch) {
    return { kind: 'error', errorCode: ErrorCode.INVALID_FETCH_SESSION_EPOCH }
  }
  session.update(request)
  if (session.size === 0) {
    // The client forgot all of it: the session is over.
    cache.remove(session.id)
    return { kind: 'sessionless', partitions: [] }
  }
  session.epoch = nextFetchSessionEpoch(session.epoch)
  cache.touch(session)
  return { kind: 'incremental', partitions: session.partitions, session, expectedEpoch: session.epoch }
}

function requestedPartitions(request: FetchRequest): FetchPartition[] {
  const partitions = new Map<string, FetchPartition>()
  for (const topic of request.topics) {
    for (const asked of topic.partitions) {
      const partition = new FetchPartition(topic, asked)
      partitions.set(partition.key, partition)
    }
  }
  return [...partitions.values()]
}
