import type { AclOperation, AclResource } from '../contracts/security'

/** Kafka's numbers of resource types; 0 is unknown, 1 matches any in filters. */
export const aclResourceTypes: Readonly<Record<AclResource, number>> = {
  Topic: 2,
  Group: 3,
  Cluster: 4,
  TransactionalId: 5,
  DelegationToken: 6,
  User: 7,
}

/** Kafka's numbers of operations. */
export const aclOperations: Readonly<Record<AclOperation, number>> = {
  Read: 3,
  Write: 4,
  Create: 5,
  Delete: 6,
  Alter: 7,
  Describe: 8,
  ClusterAction: 9,
  DescribeConfigs: 10,
  AlterConfigs: 11,
  IdempotentWrite: 12,
  CreateTokens: 13,
  DescribeTokens: 14,
  TwoPhaseCommit: 15,
}

/** Matches anything, in the filters of types, operations, patterns and permissions. */
export const anyAcl = 1

/** The operation of an ACL that is about all of them. */
export const allOperations = 2

/** How the name of a resource is meant. `match` is for filters only: all patterns that concern a name. */
export const patternTypes = { any: 1, match: 2, literal: 3, prefixed: 4 } as const

export const permissionTypes = { deny: 2, allow: 3 } as const

/** The literal name that stands for all resources, and the host and principal that stand for all. */
export const wildcard = '*'
export const wildcardPrincipal = 'User:*'

/** One rule: who may, or may not, do what, on what, from where. Numbers are Kafka's. */
export interface Acl {
  readonly resourceType: number
  readonly resourceName: string
  readonly patternType: number
  readonly principal: string
  readonly host: string
  readonly operation: number
  readonly permissionType: number
}

/** What DescribeAcls and DeleteAcls ask for; null matches any text, 1 any number. */
export interface AclFilter {
  readonly resourceTypeFilter: number
  readonly resourceNameFilter: string | null
  readonly patternTypeFilter: number
  readonly principalFilter: string | null
  readonly hostFilter: string | null
  readonly operation: number
  readonly permissionType: number
}

/** True when the filter finds the rule. */
export function aclMatches(filter: AclFilter, acl: Acl): boolean {
  return (
    matchesNumber(filter.resourceTypeFilter, acl.resourceType) &&
    matchesPattern(filter, acl) &&
    (filter.principalFilter === null || filter.principalFilter === acl.principal) &&
    (filter.hostFilter === null || filter.hostFilter === acl.host) &&
    matchesNumber(filter.operation, acl.operation) &&
    matchesNumber(filter.permissionType, acl.permissionType)
  )
}

function matchesNumber(filter: number, value: number): boolean {
  return filter === anyAcl || filter === value
}

function matchesPattern({ resourceNameFilter: name, patternTypeFilter: type }: AclFilter, acl: Acl): boolean {
  const isOpen = type === patternTypes.any || type === patternTypes.match
  if (!isOpen && type !== acl.patternType) return false
  if (name === null) return true
  if (type !== patternTypes.match) return name === acl.resourceName
  if (acl.patternType === patternTypes.prefixed) return name.startsWith(acl.resourceName)
  return name === acl.resourceName || acl.resourceName === wildcard
}
