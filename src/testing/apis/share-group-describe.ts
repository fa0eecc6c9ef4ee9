import {
  type ShareGroupDescribeRequest,
  type ShareGroupDescribeResponse,
  type ShareGroupDescribeResponseDescribedGroup,
  type ShareGroupDescribeResponseMember,
  shareGroupDescribeApi,
} from '../../wire/generated/broker/share-group-describe'
import { listPartitions } from '../groups/consumer/assignors/partition-sets'
import type { ShareCoordinator } from '../groups/share/share-coordinator'
import type { ShareMember } from '../groups/share/share-group'
import { errorCodeOf, errorMessageOf, fail } from '../contracts/kafka-failure'
import { type ApiHandler, type RequestContext, handler } from '../contracts/api-handler'
import type { Services } from '../contracts/services'
import { requireShareProtocol } from './share-protocol'

/** ShareGroupDescribe 1 (KIP-932). */
export function shareGroupDescribeHandler(
  services: Services,
  coordinator: ShareCoordinator,
): ApiHandler<ShareGroupDescribeRequest, ShareGroupDescribeResponse> {
  return handler(shareGroupDescribeApi, (request, context) => ({
    throttleTimeMs: 0,
    groups: request.groupIds.map((groupId) => {
      try {
        return describe(services, coordinator, groupId, request.includeAuthorizedOperations, context)
      } catch (error) {
        return refused(groupId, error)
      }
    }),
  }))
}

function describe(
  services: Services,
  { groups }: ShareCoordinator,
  groupId: string,
  withOperations: boolean,
  context: RequestContext,
): ShareGroupDescribeResponseDescribedGroup {
  requireShareProtocol(services)
  const { authorizer } = services
  if (!authorizer.allows(context, 'Describe', 'Group', groupId)) throw fail('GROUP_AUTHORIZATION_FAILED')
  const group = groups.require(groupId, context)
  const members = [...group.members.values()].map((member) => describeMember(services, member))
  if (!topicsOf(members).every((topic) => authorizer.allows(context, 'Describe', 'Topic', topic))) {
    throw fail(
      'TOPIC_AUTHORIZATION_FAILED',
      'The group has described topic(s) that the client is not authorized to describe.',
    )
  }
  const described = {
    errorCode: 0,
    groupId,
    groupState: group.state,
    groupEpoch: group.groupEpoch,
    assignmentEpoch: group.targetEpoch,
    assignorName: 'simple',
    members,
  }
  if (!withOperations) return described
  return { ...described, authorizedOperations: authorizer.authorizedOperations(context, 'Group', groupId) }
}

function refused(groupId: string, error: unknown): ShareGroupDescribeResponseDescribedGroup {
  return {
    errorCode: errorCodeOf(error),
    errorMessage: errorMessageOf(error),
    groupId,
    groupState: '',
    groupEpoch: 0,
    assignmentEpoch: 0,
    assignorName: '',
    members: [],
  }
}

function describeMember(services: Services, member: ShareMember): ShareGroupDescribeResponseMember {
  const topicPartitions = listPartitions(member.assigned).flatMap(({ topicId, partitions }) => {
    const topic = services.topics.byId(topicId)
    return topic === undefined ? [] : [{ topicId, topicName: topic.name, partitions }]
  })
  return {
    memberId: member.memberId,
    rackId: member.rackId,
    memberEpoch: member.memberEpoch,
    clientId: member.clientId,
    clientHost: member.clientHost,
    subscribedTopicNames: member.topicNames,
    assignment: { topicPartitions },
  }
}

function topicsOf(members: readonly ShareGroupDescribeResponseMember[]): string[] {
  return [
    ...new Set(
      members.flatMap(({ subscribedTopicNames, assignment }) => [
        ...subscribedTopicNames,
        ...assignment.topicPartitions.map(({ topicName }) => topicName),
      ]),
    ),
  ]
}
