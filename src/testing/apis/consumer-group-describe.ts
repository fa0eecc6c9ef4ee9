import {
  type ConsumerGroupDescribeRequest,
  type ConsumerGroupDescribeResponse,
  type ConsumerGroupDescribeResponseAssignment,
  type ConsumerGroupDescribeResponseDescribedGroup,
  type ConsumerGroupDescribeResponseMember,
  consumerGroupDescribeApi,
} from '../../wire/generated/broker/consumer-group-describe'
import { type ConsumerGroup, targetOf } from '../groups/consumer/consumer-group'
import type { ConsumerGroups } from '../groups/consumer/consumer-groups'
import type { ConsumerMember } from '../groups/consumer/consumer-member'
import {
  type EpochedPartitions,
  type PartitionSet,
  listPartitions,
} from '../groups/consumer/assignors/partition-sets'
import { assignorNameOf } from '../groups/consumer/target-assignment'
import { errorCodeOf, errorMessageOf, fail } from '../contracts/kafka-failure'
import { type ApiHandler, type RequestContext, handler } from '../contracts/api-handler'
import type { Services } from '../contracts/services'

/** What a member is, since version 1. */
const memberTypes = { classic: 0, consumer: 1 } as const

/** ConsumerGroupDescribe 0 and 1 (KIP-848). Version 1 tells members of the classic protocol from the others. */
export function consumerGroupDescribeHandler(
  services: Services,
  groups: ConsumerGroups,
): ApiHandler<ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse> {
  return handler(consumerGroupDescribeApi, (request, context) => ({
    throttleTimeMs: 0,
    groups: request.groupIds.map((groupId) => {
      try {
        return describe(services, groups, groupId, request.includeAuthorizedOperations, context)
      } catch (error) {
        return refused(groupId, error)
      }
    }),
  }))
}

function describe(
  services: Services,
  groups: ConsumerGroups,
  groupId: string,
  withOperations: boolean,
  context: RequestContext,
): ConsumerGroupDescribeResponseDescribedGroup {
  const { authorizer } = services
  if (!authorizer.allows(context, 'Describe', 'Group', groupId)) throw fail('GROUP_AUTHORIZATION_FAILED')
  const group = groups.require(groupId, context)
  const members = [...group.members.values()].map((member) => describeMember(services, group, member))
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
    assignorName: assignorNameOf(services, group),
    members,
  }
  if (!withOperations) return described
  return { ...described, authorizedOperations: authorizer.authorizedOperations(context, 'Group', groupId) }
}

function refused(groupId: string, error: unknown): ConsumerGroupDescribeResponseDescribedGroup {
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

/** What a member still has to give up counts as assigned. */
function describeMember(
  services: Services,
  group: ConsumerGroup,
  member: ConsumerMember,
): ConsumerGroupDescribeResponseMember {
  const held = new Map(member.assigned)
  for (const [topicId, partitions] of member.pendingRevocation) {
    held.set(topicId, new Map([...(held.get(topicId) ?? []), ...partitions]))
  }
  return {
    memberId: member.memberId,
    instanceId: member.instanceId,
    rackId: member.rackId,
    memberEpoch: member.memberEpoch,
    clientId: member.clientId,
    clientHost: member.clientHost,
    subscribedTopicNames: member.topicNames,
    subscribedTopicRegex: member.topicRegex,
    assignment: describeAssignment(services, held),
    targetAssignment: describeAssignment(services, targetOf(group, member.memberId)),
    memberType: member.classic === null ? memberTypes.consumer : memberTypes.classic,
  }
}

function describeAssignment(
  services: Services,
  assignment: PartitionSet | EpochedPartitions,
): ConsumerGroupDescribeResponseAssignment {
  const topicPartitions = listPartitions(assignment).flatMap(({ topicId, partitions }) => {
    const topic = services.topics.byId(topicId)
    return topic === undefined ? [] : [{ topicId, topicName: topic.name, partitions }]
  })
  return { topicPartitions }
}

function topicsOf(members: readonly ConsumerGroupDescribeResponseMember[]): string[] {
  const names = members.flatMap((member) => [
    ...member.subscribedTopicNames,
    ...member.assignment.topicPartitions.map((topic) => topic.topicName),
    ...member.targetAssignment.topicPartitions.map((topic) => topic.topicName),
  ])
  return [...new Set(names)]
}
