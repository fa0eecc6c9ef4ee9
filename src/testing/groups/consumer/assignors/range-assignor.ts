import type { PartitionSet } from './partition-sets'
import type { AssignableGroup, AssignableMember, ServerAssignor } from './server-assignor'

interface TopicRanges {
  readonly partitions: number
  readonly quota: number
  extra: number
  next: number
}

/** Each topic on its own: neighbouring partitions to each member in turn, so that topics of one size are co-partitioned. */
export const rangeAssignor: ServerAssignor = {
  name: 'range',
  assign(group) {
    const members = [...group.members].sort(byInstanceThenMember)
    const topics = new Map<string, TopicRanges>()
    for (const [topicId, readers] of countReaders(members)) {
      const partitions = group.partitionCount(topicId)
      const quota = Math.floor(partitions / readers)
      topics.set(topicId, { partitions, quota, extra: partitions % readers, next: 0 })
    }
    const targets = new Map<string, PartitionSet>()
    for (const member of members) targets.set(member.memberId, takeRanges(member, topics))
    return targets
  },
}

/** Static members first, so that their ranges survive restarts. */
function byInstanceThenMember(a: AssignableMember, b: AssignableMember): number {
  if (a.instanceId !== null && b.instanceId !== null) return compare(a.instanceId, b.instanceId)
  if (a.instanceId !== null) return -1
  if (b.instanceId !== null) return 1
  return compare(a.memberId, b.memberId)
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function countReaders(members: AssignableGroup['members']): Map<string, number> {
  const readers = new Map<string, number>()
  for (const { topicIds } of members) {
    for (const topicId of topicIds) readers.set(topicId, (readers.get(topicId) ?? 0) + 1)
  }
  return readers
}

function takeRanges(member: AssignableMember, topics: Map<string, TopicRanges>): PartitionSet {
  const taken = new Map<string, Set<number>>()
  for (const topicId of member.topicIds) {
    const ranges = topics.get(topicId) as TopicRanges
    const end = Math.min(ranges.next + ranges.quota + (ranges.extra > 0 ? 1 : 0), ranges.partitions)
    ranges.extra = Math.max(0, ranges.extra - 1)
    if (end > ranges.next) taken.set(topicId, new Set(range(ranges.next, end)))
    ranges.next = end
  }
  return taken
}

function* range(from: number, to: number): Iterable<number> {
  for (let i = from; i < to; i++) yield i
}
