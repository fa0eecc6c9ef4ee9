import { groupBy } from '../../base/group-by'
import type { TopicPartition } from '../../base/topic-partition'
import { compareMembers, comparePartitions } from './assignment-order'
import type { AssignableTopic, GroupMember, MemberAssignment, PartitionAssignor } from './partition-assignor'
import { partitionRacks, rackOf, racksMatter } from './rack-awareness'

/**
 * `range`: each topic's partitions in consecutive runs over the sorted members that subscribe to it, so that topics
 * with equal counts and members are divided alike: what has the same key meets at the same member. With racks, a
 * member first gets partitions with a replica in its rack, as long as counts and co-partitioning allow it (KIP-881).
 */
export function rangeAssignor(): PartitionAssignor {
  return { name: 'range', supportedProtocols: ['eager'], assign: assignRanges }
}

function assignRanges(
  members: readonly GroupMember[],
  topics: readonly AssignableTopic[],
): ReadonlyMap<string, MemberAssignment> {
  const assigned = new Map<string, TopicPartition[]>(members.map((member) => [member.memberId, []]))
  const sorted = [...members].sort(compareMembers)
  const subscriptions = sorted.map((member) => ({ member, topics: new Set(member.topics) }))
  const divisions = topics
    .map((topic) => new TopicDivision(topic, subscriptions, assigned))
    .filter((division) => division.members.length > 0 && division.partitionCount > 0)
  const rackAware = divisions.some((division) => division.racksMatter)
  if (rackAware) matchRacks(divisions)
  for (const division of divisions) division.assignRuns(() => true)
  return new Map(
    [...assigned].map(([memberId, partitions]) => [
      memberId,
      { partitions: rackAware ? partitions.sort(comparePartitions) : partitions },
    ]),
  )
}

/** Gives out what can be given within racks; the rest is divided afterwards without regard to racks. */
function matchRacks(divisions: readonly TopicDivision[]): void {
  const groups = groupBy(divisions, ({ partitionCount, members }) =>
    JSON.stringify([partitionCount, members.map((member) => member.memberId)]),
  )
  for (const group of groups.values()) {
    const [first] = group as [TopicDivision]
    if (group.length > 1) matchRacksTogether(group, first)
    else if (first.racksMatter) {
      first.assignRuns((member, partition) => first.inRackOf(member, partition))
    }
  }
}

/** Co-partitioned topics: one partition number goes to one member in all of them, or waits for the second round. */
function matchRacksTogether(group: readonly TopicDivision[], first: TopicDivision): void {
  let remaining = [...first.members]
  for (let partition = 0; partition < first.partitionCount && remaining.length > 0; partition++) {
    const member = remaining.find((candidate) =>
      group.every(
        (division) => division.inRackOf(candidate, partition) && division.roomOf(candidate.memberId) > 0,
      ),
    )
    if (member === undefined) continue
    for (const division of group) division.assign(member.memberId, [partition])
    if (group.every((division) => division.roomOf(member.memberId) === 0)) {
      remaining = remaining.filter((candidate) => candidate !== member)
    }
  }
}

interface MemberSubscription {
  readonly member: GroupMember
  readonly topics: ReadonlySet<string>
}

/** How far the partitions of one topic are divided. */
class TopicDivision {
  readonly members: readonly GroupMember[]
  readonly partitionCount: number
  readonly racksMatter: boolean
  readonly #topic: string
  readonly #racks: readonly ReadonlySet<string>[]
  readonly #assigned: ReadonlyMap<string, TopicPartition[]>
  readonly #counts = new Map<string, number>()
  readonly #quota: number
  /** Members that may still get one more than the quota. */
  #extras: number
  #unassigned: number[]

  constructor(
    topic: AssignableTopic,
    group: readonly MemberSubscription[],
    assigned: ReadonlyMap<string, TopicPartition[]>,
  ) {
    this.#topic = topic.name
    this.members = group.filter(({ topics }) => topics.has(topic.name)).map(({ member }) => member)
    this.partitionCount = topic.partitionCount
    this.#assigned = assigned
    this.#racks = partitionRacks(topic)
    // Racks of the whole group count here, also of members that do not subscribe to this topic: as Java does.
    this.racksMatter = racksMatter(new Set(group.flatMap(({ member }) => rackOf(member) ?? [])), this.#racks)
    this.#quota = Math.floor(topic.partitionCount / this.members.length)
    this.#extras = topic.partitionCount % this.members.length
    this.#unassigned = Array.from({ length: topic.partitionCount }, (_, partition) => partition)
  }

  inRackOf(member: GroupMember, partition: number): boolean {
    const rack = rackOf(member)
    return rack === undefined || this.#racks[partition]?.has(rack) === true
  }

  /** How many more partitions this member may get. */
  roomOf(memberId: string): number {
    return Math.max(0, this.#quota + (this.#extras > 0 ? 1 : 0) - (this.#counts.get(memberId) ?? 0))
  }

  assign(memberId: string, partitions: readonly number[]): void {
    const count = (this.#counts.get(memberId) ?? 0) + partitions.length
    this.#counts.set(memberId, count)
    if (count > this.#quota) this.#extras--
    const given = new Set(partitions)
    this.#unassigned = this.#unassigned.filter((partition) => !given.has(partition))
    this.#assigned.get(memberId)?.push(...partitions.map((partition) => ({ topic: this.#topic, partition })))
  }

  assignRuns(mayAssign: (member: GroupMember, partition: number) => boolean): void {
    for (const member of this.members) {
      const run = this.#unassigned
        .filter((partition) => mayAssign(member, partition))
        .slice(0, this.roomOf(member.memberId))
      if (run.length > 0) this.assign(member.memberId, run)
    }
  }
}
