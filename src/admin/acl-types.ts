import type { AclOperation } from './authorized-operations'
import { aclOperations } from './authorized-operations'

/** What an ACL protects. `unknown` where a broker is newer than this client. */
export type AclResourceType =
  'topic' | 'group' | 'cluster' | 'transactionalId' | 'delegationToken' | 'user' | 'unknown'

/** How an ACL's resource name is meant: as it is (`*` alone stands for all), or as the start of names (KIP-290). */
export type AclPatternType = 'literal' | 'prefixed' | 'unknown'

/** What an ACL says to whom it is about. A denial goes before all permissions. */
export type AclPermission = 'allow' | 'deny' | 'unknown'

/** What an ACL is about; `all` is every operation. */
export type AclBindingOperation = AclOperation | 'all' | 'unknown'

/** One rule of who may do what. */
export interface AclBinding {
  readonly resourceType: AclResourceType
  /** A name, the start of names (`prefixed`), or `*` for all; `kafka-cluster` for the cluster. */
  readonly resourceName: string
  readonly patternType: AclPatternType
  /** Such as `User:alice`; `User:*` is everyone. */
  readonly principal: string
  /** The address it comes from, such as `10.0.0.7`; `*` is any. */
  readonly host: string
  readonly operation: AclBindingOperation
  readonly permission: AclPermission
}

/** The one name of the resource `cluster`. */
export const clusterResourceName = 'kafka-cluster'

/** In filters: whatever it is. */
const any = 1

type Codes<Name extends string> = Readonly<Record<Name, number>>

/** Kafka's numbers. */
export const aclResourceTypeCodes: Codes<AclResourceType | 'any'> = {
  unknown: 0,
  any,
  topic: 2,
  group: 3,
  cluster: 4,
  transactionalId: 5,
  delegationToken: 6,
  user: 7,
}

/** Kafka's numbers. `match` finds every pattern that applies to a name. */
export const patternTypeCodes: Codes<AclPatternType | 'any' | 'match'> = {
  unknown: 0,
  any,
  match: 2,
  literal: 3,
  prefixed: 4,
}

/** Kafka's numbers. */
export const permissionCodes: Codes<AclPermission | 'any'> = { unknown: 0, any, deny: 2, allow: 3 }

/** Kafka's number of an operation. */
export function operationCode(operation: AclBindingOperation | 'any'): number {
  if (operation === 'unknown') return 0
  if (operation === 'any') return any
  return operation === 'all' ? allOperations : aclOperations.indexOf(operation)
}

const allOperations = 2

/** The names that can be written, for schemas. */
export const writableResourceTypes = [
  'topic',
  'group',
  'cluster',
  'transactionalId',
  'delegationToken',
  'user',
] as const satisfies readonly AclResourceType[]
export const writablePatternTypes = ['literal', 'prefixed'] as const satisfies readonly AclPatternType[]
export const writablePermissions = ['allow', 'deny'] as const satisfies readonly AclPermission[]
export const writableOperations: readonly AclBindingOperation[] = [
  'all',
  ...aclOperations.filter((name) => name !== undefined),
]

/** The fields of an ACL as responses spell them. */
export interface AclAnswer {
  readonly resourceType: number
  readonly resourceName: string
  readonly patternType: number
  readonly principal: string
  readonly host: string
  readonly operation: number
  readonly permissionType: number
}

/** An ACL as a broker answers it. */
export function aclBinding(answer: AclAnswer): AclBinding {
  const { resourceName, principal, host, operation } = answer
  return {
    resourceType: nameOf(aclResourceTypeCodes, answer.resourceType),
    resourceName,
    patternType: nameOf(patternTypeCodes, answer.patternType),
    principal,
    host,
    operation: operation === allOperations ? 'all' : (aclOperations[operation] ?? 'unknown'),
    permission: nameOf(permissionCodes, answer.permissionType),
  }
}

/** The name of a number; what only filters know is unknown in an answer. */
function nameOf<Name extends string>(codes: Codes<Name>, code: number): Exclude<Name, 'any' | 'match'> {
  const names = Object.keys(codes) as Name[]
  const found = names.find((name) => codes[name] === code && name !== 'any' && name !== 'match')
  return (found ?? 'unknown') as Exclude<Name, 'any' | 'match'>
}

/** `allow User:alice read on topic 'orders'`, for messages. */
export function describeAcl(acl: AclBinding): string {
  const { permission, principal, operation, resourceType, resourceName, patternType, host } = acl
  const resource = patternType === 'prefixed' ? `'${resourceName}…'` : `'${resourceName}'`
  const from = host === '*' ? '' : ` from ${host}`
  return `${permission} ${principal} ${operation} on ${resourceType} ${resource}${from}`
}
