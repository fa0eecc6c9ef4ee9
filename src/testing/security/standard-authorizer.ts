import type { Release } from '../contracts/release'
import type { RequestContext } from '../contracts/api-handler'
import {
  type Acl,
  aclOperations,
  aclResourceTypes,
  allOperations,
  patternTypes,
  permissionTypes,
  wildcard,
  wildcardPrincipal,
} from './acl'
import { AclStore } from './acl-store'
import { operationsField } from './authorized-operations'
import { principalText } from '../contracts/principal'
import type { AclOperation, AclResource, Authorizer } from '../contracts/security'

/** Kafka's settings of the authorizer. */
export interface StandardAuthorizerOptions {
  /** `super.users`: principals such as `User:admin`, who may do everything. */
  readonly superUsers?: readonly string[]
  /** `allow.everyone.if.no.acl.found`: what happens on resources that no rule is about. Default: false. */
  readonly allowEveryoneIfNoAclFound?: boolean
}

/** Operations that allow `Describe` and `DescribeConfigs` besides themselves. */
const impliedBy: Partial<Record<AclOperation, readonly AclOperation[]>> = {
  Describe: ['Describe', 'Read', 'Write', 'Delete', 'Alter'],
  DescribeConfigs: ['DescribeConfigs', 'AlterConfigs'],
}

/**
 * Who may do what by ACLs, by the rules of Kafka's StandardAuthorizer (KIP-801): one rule that denies outweighs all
 * that allow, whether they name the resource exactly, by prefix or by `*`; what no rule allows is forbidden.
 */
export class StandardAuthorizer implements Authorizer {
  /** The rules; the ACL APIs change them. */
  readonly acls = new AclStore()
  readonly #services: { readonly release: Pick<Release, 'name'> }
  readonly #superUsers: ReadonlySet<string>
  readonly #isOpenByDefault: boolean

  constructor(
    services: { readonly release: Pick<Release, 'name'> },
    { superUsers = [], allowEveryoneIfNoAclFound = false }: StandardAuthorizerOptions = {},
  ) {
    this.#services = services
    this.#superUsers = new Set(superUsers)
    this.#isOpenByDefault = allowEveryoneIfNoAclFound
  }

  allows(context: RequestContext, operation: AclOperation, resource: AclResource, name: string): boolean {
    const principal = principalText(context.session.principal)
    if (this.#superUsers.has(principal)) return true
    const rules = this.acls.of(aclResourceTypes[resource], name)
    if (rules.length === 0) return this.#isOpenByDefault
    const mine = rules.filter((acl) => isAbout(acl, principal, context.session.clientHost))
    if (mine.some((acl) => isDenial(acl, operation))) return false
    return mine.some((acl) => isPermission(acl, operation))
  }

  allowsAny(context: RequestContext, operation: AclOperation, resource: AclResource): boolean {
    const principal = principalText(context.session.principal)
    if (this.#superUsers.has(principal)) return true
    const mine = this.acls
      .ofType(aclResourceTypes[resource])
      .filter((acl) => isAbout(acl, principal, context.session.clientHost) && isExactly(acl, operation))
    const denials = mine.filter((acl) => acl.permissionType === permissionTypes.deny)
    if (denials.some((acl) => isWildcard(acl))) return false
    return mine.some(
      (acl) =>
        acl.permissionType === permissionTypes.allow && !denials.some((denial) => outweighs(denial, acl)),
    )
  }

  authorizedOperations(context: RequestContext, resource: AclResource, name: string): number {
    return operationsField(resource, this.#services.release.name, (operation) =>
      this.allows(context, operation, resource, name),
    )
  }
}

function isAbout(acl: Acl, principal: string, host: string): boolean {
  const isPrincipal = acl.principal === principal || acl.principal === wildcardPrincipal
  return isPrincipal && (acl.host === wildcard || acl.host === host)
}

function isExactly(acl: Acl, operation: AclOperation): boolean {
  return acl.operation === allOperations || acl.operation === aclOperations[operation]
}

function isDenial(acl: Acl, operation: AclOperation): boolean {
  return acl.permissionType === permissionTypes.deny && isExactly(acl, operation)
}

function isPermission(acl: Acl, operation: AclOperation): boolean {
  if (acl.permissionType !== permissionTypes.allow) return false
  return (impliedBy[operation] ?? [operation]).some((one) => isExactly(acl, one))
}

function isWildcard(acl: Acl): boolean {
  return acl.patternType === patternTypes.literal && acl.resourceName === wildcard
}

/** True when the denial leaves nothing of what the rule allows. */
function outweighs(denial: Acl, acl: Acl): boolean {
  if (denial.patternType === patternTypes.prefixed) return acl.resourceName.startsWith(denial.resourceName)
  return acl.patternType === patternTypes.literal && denial.resourceName === acl.resourceName
}
