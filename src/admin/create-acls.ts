import * as z from 'zod/mini'
import { createAclsApi } from '../wire/generated/client/create-acls'
import {
  clusterResourceName,
  describeAcl,
  operationCode,
  patternTypeCodes,
  permissionCodes,
  aclResourceTypeCodes,
  writableOperations,
  writablePatternTypes,
  writablePermissions,
  writableResourceTypes,
  type AclBinding,
  type AclBindingOperation,
  type AclPatternType,
  type AclPermission,
  type AclResourceType,
} from './acl-types'
import { request, type AdminCall } from './admin-call'
import { parseItems } from './arguments'
import { itemResults, type ItemResult, type Outcome } from './item-result'
import { runItems } from './item-runner'
import { controllerRetries, notController, oneShard, outcomeOf } from './shards'

/** A rule to add. What `describeAcls` answers can be given as it is. */
export interface NewAcl {
  /** `unknown` is refused: it stands for what this client can't write. */
  readonly resourceType: AclResourceType
  /** A name, the start of names (`prefixed`), or `*` for all. Default for the cluster: `kafka-cluster`; else needed. */
  readonly resourceName?: string
  /** Default: `literal`. */
  readonly patternType?: AclPatternType
  /** Type and name, such as `User:alice`; `User:*` is everyone. */
  readonly principal: string
  /** The address it comes from. Default: `*`, any. */
  readonly host?: string
  readonly operation: AclBindingOperation
  readonly permission: AclPermission
}

const newAclSchema = z.lazy(() =>
  z.pipe(
    z
      .strictObject({
        resourceType: z.enum(writableResourceTypes),
        resourceName: z.optional(z.string().check(z.minLength(1, 'A resource name must not be empty'))),
        patternType: z._default(z.enum(writablePatternTypes), 'literal'),
        principal: z
          .string()
          .check(z.regex(/^[^:]+:.+$/s, "must be a type and a name, such as 'User:alice'")),
        host: z._default(z.string().check(z.minLength(1, "A host must not be empty; '*' is any")), '*'),
        operation: z.custom<AclBindingOperation>(
          (name) => writableOperations.includes(name as AclBindingOperation),
          `must be one of ${writableOperations.join(', ')}`,
        ),
        permission: z.enum(writablePermissions),
      })
      .check(
        z.superRefine(({ resourceType, resourceName }, context) => {
          if (
            resourceType === 'cluster'
              ? (resourceName ?? clusterResourceName) === clusterResourceName
              : resourceName
          )
            return
          const message =
            resourceType === 'cluster'
              ? `The cluster's resourceName is '${clusterResourceName}'`
              : `A resourceName is needed; '*' stands for all`
          context.addIssue({ code: 'custom', path: ['resourceName'], message })
        }),
      ),
    z.transform((acl): AclBinding => ({ ...acl, resourceName: acl.resourceName ?? clusterResourceName })),
  ),
)

/** The fields that name an ACL: all it has. */
export type AclKey = keyof AclBinding

/** Kafka: `Admin.createAcls`, API CreateAcls, to any broker, which forwards it. An ACL that exists is no error. */
export async function createAcls(
  call: AdminCall,
  acls: readonly NewAcl[],
): Promise<ItemResult<AclBinding, AclKey>[]> {
  const items = parseItems('createAcls', 'acls', newAclSchema, acls, describeAcl)
  const outcomes = await runItems<AclBinding, object>(call, items, {
    plan: (open) => Promise.resolve(oneShard(open, (shard) => send(call, shard))),
    retried: controllerRetries,
  })
  return itemResults(items, outcomes, (acl) => acl)
}

async function send(
  call: AdminCall,
  acls: readonly AclBinding[],
): Promise<ReadonlyMap<AclBinding, Outcome<object>>> {
  const creations = acls.map((acl) => ({
    resourceType: aclResourceTypeCodes[acl.resourceType],
    resourceName: acl.resourceName,
    resourcePatternType: patternTypeCodes[acl.patternType],
    principal: acl.principal,
    host: acl.host,
    operation: operationCode(acl.operation),
    permissionType: permissionCodes[acl.permission],
  }))
  const response = await request(
    call,
    { kind: 'any' },
    createAclsApi,
    { creations },
    { errorOf: (answer) => notController(answer.results) },
  )
  const outcomes = new Map<AclBinding, Outcome<object>>()
  // Answers have no names: they come in the order of the request.
  for (const [index, acl] of acls.entries()) {
    const answer = response.results[index]
    if (answer === undefined) break
    outcomes.set(
      acl,
      outcomeOf(answer, 'The ACL was not created', { api: createAclsApi.name }, () => ({})),
    )
  }
  return outcomes
}
