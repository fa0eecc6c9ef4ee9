import { describeAclsApi } from '../wire/generated/client/describe-acls'
import { aclFilterSchema, filterRequest, type AclFilter } from './acl-filter'
import { aclBinding, type AclBinding } from './acl-types'
import { request, type AdminCall } from './admin-call'
import { parseArgument } from './arguments'

/** Kafka: `Admin.describeAcls`, API DescribeAcls, to any broker. */
export async function describeAcls(call: AdminCall, filter: AclFilter): Promise<AclBinding[]> {
  const parsed = parseArgument('describeAcls', 'filter', aclFilterSchema, filter)
  const response = await request(call, { kind: 'any' }, describeAclsApi, filterRequest(parsed), {
    errorOf: (answer) => answer,
  })
  return response.resources.flatMap(({ resourceType, resourceName, patternType, acls }) =>
    acls.map((acl) => aclBinding({ resourceType, resourceName, patternType, ...acl })),
  )
}
