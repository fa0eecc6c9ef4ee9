import { ErrorCode } from '../../base/error-codes'
import {
  deleteAclsApi,
  type DeleteAclsRequest,
  type DeleteAclsRequestFilter,
  type DeleteAclsResponse,
} from '../../wire/generated/broker/delete-acls'
import { errorCodeOf, errorMessageOf, fail } from '../contracts/kafka-failure'
import { handler, type ApiHandler } from '../contracts/api-handler'
import type { AclStore } from '../security/acl-store'
import { clusterResource, type Authorizer } from '../contracts/security'
import { endsForUnknown, numbersOf } from './unknown-acls'

/** DeleteAcls: deletes what filters find, and tells what that was. */
export function deleteAclsHandler(
  services: { readonly authorizer: Authorizer },
  acls: AclStore | undefined,
): ApiHandler<DeleteAclsRequest, DeleteAclsResponse> {
  return handler(deleteAclsApi, (request, context) => {
    if (endsForUnknown(context, request.filters.flatMap(numbersOf))) return undefined
    const isAllowed = services.authorizer.allows(context, 'Alter', 'Cluster', clusterResource)
    const remove = (filter: DeleteAclsRequestFilter) => {
      try {
        if (!isAllowed) throw fail('CLUSTER_AUTHORIZATION_FAILED')
        if (acls === undefined) throw fail('SECURITY_DISABLED', 'No Authorizer is configured.')
        const matchingAcls = acls.delete(filter).map((acl) => ({ errorCode: 0, errorMessage: null, ...acl }))
        return { errorCode: ErrorCode.NONE, errorMessage: null, matchingAcls }
      } catch (error) {
        return { errorCode: errorCodeOf(error), errorMessage: errorMessageOf(error), matchingAcls: [] }
      }
    }
    return { throttleTimeMs: context.throttleMs, filterResults: request.filters.map(remove) }
  })
}
