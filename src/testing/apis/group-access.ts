import { BrokerError } from '../../base/errors'
import { ClassicGroup } from '../groups/classic/classic-group'
import { speaksClassicProtocol, type ClassicProtocolGroup, type Group } from '../contracts/group'
import { errorCodeOf, fail } from '../contracts/kafka-failure'
import type { RequestContext } from '../contracts/api-handler'
import type { AclOperation, Authorizer } from '../contracts/security'
import type { Services } from '../contracts/services'

/** @throws GROUP_AUTHORIZATION_FAILED */
export function authorizeGroup(
  { authorizer }: { readonly authorizer: Pick<Authorizer, 'allows'> },
  context: RequestContext,
  operation: AclOperation,
  groupId: string,
): void {
  if (!authorizer.allows(context, operation, 'Group', groupId)) throw fail('GROUP_AUTHORIZATION_FAILED')
}

/**
 * What members' requests begin with: they may read the group, it has a name, and this broker coordinates it.
 * @throws GROUP_AUTHORIZATION_FAILED, INVALID_GROUP_ID, NOT_COORDINATOR, COORDINATOR_NOT_AVAILABLE
 */
export function admitMember(services: Services, context: RequestContext, groupId: string): void {
  authorizeGroup(services, context, 'Read', groupId)
  requireGroupId(groupId)
  services.coordinators.require(context, 'group', groupId)
}

/** @throws INVALID_GROUP_ID for an empty name; offsets alone may be stored under it, as they could ever be */
export function requireGroupId(groupId: string): void {
  if (groupId === '') throw fail('INVALID_GROUP_ID')
}

/** @throws GROUP_ID_NOT_FOUND */
export function requireGroup(services: Services, groupId: string): Group {
  const group = services.groups.get(groupId)
  if (group === undefined) throw fail('GROUP_ID_NOT_FOUND', `Group ${groupId} not found.`)
  return group
}

/**
 * The group that a member of the classic protocol speaks to.
 * @throws UNKNOWN_MEMBER_ID when there is none of a kind that has such members
 */
export function requireClassicProtocolGroup(services: Services, groupId: string): ClassicProtocolGroup {
  const group = services.groups.get(groupId)
  if (group === undefined || !speaksClassicProtocol(group))
    throw fail('UNKNOWN_MEMBER_ID', `Group ${groupId} not found.`)
  return group
}

/** Creates a classic group without members, in the place of one of another kind if there is one. */
export function createClassicGroup(services: Services, groupId: string): ClassicGroup {
  const group = new ClassicGroup(groupId, services)
  services.groups.replace(group)
  return group
}

/** The code of what was caught. A mistake of the broker itself is written to the log, too. */
export function refusalCode(services: Services, error: unknown): number {
  if (!(error instanceof BrokerError))
    services.runtime.logger.error('A request failed in the broker', { error })
  return errorCodeOf(error)
}
