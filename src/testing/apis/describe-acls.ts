import { ErrorCode } from '../../base/error-codes'
import { groupBy } from '../../base/group-by'
import {
  describeAclsApi,
  type DescribeAclsRequest,
  type DescribeAclsResponse,
  type DescribeAclsResponseResource,
} from '../../wire/generated/broker/describe-acls'
import { errorCodeOf, errorMessageOf, fail } from '../contracts/kafka-failure'
import { handler, type ApiHandler } from '../contracts/api-handler'
import type { Acl } from '../security/acl'
import type { AclStore } from '../security/acl-store'
import { clusterResource, type Authorizer } from '../contracts/security'
import { endsForUnknown, numbersOf } from './unknown-acls'

/** DescribeAcls: the rules that a filter finds, by resource. Without an authorizer there are none to tell of. */
export function describeAclsHandler(
  services: { readonly authorizer: Authorizer },
  acls: AclStore | undefined,
): ApiHandler<DescribeAclsRequest, DescribeAclsResponse> {
  return handler(describeAclsApi, (request, context) => {
    if (endsForUnknown(context, numbersOf(request))) return undefined
    const throttleTimeMs = context.throttleMs
    try {
      if (!services.authorizer.allows(context, 'Describe', 'Cluster', clusterResource)) {
        throw fail('CLUSTER_AUTHORIZATION_FAILED')
      }
      if (acls === undefined) throw fail('SECURITY_DISABLED', 'No Authorizer is configured on the broker')
      const resources = byResource(acls.find(request))
      return { throttleTimeMs, errorCode: ErrorCode.NONE, errorMessage: null, resources }
    } catch (error) {
      const errorCode = errorCodeOf(error)
      return { throttleTimeMs, errorCode, errorMessage: errorMessageOf(error), resources: [] }
    }
  })
}

function byResource(acls: readonly Acl[]): DescribeAclsResponseResource[] {
  const groups = groupBy(acls, (acl) => JSON.stringify([acl.resourceType, acl.patternType, acl.resourceName]))
  return [...groups.values()].flatMap((group) => {
    const [first] = group
    if (first === undefined) return []
    const { resourceType, resourceName, patternType } = first
    return { resourceType, resourceName, patternType, acls: group }
  })
}
