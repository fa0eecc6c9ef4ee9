import type { TopicPartition } from '../../../base/topic-partition'
import { compareText } from '../assignment-order'
import { inJavaHashOrder, javaStringHash } from '../java-hash-order'
import type { AssignableTopic, GroupMember } from '../partition-assignor'

/** The generation of a claim that does not name one. */
export const unknownGeneration = -1

/** What a member says it owns; the generation is undefined when it says nothing at all. */
export interface Claim {
  readonly partitions: readonly TopicPartition[]
  readonly generationId: number | undefined
}

/** A member with its claim, partitions resolved to the group's own objects. */
export interface Claimant {
  readonly member: GroupMember
  readonly claim: Claim
}

/**
 * One rebalance as the sticky algorithm sees it. Every partition is one object here, whoever mentions it, so that
 * sets and maps can hold partitions by identity.
 */
export interface StickyGroup {
  /** In the order in which Java's leader meets them, which decides between equals. */
  readonly claimants: readonly Claimant[]
  /** By topic; only topics that exist, have partitions and a subscriber. */
  readonly partitions: ReadonlyMap<string, readonly TopicPartition[]>
  readonly topics: ReadonlyMap<string, AssignableTopic>
  readonly partitionCount: number
}

export function createStickyGroup(
  members: readonly GroupMember[],
  topics: readonly AssignableTopic[],
  claimOf: (member: GroupMember) => Claim,
): StickyGroup {
  const subscribed = new Set(members.flatMap((member) => member.topics))
  const usable = topics.filter((topic) => topic.partitionCount > 0 && subscribed.has(topic.name))
  const partitions = new Map(
    usable.map((topic) => [
      topic.name,
      Array.from({ length: topic.partitionCount }, (_, partition) => ({ topic: topic.name, partition })),
    ]),
  )
  const claimants = inJavaHashOrder(members, (member) => javaStringHash(member.memberId)).map((member) => {
    const claim = claimOf(member)
    const known = claim.partitions.flatMap(({ topic, partition }) => partitions.get(topic)?.[partition] ?? [])
    return { member, claim: { partitions: known, generationId: claim.generationId } }
  })
  return {
    claimants,
    partitions,
    topics: new Map(usable.map((topic) => [topic.name, topic])),
    partitionCount: usable.reduce((sum, topic) => sum + topic.partitionCount, 0),
  }
}

/** All partitions by topic name, then number. */
export function sortedPartitions(group: StickyGroup): TopicPartition[] {
  return [...group.partitions.keys()].sort(compareText).flatMap((topic) => group.partitions.get(topic) ?? [])
}

/** True when all members subscribe to the same topics; then the quick way is taken. */
export function subscriptionsAreEqual(group: StickyGroup): boolean {
  const [first, ...others] = group.claimants.map(({ member }) => new Set(member.topics))
  return others.every(
    (topics) => topics.size === first?.size && [...topics].every((topic) => first.has(topic)),
  )
}

/** Who is believed to own what. */
export interface Ownership {
  readonly owned: Map<string, TopicPartition[]>
  /** Claimed by several members of one generation: none of them is believed. */
  readonly contested: ReadonlySet<TopicPartition>
}

/** Decides between claims: the newer generation is believed; of two in one generation neither is. */
export function resolveClaims(group: StickyGroup): Ownership {
  const owned = new Map<string, TopicPartition[]>()
  const contested = new Set<TopicPartition>()
  const claimedBy = new Map<TopicPartition, Claimant>()
  for (const claimant of group.claimants) {
    const mine: TopicPartition[] = []
    owned.set(claimant.member.memberId, mine)
    for (const partition of claimant.claim.partitions) {
      const other = claimedBy.get(partition)
      if (other === claimant) continue
      claimedBy.set(partition, claimant)
      if (other === undefined) {
        mine.push(partition)
        continue
      }
      const generation = claimant.claim.generationId ?? unknownGeneration
      const otherGeneration = other.member.generationId < 0 ? unknownGeneration : other.member.generationId
      if (generation < otherGeneration) {
        claimedBy.set(partition, other)
        continue
      }
      remove(owned.get(other.member.memberId), partition)
      if (generation === otherGeneration) contested.add(partition)
      else mine.push(partition)
    }
  }
  return { owned, contested }
}

/** Takes one element out of a list, if it is in there. */
export function remove<T>(list: T[] | undefined, element: T): void {
  const index = list?.indexOf(element) ?? -1
  if (index >= 0) list?.splice(index, 1)
}
