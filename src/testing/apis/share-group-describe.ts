import {
  type ShareGroupDescribeRequest,
  type ShareGroupDescribeResponse,
  type ShareGroupDescribeResponseMember,
  shareGroupDescribeApi,
} from '../../wire/generated/broker/share-group-describe'
import type { ShareCoordinator } from '../groups/share/share-coordinator'
import type { ShareMember } from '../groups/share/share-group'
import { type ApiHandler, handler } from '../contracts/api-handler'
import type { Services } from '../contracts/services'
import { authorizeGroup } from './group-access'
import { describeAssignment, describeEach } from './group-description'
import { requireShareProtocol } from './share-protocol'

/** ShareGroupDescribe 1 (KIP-932). */
export function shareGroupDescribeHandler(
  services: Services,
  coordinator: ShareCoordinator,
): ApiHandler<ShareGroupDescribeRequest, ShareGroupDescribeResponse> {
  return handler(shareGroupDescribeApi, (request, context) =>
    describeEach(services, request, context, (groupId) => {
      requireShareProtocol(services)
      authorizeGroup(services, context, 'Describe', groupId)
      const group = coordinator.groups.require(groupId, context)
      return {
        errorCode: 0,
        groupId,
        groupState: group.state,
        groupEpoch: group.groupEpoch,
        assignmentEpoch: group.targetEpoch,
        assignorName: 'simple',
        members: [...group.members.values()].map((member) => describeMember(services, member)),
      }
    }),
  )
}

function describeMember(services: Services, member: ShareMember): ShareGroupDescribeResponseMember {
  return {
    memberId: member.memberId,
    rackId: member.rackId,
    memberEpoch: member.memberEpoch,
    clientId: member.clientId,
    clientHost: member.clientHost,
    subscribedTopicNames: member.topicNames,
    assignment: describeAssignment(services, member.assigned),
  }
}
