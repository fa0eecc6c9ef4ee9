import { ErrorCode } from '../../base/error-codes'
import {
  offsetDeleteApi,
  type OffsetDeleteRequest,
  type OffsetDeleteResponse,
} from '../../wire/generated/broker/offset-delete'
import { forgetIfBare } from '../groups/classic/old-coordinator'
import type { Group } from '../contracts/group'
import { fail } from '../contracts/kafka-failure'
import { handler, type ApiHandler, type RequestContext } from '../contracts/api-handler'
import type { Services } from '../contracts/services'
import { authorizeGroup, refusalCode, requireGroup, requireGroupId } from './group-access'
import { findTopics, partitionCode } from './offset-topics'

/** OffsetDelete 0 (KIP-496): offsets of topics that no member of the group reads. */
export function offsetDeleteHandler(
  services: Services,
): ApiHandler<OffsetDeleteRequest, OffsetDeleteResponse> {
  return handler(offsetDeleteApi, (request, context) => {
    const throttleTimeMs = context.throttleMs
    try {
      authorizeGroup(services, context, 'Delete', request.groupId)
      const topics = findTopics(services, context, request.topics)
      const group = groupToDeleteFrom(services, context, request.groupId)
      const answers = topics.map(({ asked, found }) => ({
        name: asked.name,
        partitions: asked.partitions.map(({ partitionIndex }) => ({
          partitionIndex,
          errorCode:
            partitionCode(found, partitionIndex) || deleteOffset(services, group, asked.name, partitionIndex),
        })),
      }))
      forgetIfBare(services, request.groupId)
      return { errorCode: ErrorCode.NONE, throttleTimeMs, topics: answers }
    } catch (error) {
      return { errorCode: refusalCode(services, error), throttleTimeMs, topics: [] }
    }
  })
}

function groupToDeleteFrom(services: Services, context: RequestContext, groupId: string): Group {
  requireGroupId(groupId)
  services.coordinators.require(context, 'group', groupId)
  const group = requireGroup(services, groupId)
  if (group.kind === 'share') throw fail('GROUP_ID_NOT_FOUND', `Group ${groupId} is not a consumer group.`)
  group.validateOffsetDelete?.()
  return group
}

function deleteOffset(services: Services, group: Group, topic: string, partition: number): number {
  if (group.isSubscribedTo(topic)) return ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC
  services.offsets.delete(group.groupId, topic, partition)
  return ErrorCode.NONE
}
