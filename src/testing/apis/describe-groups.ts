import { ErrorCode } from '../../base/error-codes'
import {
  describeGroupsApi,
  type DescribeGroupsRequest,
  type DescribeGroupsResponse,
  type DescribeGroupsResponseDescribedGroup,
} from '../../wire/generated/broker/describe-groups'
import { ClassicGroup } from '../groups/classic/classic-group'
import { hasOldCoordinator } from '../groups/classic/old-coordinator'
import { errorMessageOf, fail } from '../contracts/kafka-failure'
import { handler, type ApiHandler, type RequestContext } from '../contracts/api-handler'
import type { Services } from '../contracts/services'
import { authorizeGroup, refusalCode, requireGroup } from './group-access'

const noBytes = Buffer.alloc(0)

/**
 * DescribeGroups 0 to 6, of classic groups alone.
 *
 * 3: authorized operations (KIP-430) · 4: instance ids · 6: a group that is not there is GROUP_ID_NOT_FOUND (KIP-1043);
 * before, it is a Dead group without error
 */
export function describeGroupsHandler(
  services: Services,
): ApiHandler<DescribeGroupsRequest, DescribeGroupsResponse> {
  return handler(describeGroupsApi, (request, context) => ({
    groups: request.groups.map((groupId) => {
      const group = describe(services, context, groupId)
      if (!request.includeAuthorizedOperations || group.errorCode !== ErrorCode.NONE) return group
      const authorizedOperations = services.authorizer.authorizedOperations(context, 'Group', groupId)
      return { ...group, authorizedOperations }
    }),
  }))
}

function describe(
  services: Services,
  context: RequestContext,
  groupId: string,
): DescribeGroupsResponseDescribedGroup {
  const nothing = { groupId, groupState: '', protocolType: '', protocolData: '', members: [] }
  try {
    authorizeGroup(services, context, 'Describe', groupId)
    services.coordinators.require(context, 'group', groupId)
    const group = requireGroup(services, groupId)
    if (!(group instanceof ClassicGroup))
      throw fail('GROUP_ID_NOT_FOUND', `Group ${groupId} is not a classic group.`)
    return describeClassic(group, hasOldCoordinator(services))
  } catch (error) {
    const errorCode = refusalCode(services, error)
    if (errorCode !== ErrorCode.GROUP_ID_NOT_FOUND) return { ...nothing, errorCode }
    if (context.apiVersion < 6) return { ...nothing, errorCode: ErrorCode.NONE, groupState: 'Dead' }
    return { ...nothing, errorCode, errorMessage: errorMessageOf(error), groupState: 'Dead' }
  }
}

/**
 * What the members said is told while the group is stable; in between, it belongs to no protocol. Before Kafka 4.0 the
 * same went for the assignments.
 */
function describeClassic(
  group: ClassicGroup,
  hidesAssignments: boolean,
): DescribeGroupsResponseDescribedGroup {
  const isStable = group.state === 'Stable'
  return {
    errorCode: ErrorCode.NONE,
    groupId: group.groupId,
    groupState: group.state,
    protocolType: group.protocolType,
    protocolData: isStable ? (group.protocolName ?? '') : '',
    members: group.members.map((member) => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      memberMetadata: isStable ? member.metadata(group.protocolName) : noBytes,
      memberAssignment: hidesAssignments && !isStable ? noBytes : member.assignment,
    })),
  }
}
