import type { Services } from '../../contracts/services'

/**
 * True for a cluster that looks like a Kafka before 4.0: its group coordinator was another program, which differed in
 * a few answers. What the newer one has in common with it is told by the feature `group.version`.
 */
export function hasOldCoordinator(services: Services): boolean {
  return !services.release.features.has('group.version')
}

/** The old coordinator forgot an empty group at once when its last offset was deleted; the newer one does so in time. */
export function forgetIfBare(services: Services, groupId: string): void {
  if (!hasOldCoordinator(services)) return
  const { groups, offsets } = services
  const isBare = offsets.list(groupId).size === 0 && !offsets.hasPendingInGroup(groupId)
  if (isBare && groups.get(groupId)?.state === 'Empty') groups.remove(groupId)
}
