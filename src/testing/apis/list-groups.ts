import { ErrorCode } from '../../base/error-codes'
import {
  listGroupsApi,
  type ListGroupsRequest,
  type ListGroupsResponse,
} from '../../wire/generated/broker/list-groups'
import { hasOldCoordinator } from '../groups/classic/old-coordinator'
import type { Group } from '../contracts/group'
import { handler, type ApiHandler, type RequestContext } from '../contracts/api-handler'
import { clusterResource } from '../contracts/security'
import type { Services } from '../contracts/services'

/** ListGroups 0 to 5: the groups of every kind that the asked broker coordinates. 4: filter by state · 5: by type */
export function listGroupsHandler(services: Services): ApiHandler<ListGroupsRequest, ListGroupsResponse> {
  return handler(listGroupsApi, (request, context) => {
    // Before Kafka 4.0 states had to be written as they are.
    const inCase = (state: string) => (hasOldCoordinator(services) ? state : state.toLowerCase())
    const states = new Set(request.statesFilter.map(inCase))
    const types = new Set(request.typesFilter.map((type) => type.toLowerCase()))
    const seesAll = services.authorizer.allows(context, 'Describe', 'Cluster', clusterResource)
    const groups = [...services.groups.all].filter(
      (group) =>
        (states.size === 0 || states.has(inCase(group.state))) &&
        (types.size === 0 || types.has(group.kind)) &&
        isCoordinated(services, context, group) &&
        (seesAll || services.authorizer.allows(context, 'Describe', 'Group', group.groupId)),
    )
    return {
      errorCode: ErrorCode.NONE,
      groups: groups.map((group) => ({
        groupId: group.groupId,
        protocolType: group.protocolType,
        groupState: group.state,
        groupType: group.kind,
      })),
    }
  })
}

function isCoordinated(services: Services, context: RequestContext, group: Group): boolean {
  try {
    services.coordinators.require(context, 'group', group.groupId)
    return true
  } catch {
    return false
  }
}
