import { ErrorCode } from '../../base/error-codes'
import {
  createAclsApi,
  type CreateAclsRequest,
  type CreateAclsRequestAclCreation,
  type CreateAclsResponse,
} from '../../wire/generated/broker/create-acls'
import { errorCodeOf, errorMessageOf, fail } from '../contracts/kafka-failure'
import { handler, type ApiHandler } from '../contracts/api-handler'
import { anyAcl, patternTypes } from '../security/acl'
import type { AclStore } from '../security/acl-store'
import { clusterResource, type Authorizer } from '../contracts/security'
import { endsForUnknown } from './unknown-acls'

/** CreateAcls: adds rules, each checked for itself. */
export function createAclsHandler(
  services: { readonly authorizer: Authorizer },
  acls: AclStore | undefined,
): ApiHandler<CreateAclsRequest, CreateAclsResponse> {
  return handler(createAclsApi, (request, context) => {
    if (endsForUnknown(context, request.creations.flatMap(numbersOf))) return undefined
    const isAllowed = services.authorizer.allows(context, 'Alter', 'Cluster', clusterResource)
    // Kafka's own objects refuse such a rule, and the whole request ends in a mistake of the broker.
    const isForFilters = request.creations.some(isFilter)
    const create = (creation: CreateAclsRequestAclCreation) => {
      try {
        if (!isAllowed) throw fail('CLUSTER_AUTHORIZATION_FAILED')
        if (acls === undefined) throw fail('SECURITY_DISABLED', 'No Authorizer is configured.')
        if (isForFilters) throw fail('UNKNOWN_SERVER_ERROR')
        const { resourcePatternType: patternType, ...rest } = creation
        acls.add({ ...rest, patternType })
        return { errorCode: ErrorCode.NONE, errorMessage: '' }
      } catch (error) {
        return { errorCode: errorCodeOf(error), errorMessage: errorMessageOf(error) }
      }
    }
    return { throttleTimeMs: context.throttleMs, results: request.creations.map(create) }
  })
}

function numbersOf(creation: CreateAclsRequestAclCreation): number[] {
  const { resourceType, resourcePatternType, operation, permissionType } = creation
  return [resourceType, resourcePatternType, operation, permissionType]
}

/** True for a rule with a number that only filters may have. */
function isFilter(creation: CreateAclsRequestAclCreation): boolean {
  return numbersOf(creation).includes(anyAcl) || creation.resourcePatternType === patternTypes.match
}
