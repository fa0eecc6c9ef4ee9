import {
  type ShareFetchRequest,
  type ShareFetchResponse,
  type ShareFetchResponsePartitionData,
  shareFetchApi,
} from '../../wire/generated/broker/share-fetch'
import { type AcknowledgedPartition, acknowledgeAll } from '../groups/share/share-acknowledger'
import type { ShareCoordinator } from '../groups/share/share-coordinator'
import type { FetchedSharePartition } from '../groups/share/share-fetcher'
import {
  type SharePartitionRef,
  type ShareSession,
  addPartitions,
  forgetPartitions,
  shareSessionEpochs,
} from '../groups/share/share-sessions'
import { errorCodeOf, fail } from '../contracts/kafka-failure'
import { type ApiHandler, type RequestContext, handler } from '../contracts/api-handler'
import type { Services } from '../contracts/services'
import { LeaderHints, byTopic } from './share-leader'
import { authorizeGroup } from './group-access'
import { requireShareProtocol } from './share-protocol'

/** What `shareAcquireMode` says since version 2 (KIP-1206). */
const recordLimitMode = 1

interface Answer {
  readonly ref: SharePartitionRef
  fetched?: FetchedSharePartition
  acknowledged?: AcknowledgedPartition
}

/** ShareFetch 1 and 2 (KIP-932). Version 2 has the mode of strict record limits and renews locks (KIP-1222). */
export function shareFetchHandler(
  services: Services,
  coordinator: ShareCoordinator,
): ApiHandler<ShareFetchRequest, ShareFetchResponse> {
  return handler(shareFetchApi, async (request, context) => {
    try {
      return await fetch(services, coordinator, request, context)
    } catch (error) {
      return {
        throttleTimeMs: 0,
        errorCode: errorCodeOf(error),
        acquisitionLockTimeoutMs: 0,
        responses: [],
        nodeEndpoints: [],
      }
    }
  })
}

async function fetch(
  services: Services,
  coordinator: ShareCoordinator,
  request: ShareFetchRequest,
  context: RequestContext,
): Promise<ShareFetchResponse | undefined> {
  requireShareProtocol(services)
  const groupId = request.groupId ?? ''
  const memberId = request.memberId ?? ''
  authorizeGroup(services, context, 'Read', groupId)
  checkRenewal(request)
  const epoch = request.shareSessionEpoch
  const session = sessionFor(coordinator, request, context)
  const member = { groupId, memberId, mayRenew: request.isRenewAck }
  const acknowledged = acknowledgeAll(
    services,
    coordinator.states,
    context,
    member,
    acknowledgementsOf(request),
  )
  let fetched: readonly FetchedSharePartition[] | undefined = []
  if (epoch === shareSessionEpochs.close) {
    coordinator.sessions.close(context, session)
  } else {
    const refs = [...session.partitions.values()].map(({ ref }) => ref)
    const options = { ...request, groupId, memberId, isStrict: request.shareAcquireMode === recordLimitMode }
    fetched = await coordinator.fetcher.fetch(refs, { ...options, turn: epoch }, context)
  }
  if (fetched === undefined) return undefined
  const answers = answersOf(session, fetched, acknowledged, epoch === shareSessionEpochs.open)
  const throttleTimeMs = services.quotas.record(context, 'fetch', bytesOf(fetched))
  context.throttleMs = Math.max(context.throttleMs, throttleTimeMs)
  return { ...respond(services, groupId, answers), throttleTimeMs }
}

/** A request that renews locks fetches nothing. */
function checkRenewal({ isRenewAck, maxWaitMs, minBytes, maxBytes, maxRecords }: ShareFetchRequest): void {
  if (isRenewAck && (maxWaitMs > 0 || minBytes > 0 || maxBytes > 0 || maxRecords > 0))
    throw fail('INVALID_REQUEST')
}

function sessionFor(
  { sessions }: ShareCoordinator,
  request: ShareFetchRequest,
  context: RequestContext,
): ShareSession {
  const groupId = request.groupId ?? ''
  const memberId = request.memberId ?? ''
  const epoch = request.shareSessionEpoch
  if (epoch === shareSessionEpochs.close) return sessions.require(context, groupId, memberId)
  const refs = refsOf(
    request.topics.map(({ topicId, partitions }) => {
      return { topicId, partitions: partitions.map(({ partitionIndex }) => partitionIndex) }
    }),
  )
  if (epoch === shareSessionEpochs.open) {
    if (acknowledgementsOf(request).length > 0) throw fail('INVALID_REQUEST')
    return sessions.open(context, groupId, memberId, refs)
  }
  const session = sessions.proceed(context, groupId, memberId, epoch)
  addPartitions(session, refs, true)
  forgetPartitions(session, refsOf(request.forgottenTopicsData))
  return session
}

function refsOf(
  topics: readonly { readonly topicId: string; readonly partitions: readonly number[] }[],
): SharePartitionRef[] {
  return topics.flatMap(({ topicId, partitions }) => partitions.map((partition) => ({ topicId, partition })))
}

function acknowledgementsOf(request: ShareFetchRequest) {
  return request.topics.flatMap(({ topicId, partitions }) =>
    partitions
      .filter(({ acknowledgementBatches }) => acknowledgementBatches.length > 0)
      .map(({ partitionIndex, acknowledgementBatches }) => ({
        ref: { topicId, partition: partitionIndex },
        batches: acknowledgementBatches,
      })),
  )
}

/** A session is told of what is new: of partitions without records or errors only once. */
function answersOf(
  session: ShareSession,
  fetched: readonly FetchedSharePartition[],
  acknowledged: readonly AcknowledgedPartition[],
  isFirst: boolean,
): Answer[] {
  const answers = new Map<string, Answer>()
  for (const one of fetched) {
    const key = `${one.ref.topicId}:${one.ref.partition}`
    const known = session.partitions.get(key)
    if (isFirst || one.records.length > 0 || one.errorCode !== 0 || known?.isNew) {
      answers.set(key, { ref: one.ref, fetched: one })
    }
    if (known !== undefined) known.isNew = one.errorCode !== 0
  }
  for (const one of acknowledged) {
    const key = `${one.ref.topicId}:${one.ref.partition}`
    const known = answers.get(key)
    if (known === undefined) answers.set(key, { ref: one.ref, acknowledged: one })
    else known.acknowledged = one
  }
  return [...answers.values()]
}

function respond(services: Services, groupId: string, answers: readonly Answer[]): ShareFetchResponse {
  const hints = new LeaderHints(services)
  const partitions = answers.map(({ ref, fetched, acknowledged }) => {
    const errorCode = fetched?.errorCode ?? 0
    const acknowledgeErrorCode = acknowledged?.errorCode ?? 0
    const answer: ShareFetchResponsePartitionData = {
      partitionIndex: ref.partition,
      errorCode,
      acknowledgeErrorCode,
      acknowledgeErrorMessage: acknowledged?.errorMessage ?? null,
      currentLeader: hints.leaderFor(ref, errorCode, acknowledgeErrorCode),
      records: fetched?.records ?? [],
      acquiredRecords: fetched?.acquired ?? [],
    }
    return { ref, answer }
  })
  return {
    throttleTimeMs: 0,
    errorCode: 0,
    acquisitionLockTimeoutMs: services.configs.groupNumber(groupId, 'share.record.lock.duration.ms'),
    responses: byTopic(partitions),
    nodeEndpoints: hints.nodeEndpoints,
  }
}

function bytesOf(fetched: readonly FetchedSharePartition[]): number {
  return fetched.reduce(
    (sum, { records }) => sum + records.reduce((bytes, piece) => bytes + piece.length, 0),
    0,
  )
}
