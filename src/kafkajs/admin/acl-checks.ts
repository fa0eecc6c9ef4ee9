import { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } from '../enums'
import type { AclEntry, AclFilter } from '../types/admin'
import { type Given, isText, refuse } from './admin-checks'

/** What an ACL and a filter for them have in common. */
type AclNumbers = Pick<AclFilter, 'resourceType' | 'resourcePatternType' | 'operation' | 'permissionType'>

/** The numbers in the order in which they are looked at, and what KafkaJS calls them. */
const numbers = [
  ['operation', 'operation type', AclOperationTypes],
  ['resourcePatternType', 'resource pattern type', ResourcePatternTypes],
  ['permissionType', 'permission type', AclPermissionTypes],
  ['resourceType', 'resource type', AclResourceTypes],
] as const

const texts = ['principal', 'host', 'resourceName'] as const

const isTextIfGiven = (value: unknown): boolean => value === undefined || isText(value)

/** @throws KafkaJSNonRetriableError, as all checks here, in KafkaJS's order and words */
export function requireNewAcls(acl: Given<AclEntry[]>): asserts acl is AclEntry[] {
  if (!Array.isArray(acl)) refuse(`Invalid ACL array ${String(acl)}`)
  if (acl.length === 0) refuse('Empty ACL array')
  for (const name of texts) {
    if (acl.every((entry) => isText(entry[name]))) continue
    refuse(`Invalid ACL array, the ${name}s have to be a valid string`)
  }
  requireNumbers(acl)
}

export function requireAclFilter(filter: AclFilter): void {
  for (const name of texts) {
    if (isTextIfGiven(filter[name])) continue
    refuse(`Invalid ${name}, the ${name} have to be a valid string`)
  }
  for (const [name, what, known] of numbers) {
    if (isOneOf(known, filter[name])) continue
    // The word "filter" stands in this message alone.
    refuse(
      `Invalid ${name === 'resourcePatternType' ? 'resource pattern filter type' : what} ${filter[name]}`,
    )
  }
}

export function requireAclFilters(filters: Given<AclFilter[]>): asserts filters is AclFilter[] {
  if (!Array.isArray(filters)) refuse(`Invalid ACL Filter array ${String(filters)}`)
  if (filters.length === 0) refuse('Empty ACL Filter array')
  for (const name of texts) {
    if (filters.every((filter) => isTextIfGiven(filter[name]))) continue
    refuse(`Invalid ACL Filter array, the ${name}s have to be a valid string`)
  }
  requireNumbers(filters)
}

function requireNumbers(entries: readonly AclNumbers[]): void {
  for (const [name, what, known] of numbers) {
    const invalid = entries.find((entry) => !isOneOf(known, entry[name]))
    if (invalid !== undefined) refuse(`Invalid ${what} ${invalid[name]}: ${JSON.stringify(invalid)}`)
  }
}

function isOneOf(known: object, value: unknown): boolean {
  return Object.values(known).includes(value)
}
