import type { AssignableTopic, GroupMember } from './partition-assignor'

/** The rack a member names; an empty one counts as none. */
export function rackOf(member: GroupMember): string | undefined {
  return member.rackId === null || member.rackId === '' ? undefined : member.rackId
}

/** The racks that hold a replica of each partition. */
export function partitionRacks(topic: AssignableTopic): ReadonlySet<string>[] {
  return Array.from(
    { length: topic.partitionCount },
    (_, partition) => new Set(topic.racks?.[partition] ?? []),
  )
}

/**
 * Whether racks can make a difference (KIP-881): members name racks that hold replicas, and not every partition has
 * a replica in every one of the racks.
 */
export function racksMatter(
  memberRacks: ReadonlySet<string>,
  racksPerPartition: readonly ReadonlySet<string>[],
): boolean {
  const all = new Set<string>()
  for (const racks of racksPerPartition) for (const rack of racks) all.add(rack)
  if (![...memberRacks].some((rack) => all.has(rack))) return false
  return racksPerPartition.some((racks) => racks.size !== all.size)
}
