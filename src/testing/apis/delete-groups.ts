import { ErrorCode } from '../../base/error-codes'
import {
  deleteGroupsApi,
  type DeleteGroupsRequest,
  type DeleteGroupsResponse,
} from '../../wire/generated/broker/delete-groups'
import { handler, type ApiHandler, type RequestContext } from '../contracts/api-handler'
import type { Services } from '../contracts/services'
import { authorizeGroup, refusalCode, requireGroup } from './group-access'

/** DeleteGroups 0 to 2: empty groups of every kind, with their offsets. */
export function deleteGroupsHandler(
  services: Services,
): ApiHandler<DeleteGroupsRequest, DeleteGroupsResponse> {
  return handler(deleteGroupsApi, (request, context) => ({
    throttleTimeMs: context.throttleMs,
    results: [...new Set(request.groupsNames)].map((groupId) => ({
      groupId,
      errorCode: deleteGroup(services, context, groupId),
    })),
  }))
}

function deleteGroup(services: Services, context: RequestContext, groupId: string): number {
  try {
    authorizeGroup(services, context, 'Delete', groupId)
    services.coordinators.require(context, 'group', groupId)
    requireGroup(services, groupId).validateDelete()
    services.offsets.deleteGroup(groupId)
    services.groups.remove(groupId)
    return ErrorCode.NONE
  } catch (error) {
    return refusalCode(services, error)
  }
}
