import { ErrorCode } from '../../base/error-codes'
import {
  createAclsApi,
  type CreateAclsRequest,
  type CreateAclsRequestAclCreation,
  type CreateAclsResponse,
} from '../../wire/generated/broker/create-acls'
import { errorCodeOf, errorMessageOf, fail } from '../kafka-failure'
import { handler, type ApiHandler } from '../node/api-handler'
import type { AclStore } from '../security/acl-store'
import { clusterResource, type Authorizer } from '../security/security'

/** CreateAcls: adds rules, each checked for itself. */
export function createAclsHandler(
  services: { readonly authorizer: Authorizer },
  acls: AclStore | undefined,
): ApiHandler<CreateAclsRequest, CreateAclsResponse> {
  return handler(createAclsApi, (request, context) => {
    const isAllowed = services.authorizer.allows(context, 'Alter', 'Cluster', clusterResource)
    const create = (creation: CreateAclsRequestAclCreation) => {
      try {
        if (!isAllowed) throw fail('CLUSTER_AUTHORIZATION_FAILED')
        if (acls === undefined) throw fail('SECURITY_DISABLED', 'No Authorizer is configured.')
        const { resourcePatternType: patternType, ...rest } = creation
        acls.add({ ...rest, patternType })
        return { errorCode: ErrorCode.NONE, errorMessage: null }
      } catch (error) {
        return { errorCode: errorCodeOf(error), errorMessage: errorMessageOf(error) }
      }
    }
    return { throttleTimeMs: context.throttleMs, results: request.creations.map(create) }
  })
}
