import { fail } from '../contracts/kafka-failure'
import {
  type Acl,
  aclMatches,
  aclOperations,
  aclResourceTypes,
  type AclFilter,
  allOperations,
  patternTypes,
  permissionTypes,
  wildcard,
} from './acl'
import { clusterResource } from '../contracts/security'

const knownOperations: ReadonlySet<number> = new Set([...Object.values(aclOperations), allOperations])
const knownResourceTypes: ReadonlySet<number> = new Set(Object.values(aclResourceTypes))
const knownPermissions: ReadonlySet<number> = new Set(Object.values(permissionTypes))

/** The ACLs of the cluster, by resource. It checks each as Kafka's controller does; a rule that is there stays one. */
export class AclStore {
  readonly #acls = new Map<string, Acl>()
  /** The rules of each type and exact name; wildcard and prefixes stand under their own names. */
  readonly #literal = new Map<string, Acl[]>()
  #prefixed: Acl[] = []

  /** @throws INVALID_REQUEST */
  add(acl: Acl): void {
    validate(acl)
    const key = keyOf(acl)
    if (this.#acls.has(key)) return
    const { resourceType, resourceName, patternType, principal, host, operation, permissionType } = acl
    // A request's object may carry more than a rule has.
    this.#acls.set(key, {
      resourceType,
      resourceName,
      patternType,
      principal,
      host,
      operation,
      permissionType,
    })
    this.#index()
  }

  find(filter: AclFilter): Acl[] {
    return [...this.#acls.values()].filter((acl) => aclMatches(filter, acl))
  }

  /** Answers what was deleted. */
  delete(filter: AclFilter): Acl[] {
    const found = this.find(filter)
    for (const acl of found) this.#acls.delete(keyOf(acl))
    if (found.length > 0) this.#index()
    return found
  }

  /** All rules that concern a resource, whichever way they name it. */
  of(resourceType: number, name: string): Acl[] {
    return [
      ...(this.#literal.get(`${resourceType} ${name}`) ?? []),
      ...(name === wildcard ? [] : (this.#literal.get(`${resourceType} ${wildcard}`) ?? [])),
      ...this.#prefixed.filter(
        (acl) => acl.resourceType === resourceType && name.startsWith(acl.resourceName),
      ),
    ]
  }

  /** All rules of a type of resources. */
  ofType(resourceType: number): Acl[] {
    return [...this.#acls.values()].filter((acl) => acl.resourceType === resourceType)
  }

  /** Rules change seldom and are asked for with each request. */
  #index(): void {
    this.#literal.clear()
    const all = [...this.#acls.values()]
    this.#prefixed = all.filter((acl) => acl.patternType === patternTypes.prefixed)
    for (const acl of all) {
      if (acl.patternType !== patternTypes.literal) continue
      const key = `${acl.resourceType} ${acl.resourceName}`
      const known = this.#literal.get(key)
      if (known === undefined) this.#literal.set(key, [acl])
      else known.push(acl)
    }
  }
}

function keyOf(acl: Acl): string {
  const { resourceType, resourceName, patternType, principal, host, operation, permissionType } = acl
  return JSON.stringify([resourceType, resourceName, patternType, principal, host, operation, permissionType])
}

function validate(acl: Acl): void {
  const refuse = (what: string): never => {
    throw fail('INVALID_REQUEST', what)
  }
  if (acl.resourceType === aclResourceTypes.Cluster && acl.resourceName !== clusterResource) {
    refuse('The only valid name for the CLUSTER resource is kafka-cluster')
  }
  if (acl.resourceName === '') refuse('Invalid empty resource name')
  if (!knownResourceTypes.has(acl.resourceType)) refuse(`Invalid resourceType ${acl.resourceType}`)
  if (acl.patternType !== patternTypes.literal && acl.patternType !== patternTypes.prefixed) {
    refuse(`Invalid patternType ${acl.patternType}`)
  }
  if (!knownOperations.has(acl.operation)) refuse(`Invalid operation ${acl.operation}`)
  if (!knownPermissions.has(acl.permissionType)) refuse(`Invalid permissionType ${acl.permissionType}`)
  if (!acl.principal.includes(':')) {
    const why = '(no colon is present separating the principal type from the principal name)'
    refuse(`Could not parse principal from \`${acl.principal}\` ${why}`)
  }
}
