import {
  type ConsumerGroupDescribeRequest,
  type ConsumerGroupDescribeResponse,
  type ConsumerGroupDescribeResponseMember,
  consumerGroupDescribeApi,
} from '../../wire/generated/broker/consumer-group-describe'
import { type ConsumerGroup, targetOf } from '../groups/consumer/consumer-group'
import type { ConsumerGroups } from '../groups/consumer/consumer-groups'
import type { ConsumerMember } from '../groups/consumer/consumer-member'
import { assignorNameOf } from '../groups/consumer/target-assignment'
import { type ApiHandler, handler } from '../contracts/api-handler'
import type { Services } from '../contracts/services'
import { authorizeGroup } from './group-access'
import { describeAssignment, describeEach } from './group-description'

/** What a member is, since version 1. */
const memberTypes = { classic: 0, consumer: 1 } as const

/** ConsumerGroupDescribe 0 and 1 (KIP-848). Version 1 tells members of the classic protocol from the others. */
export function consumerGroupDescribeHandler(
  services: Services,
  groups: ConsumerGroups,
): ApiHandler<ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse> {
  return handler(consumerGroupDescribeApi, (request, context) =>
    describeEach(services, request, context, (groupId) => {
      authorizeGroup(services, context, 'Describe', groupId)
      const group = groups.require(groupId, context)
      return {
        errorCode: 0,
        groupId,
        groupState: group.state,
        groupEpoch: group.groupEpoch,
        assignmentEpoch: group.targetEpoch,
        assignorName: assignorNameOf(services, group),
        members: [...group.members.values()].map((member) => describeMember(services, group, member)),
      }
    }),
  )
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
