import {
  type DeleteShareGroupOffsetsRequest,
  type DeleteShareGroupOffsetsResponse,
  deleteShareGroupOffsetsApi,
} from '../../wire/generated/broker/delete-share-group-offsets'
import type { ShareCoordinator } from '../groups/share/share-coordinator'
import { fail } from '../contracts/kafka-failure'
import { type ApiHandler, type RequestContext, handler } from '../contracts/api-handler'
import type { Services } from '../contracts/services'
import { authorizeGroup } from './group-access'
import { refusal, refusedOffsets, unknownPartition } from './share-group-offsets'
import { requireShareProtocol } from './share-protocol'
import { zeroUuid } from '../../wire/primitives/uuid'

/** DeleteShareGroupOffsets 0: forgets what a group without members did with whole topics. */
export function deleteShareGroupOffsetsHandler(
  services: Services,
  coordinator: ShareCoordinator,
): ApiHandler<DeleteShareGroupOffsetsRequest, DeleteShareGroupOffsetsResponse> {
  return handler(deleteShareGroupOffsetsApi, (request, context) => {
    try {
      return forget(services, coordinator, request, context)
    } catch (error) {
      return refusedOffsets(error)
    }
  })
}

function forget(
  services: Services,
  { groups, states }: ShareCoordinator,
  { groupId, topics }: DeleteShareGroupOffsetsRequest,
  context: RequestContext,
): DeleteShareGroupOffsetsResponse {
  requireShareProtocol(services)
  const { authorizer } = services
  authorizeGroup(services, context, 'Delete', groupId)
  groups.require(groupId, context).validateDelete()
  const responses = topics.map(({ topicName }) => {
    const mayRead = authorizer.allows(context, 'Read', 'Topic', topicName)
    const topic = mayRead ? services.topics.byName(topicName) : undefined
    if (topic !== undefined) {
      states.deleteTopic(groupId, topic.id)
      return { topicName, topicId: topic.id, errorCode: 0 }
    }
    const error = mayRead ? unknownPartition() : fail('TOPIC_AUTHORIZATION_FAILED')
    return { topicName, topicId: zeroUuid, ...refusal(error) }
  })
  return { throttleTimeMs: 0, errorCode: 0, responses }
}
