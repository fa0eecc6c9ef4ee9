import {
  type AclBinding,
  type AclBindingOperation,
  type AclFilter as CoreFilter,
  type AclPatternType,
  type AclPermission,
  type AclResourceType,
  ErrorCode,
} from '../../index'
import { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } from '../enums'
import { protocolError } from '../errors/protocol-error-table'
import type {
  AclEntry,
  AclFilter,
  Admin,
  DeleteAclResponse,
  DescribeAclResource,
  DescribeAclResponse,
  MatchingAcl,
} from '../types/admin'
import { requireAclFilter, requireAclFilters, requireNewAcls } from './acl-checks'
import type { RunAdmin } from './admin-session'

type AclOperations = Pick<Admin, 'createAcls' | 'describeAcls' | 'deleteAcls'>

/** What an admin does with ACLs. */
export function aclOperations(run: RunAdmin): AclOperations {
  return {
    createAcls: async ({ acl }) => {
      requireNewAcls(acl)
      const bindings = distinct(acl.map(bindingOf))
      await run((admin) => admin.createAcls(bindings))
      return true
    },

    describeAcls: async (filter) => {
      requireAclFilter(filter)
      const found = await run((admin) => admin.describeAcls(coreFilter(filter)))
      // The rest is declared, and not there at run time.
      return { resources: byResource(found) } as DescribeAclResponse
    },

    deleteAcls: async ({ filters }) => {
      requireAclFilters(filters)
      const asked = filters.map(coreFilter)
      const deleted = await run((admin) => admin.deleteAcls(distinct(asked)))
      const answers = new Map(distinct(asked).map((filter, i) => [keyOf(filter), deleted[i]?.acls ?? []]))
      const filterResponses = asked.map((filter) => {
        const matchingAcls = (answers.get(keyOf(filter)) ?? []).map(matchingAcl)
        // An ACL that two filters find is told by the first.
        answers.delete(keyOf(filter))
        return { ...noError, matchingAcls }
      })
      return { filterResponses } as DeleteAclResponse
    },
  }
}

/** What brokers say where nothing went wrong: the message is declared as a text, and is null at run time. */
const noError = { errorCode: 0, errorMessage: null as string | null as string }

/** Our own admin takes each but once; KafkaJS's sends whatever it is given. */
function distinct<Item extends object>(items: readonly Item[]): Item[] {
  return [...new Map(items.map((item) => [keyOf(item), item])).values()]
}

const keyOf = (item: object): string => JSON.stringify(item)

const resourceTypes: readonly (readonly [AclResourceTypes, AclResourceType])[] = [
  [AclResourceTypes.TOPIC, 'topic'],
  [AclResourceTypes.GROUP, 'group'],
  [AclResourceTypes.CLUSTER, 'cluster'],
  [AclResourceTypes.TRANSACTIONAL_ID, 'transactionalId'],
  [AclResourceTypes.DELEGATION_TOKEN, 'delegationToken'],
]

const patternTypes: readonly (readonly [ResourcePatternTypes, AclPatternType])[] = [
  [ResourcePatternTypes.LITERAL, 'literal'],
  [ResourcePatternTypes.PREFIXED, 'prefixed'],
]

const permissions: readonly (readonly [AclPermissionTypes, AclPermission])[] = [
  [AclPermissionTypes.DENY, 'deny'],
  [AclPermissionTypes.ALLOW, 'allow'],
]

const operations: readonly (readonly [AclOperationTypes, AclBindingOperation])[] = [
  [AclOperationTypes.ALL, 'all'],
  [AclOperationTypes.READ, 'read'],
  [AclOperationTypes.WRITE, 'write'],
  [AclOperationTypes.CREATE, 'create'],
  [AclOperationTypes.DELETE, 'delete'],
  [AclOperationTypes.ALTER, 'alter'],
  [AclOperationTypes.DESCRIBE, 'describe'],
  [AclOperationTypes.CLUSTER_ACTION, 'clusterAction'],
  [AclOperationTypes.DESCRIBE_CONFIGS, 'describeConfigs'],
  [AclOperationTypes.ALTER_CONFIGS, 'alterConfigs'],
  [AclOperationTypes.IDEMPOTENT_WRITE, 'idempotentWrite'],
]

/** In filters, of each kind of number: whatever it is. */
const any = 1

/** @throws KafkaJSProtocolError for a number that no ACL can have, as KafkaJS gets it from the broker */
function nameOf<Value extends number, Name>(pairs: readonly (readonly [Value, Name])[], value: Value): Name {
  const pair = pairs.find(([number]) => number === value)
  if (pair === undefined) throw protocolError(ErrorCode.INVALID_REQUEST)
  return pair[1]
}

/** The number of a name; that of what is unknown for what came after KafkaJS. */
function numberOf<Value extends number, Name>(pairs: readonly (readonly [Value, Name])[], name: Name): Value {
  return pairs.find(([, known]) => known === name)?.[0] ?? (0 as Value)
}

function bindingOf(entry: AclEntry): AclBinding {
  const { resourceName, principal, host } = entry
  return {
    resourceType: nameOf(resourceTypes, entry.resourceType),
    resourceName,
    patternType: nameOf(patternTypes, entry.resourcePatternType),
    principal,
    host,
    operation: nameOf(operations, entry.operation),
    permission: nameOf(permissions, entry.permissionType),
  }
}

/** What is `ANY` in a filter of KafkaJS is left out in one of ours. */
function coreFilter(filter: AclFilter): CoreFilter {
  const { resourceName, principal, host, resourceType, resourcePatternType, operation, permissionType } =
    filter
  return {
    ...(resourceType !== any && { resourceType: nameOf(resourceTypes, resourceType) }),
    ...(resourceName !== undefined && { resourceName }),
    ...(resourcePatternType !== any && { patternType: filterPattern(resourcePatternType) }),
    ...(principal !== undefined && { principal }),
    ...(host !== undefined && { host }),
    ...(operation !== any && { operation: nameOf(operations, operation) }),
    ...(permissionType !== any && { permission: nameOf(permissions, permissionType) }),
  } as CoreFilter
}

function filterPattern(type: ResourcePatternTypes): AclPatternType | 'match' {
  return type === ResourcePatternTypes.MATCH ? 'match' : nameOf(patternTypes, type)
}

function entryOf(acl: AclBinding): AclEntry {
  const { resourceName, principal, host } = acl
  return {
    resourceType: numberOf(resourceTypes, acl.resourceType),
    resourceName,
    resourcePatternType: numberOf(patternTypes, acl.patternType),
    principal,
    host,
    operation: numberOf(operations, acl.operation),
    permissionType: numberOf(permissions, acl.permission),
  }
}

function matchingAcl(acl: AclBinding): MatchingAcl {
  return { ...noError, ...entryOf(acl) }
}

function byResource(acls: readonly AclBinding[]): DescribeAclResource[] {
  const resources = new Map<string, DescribeAclResource>()
  for (const acl of acls) {
    const { principal, host, operation, permissionType, ...resource } = entryOf(acl)
    const known = resources.get(keyOf(resource)) ?? { ...resource, acls: [] }
    resources.set(keyOf(resource), known)
    known.acls.push({ principal, host, operation, permissionType })
  }
  return [...resources.values()]
}
