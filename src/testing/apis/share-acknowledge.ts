import {
  type ShareAcknowledgeRequest,
  type ShareAcknowledgeResponse,
  shareAcknowledgeApi,
} from '../../wire/generated/broker/share-acknowledge'
import { acknowledgeAll } from '../groups/share/share-acknowledger'
import type { ShareCoordinator } from '../groups/share/share-coordinator'
import { type ShareSession, shareSessionEpochs } from '../groups/share/share-sessions'
import { errorCodeOf, fail } from '../contracts/kafka-failure'
import { type ApiHandler, type RequestContext, handler } from '../contracts/api-handler'
import type { Services } from '../contracts/services'
import { LeaderHints, byTopic } from './share-leader'
import { authorizeGroup } from './group-access'
import { requireShareProtocol } from './share-protocol'

/** ShareAcknowledge 1 and 2 (KIP-932). Version 2 renews locks (KIP-1222). */
export function shareAcknowledgeHandler(
  services: Services,
  coordinator: ShareCoordinator,
): ApiHandler<ShareAcknowledgeRequest, ShareAcknowledgeResponse> {
  return handler(shareAcknowledgeApi, (request, context) => {
    try {
      return acknowledge(services, coordinator, request, context)
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

function acknowledge(
  services: Services,
  { sessions, states }: ShareCoordinator,
  request: ShareAcknowledgeRequest,
  context: RequestContext,
): ShareAcknowledgeResponse {
  requireShareProtocol(services)
  const { groupId: group, memberId: member, shareSessionEpoch: epoch, isRenewAck: mayRenew } = request
  const groupId = group ?? ''
  const memberId = member ?? ''
  authorizeGroup(services, context, 'Read', groupId)
  if (epoch === shareSessionEpochs.open) throw fail('INVALID_SHARE_SESSION_EPOCH')
  const isLast = epoch === shareSessionEpochs.close
  const session: ShareSession = isLast
    ? sessions.require(context, groupId, memberId)
    : sessions.proceed(context, groupId, memberId, epoch)
  const all = request.topics.flatMap(({ topicId, partitions }) =>
    partitions.map(({ partitionIndex, acknowledgementBatches }) => ({
      ref: { topicId, partition: partitionIndex },
      batches: acknowledgementBatches,
    })),
  )
  const results = acknowledgeAll(services, states, context, { groupId, memberId, mayRenew }, all)
  if (isLast) sessions.close(context, session)
  const hints = new LeaderHints(services)
  const answers = results.map(({ ref, errorCode, errorMessage }) => ({
    ref,
    answer: {
      partitionIndex: ref.partition,
      errorCode,
      errorMessage,
      currentLeader: hints.leaderFor(ref, errorCode),
    },
  }))
  return {
    throttleTimeMs: 0,
    errorCode: 0,
    acquisitionLockTimeoutMs: services.configs.groupNumber(groupId, 'share.record.lock.duration.ms'),
    responses: byTopic(answers),
    nodeEndpoints: hints.nodeEndpoints,
  }
}
