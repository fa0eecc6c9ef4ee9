import { ErrorCode } from '../../base/error-codes'
import {
  offsetDeleteApi,
  type OffsetDeleteRequest,
  type OffsetDeleteRequestRequestTopic,
  type OffsetDeleteResponse,
} from '../../wire/generated/broker/offset-delete'
import type { Group } from '../groups/group'
import { fail } from '../kafka-failure'
import { handler, type ApiHandler, type RequestContext } from '../node/api-handler'
import type { Services } from '../services'
import { authorizeGroup, refusalCode, requireGroup, requireGroupId } from './group-access'
import { requireTopic } from './offset-topics'

/** OffsetDelete 0 (KIP-496): offsets of topics that no member of the group reads. */
export function offsetDeleteHandler(
  services: Services,
): ApiHandler<OffsetDeleteRequest, OffsetDeleteResponse> {
  return handler(offsetDeleteApi, (request, context) => {
    const throttleTimeMs = context.throttleMs
    try {
      authorizeGroup(services, context, 'Delete', request.groupId)
      const topics = request.topics.map((topic) => ({ topic, code: topicCode(services, context, topic) }))
      // With no topic to delete from, the group is not even looked at.
      const isAnyFound = topics.some(({ code }) => code === ErrorCode.NONE)
      const group = isAnyFound ? groupToDeleteFrom(services, context, request.groupId) : undefined
      return {
        errorCode: ErrorCode.NONE,
        throttleTimeMs,
        topics: topics.map(({ topic, code }) => ({
          name: topic.name,
          partitions: topic.partitions.map(({ partitionIndex }) => ({
            partitionIndex,
            errorCode:
              group === undefined ? code : deleteOffset(services, group, topic.name, partitionIndex, code),
          })),
        })),
      }
    } catch (error) {
      return { errorCode: refusalCode(services, error), throttleTimeMs, topics: [] }
    }
  })
}

function topicCode(
  services: Services,
  context: RequestContext,
  { name }: OffsetDeleteRequestRequestTopic,
): number {
  try {
    requireTopic(services, context, { name, topicId: '' }, false)
    return ErrorCode.NONE
  } catch (error) {
    return refusalCode(services, error)
  }
}

function groupToDeleteFrom(services: Services, context: RequestContext, groupId: string): Group {
  requireGroupId(groupId)
  services.coordinators.require(context, 'group', groupId)
  const group = requireGroup(services, groupId)
  if (group.kind === 'share') throw fail('GROUP_ID_NOT_FOUND', `Group ${groupId} is not a consumer group.`)
  group.validateOffsetDelete?.()
  return group
}

function deleteOffset(
  services: Services,
  group: Group,
  topic: string,
  partition: number,
  topicErrorCode: number,
): number {
  if (topicErrorCode !== ErrorCode.NONE) return topicErrorCode
  if (group.isSubscribedTo(topic)) return ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC
  services.offsets.delete(group.groupId, topic, partition)
  return ErrorCode.NONE
}
