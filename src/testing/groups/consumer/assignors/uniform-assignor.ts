import type { PartitionSet } from './partition-sets'
import { assignHeterogeneous } from './uniform-heterogeneous'
import type { AssignableGroup, AssignableMember, ServerAssignor } from './server-assignor'

interface TopicPartitionId {
  readonly topicId: string
  readonly partition: number
}

/** As even as can be, and nobody loses a partition without need. */
export const uniformAssignor: ServerAssignor = {
  name: 'uniform',
  assign: (group) => (group.isHomogeneous ? assignHomogeneous(group) : assignHeterogeneous(group)),
}

/**
 * All read the same topics: everybody keeps what it has up to its quota, and what is left fills the others. As many
 * members as there are partitions over get one more than the rest.
 */
function assignHomogeneous(group: AssignableGroup): Map<string, PartitionSet> {
  const topicIds = group.members[0]?.topicIds ?? new Set<string>()
  const free = unassignedPartitions(group, topicIds)
  const total = [...topicIds].reduce((sum, topicId) => sum + group.partitionCount(topicId), 0)
  let extras = total % group.members.length
  const minimum = Math.floor(total / group.members.length)
  const targets = new Map<string, Map<string, Set<number>>>()
  const unfilled: { readonly target: Map<string, Set<number>>; quota: number }[] = []

  group.members.forEach((member, i) => {
    const mayHaveExtra = extras > 0
    const { target, left } = keepUpTo(minimum + (mayHaveExtra ? 1 : 0), member, topicIds, free)
    targets.set(member.memberId, target)
    // One that would not use its extra place leaves it to those behind it, as long as there are enough of them.
    const givesExtraBack = mayHaveExtra && left > 0 && group.members.length - i > extras
    const quota = givesExtraBack ? left - 1 : left
    if (mayHaveExtra && !givesExtraBack) extras--
    if (quota > 0) unfilled.push({ target, quota })
  })

  let next = 0
  for (const { target, quota } of unfilled) {
    for (const { topicId, partition } of free.slice(next, next + quota)) addTo(target, topicId, partition)
    next += quota
  }
  return targets
}

function unassignedPartitions(group: AssignableGroup, topicIds: ReadonlySet<string>): TopicPartitionId[] {
  const assigned = new Map<string, Set<number>>()
  for (const { target } of group.members) {
    for (const [topicId, partitions] of target) {
      for (const partition of partitions) addTo(assigned, topicId, partition)
    }
  }
  const free: TopicPartitionId[] = []
  for (const topicId of topicIds) {
    for (let partition = 0; partition < group.partitionCount(topicId); partition++) {
      if (!assigned.get(topicId)?.has(partition)) free.push({ topicId, partition })
    }
  }
  return free
}

/** Keeps as many of the member's partitions as its quota allows; the others become free. */
function keepUpTo(
  quota: number,
  member: AssignableMember,
  topicIds: ReadonlySet<string>,
  free: TopicPartitionId[],
): { target: Map<string, Set<number>>; left: number } {
  const target = new Map<string, Set<number>>()
  let left = quota
  for (const [topicId, partitions] of member.target) {
    if (!topicIds.has(topicId)) continue
    for (const partition of partitions) {
      if (left > 0) {
        addTo(target, topicId, partition)
        left--
      } else {
        free.push({ topicId, partition })
      }
    }
  }
  return { target, left }
}

function addTo(into: Map<string, Set<number>>, topicId: string, partition: number): void {
  let partitions = into.get(topicId)
  if (partitions === undefined) into.set(topicId, (partitions = new Set()))
  partitions.add(partition)
}
