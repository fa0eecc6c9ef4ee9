import * as z from 'zod/mini'
import {
  operationCode,
  patternTypeCodes,
  permissionCodes,
  aclResourceTypeCodes,
  writableOperations,
  writablePatternTypes,
  writablePermissions,
  writableResourceTypes,
  type AclBindingOperation,
  type AclPatternType,
  type AclPermission,
  type AclResourceType,
} from './acl-types'

/** Which ACLs are meant: those that agree in every field that is given. `{}` is all of them. */
export interface AclFilter {
  readonly resourceType?: Exclude<AclResourceType, 'unknown'>
  readonly resourceName?: string
  /**
   * `any`: patterns of exactly this `resourceName`. `match`: every pattern that applies to this name, also `*` and
   * prefixes of it (KIP-290). Default: `any`.
   */
  readonly patternType?: 'any' | 'match' | Exclude<AclPatternType, 'unknown'>
  readonly principal?: string
  readonly host?: string
  readonly operation?: Exclude<AclBindingOperation, 'unknown'>
  readonly permission?: Exclude<AclPermission, 'unknown'>
}

/** How a filter is checked. */
export const aclFilterSchema = z.lazy(() =>
  z.strictObject({
    resourceType: z.optional(z.enum(writableResourceTypes)),
    resourceName: z.optional(z.string().check(z.minLength(1))),
    patternType: z.optional(z.enum(['any', 'match', ...writablePatternTypes])),
    principal: z.optional(z.string().check(z.minLength(1))),
    host: z.optional(z.string().check(z.minLength(1))),
    operation: z.optional(
      z.custom<Exclude<AclBindingOperation, 'unknown'>>(
        (name) => writableOperations.includes(name as AclBindingOperation),
        `Must be one of ${writableOperations.join(', ')}`,
      ),
    ),
    permission: z.optional(z.enum(writablePermissions)),
  }),
)

/** A filter as requests spell it. */
export function filterRequest(filter: AclFilter) {
  return {
    resourceTypeFilter: aclResourceTypeCodes[filter.resourceType ?? 'any'],
    resourceNameFilter: filter.resourceName ?? null,
    patternTypeFilter: patternTypeCodes[filter.patternType ?? 'any'],
    principalFilter: filter.principal ?? null,
    hostFilter: filter.host ?? null,
    operation: operationCode(filter.operation ?? 'any'),
    permissionType: permissionCodes[filter.permission ?? 'any'],
  }
}

/** `ACLs of principal 'User:alice'`, for messages. */
export function describeFilter(filter: AclFilter): string {
  const parts = Object.entries(filter)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name} '${String(value)}'`)
  return parts.length === 0 ? 'all ACLs' : `ACLs of ${parts.join(', ')}`
}
