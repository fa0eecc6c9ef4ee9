import type { TopicPartition } from '../../../base/topic-partition'
import { compareText } from '../assignment-order'
import { PartitionMovements } from './partition-movements'
import { type Ownership, remove, type StickyGroup, unknownGeneration } from './sticky-group'
import { StickyRacks } from './sticky-racks'

/**
 * The way for members with different subscriptions: keep what can be kept, give the rest to whoever has least, then
 * move partitions one by one from members with more to members with less, until no single move helps.
 */
export class GeneralAssignment {
  readonly #group: StickyGroup
  readonly #racks: StickyRacks
  readonly #movements = new PartitionMovements()
  /** By member what it has; members that can neither give nor take are set aside while balancing. */
  #current: Map<string, TopicPartition[]>
  #ownerOf = new Map<TopicPartition, string>()
  /** Where a partition was before, by a claim of an older generation. */
  readonly #previousOwner = new Map<TopicPartition, { memberId: string; generationId: number }>()
  readonly #topicsOf = new Map<string, ReadonlySet<string>>()
  readonly #subscribersOf = new Map<string, string[]>()
  /** Members by how little they have, then by id. */
  #byLoad: string[] = []

  constructor(group: StickyGroup, ownership: Ownership) {
    this.#group = group
    this.#racks = new StickyRacks(group)
    this.#current = ownership.owned
    for (const topic of group.partitions.keys()) this.#subscribersOf.set(topic, [])
    for (const { member } of group.claimants) {
      const topics = new Set(member.topics.filter((topic) => group.partitions.has(topic)))
      this.#topicsOf.set(member.memberId, topics)
      for (const topic of topics) this.#subscribersOf.get(topic)?.push(member.memberId)
    }
    this.#rememberOlderClaims()
  }

  build(): ReadonlyMap<string, readonly TopicPartition[]> {
    const all = this.#partitionsByFewestSubscribers()
    const revocationNeeded = this.#dropUnkeepable()
    const unassigned = all.filter((partition) => !this.#ownerOf.has(partition))
    this.#byLoad = [...this.#current.keys()].sort((a, b) => this.#compareLoad(a, b))
    const fresh = this.#count(this.#byLoad[this.#byLoad.length - 1] as string) === 0
    this.#assignAll(unassigned)
    this.#balance(all, revocationNeeded ? undefined : unassigned, fresh)
    return this.#current
  }

  #rememberOlderClaims(): void {
    const newest = Math.max(
      unknownGeneration,
      ...this.#group.claimants.map(({ claim }) => claim.generationId ?? unknownGeneration),
    )
    for (const { member, claim } of this.#group.claimants) {
      const generationId = claim.generationId ?? unknownGeneration
      if (generationId >= newest) continue
      for (const partition of claim.partitions) {
        const known = this.#previousOwner.get(partition)
        if (known !== undefined && generationId <= known.generationId) continue
        this.#previousOwner.set(partition, { memberId: member.memberId, generationId })
      }
    }
  }

  #partitionsByFewestSubscribers(): TopicPartition[] {
    const subscribers = (topic: string) => this.#subscribersOf.get(topic)?.length ?? 0
    return [...this.#group.partitions.keys()]
      .sort((a, b) => subscribers(a) - subscribers(b) || compareText(a, b))
      .flatMap((topic) => this.#group.partitions.get(topic) ?? [])
  }

  /** Takes away what a member no longer subscribes to, or what is far from its rack; true when something was. */
  #dropUnkeepable(): boolean {
    let dropped = false
    for (const [memberId, partitions] of this.#current) {
      const kept = partitions.filter(
        (partition) =>
          this.#topicsOf.get(memberId)?.has(partition.topic) && !this.#racks.mismatch(memberId, partition),
      )
      if (kept.length < partitions.length) dropped = true
      this.#current.set(memberId, kept)
      for (const partition of kept) this.#ownerOf.set(partition, memberId)
    }
    return dropped
  }

  #assignAll(partitions: readonly TopicPartition[]): void {
    let rest = partitions
    if (this.#racks.inUse) {
      rest = partitions.filter((partition) => !this.#assignToLeastLoaded(partition, true))
    }
    for (const partition of rest) this.#assignToLeastLoaded(partition, false)
  }

  #assignToLeastLoaded(partition: TopicPartition, nearOnly: boolean): boolean {
    const memberId = this.#byLoad.find(
      (candidate) =>
        this.#topicsOf.get(candidate)?.has(partition.topic) &&
        !(nearOnly && this.#racks.mismatch(candidate, partition)),
    )
    if (memberId === undefined) return false
    this.#withLoadOf([memberId], () => this.#current.get(memberId)?.push(partition))
    this.#ownerOf.set(partition, memberId)
    return true
  }

  #balance(
    all: readonly TopicPartition[],
    unassigned: readonly TopicPartition[] | undefined,
    fresh: boolean,
  ): void {
    const movable = (partition: TopicPartition) => this.#isMovable(partition.topic)
    const setAside = new Map<string, TopicPartition[]>()
    for (const memberId of this.#topicsOf.keys()) {
      if (this.#canTakePart(memberId)) continue
      remove(this.#byLoad, memberId)
      setAside.set(memberId, this.#current.get(memberId) ?? [])
      this.#current.delete(memberId)
    }
    const before = new Map([...this.#current].map(([memberId, partitions]) => [memberId, [...partitions]]))
    if (unassigned !== undefined) this.#moveWhileItHelps(unassigned.filter(movable))
    const moved = this.#moveWhileItHelps(all.filter(movable))
    if (!fresh && moved && imbalance(this.#current) >= imbalance(before)) this.#current = before
    for (const [memberId, partitions] of setAside) this.#current.set(memberId, partitions)
  }

  #isMovable(topic: string): boolean {
    return (this.#subscribersOf.get(topic)?.length ?? 0) > 1
  }

  #canTakePart(memberId: string): boolean {
    const partitions = this.#current.get(memberId) ?? []
    return (
      partitions.length < this.#mostFor(memberId) ||
      partitions.some((partition) => this.#isMovable(partition.topic))
    )
  }

  /** All partitions this member could have. */
  #mostFor(memberId: string): number {
    let most = 0
    for (const topic of this.#topicsOf.get(memberId) ?? [])
      most += this.#group.partitions.get(topic)?.length ?? 0
    return most
  }

  #moveWhileItHelps(partitions: readonly TopicPartition[]): boolean {
    let movedAny = false
    for (let moved = true; moved;) {
      moved = false
      for (const partition of partitions) {
        if (this.#isBalanced()) break
        if (this.#moveIfItHelps(partition)) moved = movedAny = true
      }
    }
    return movedAny
  }

  #moveIfItHelps(partition: TopicPartition): boolean {
    const owner = this.#ownerOf.get(partition)
    if (owner === undefined || !this.#current.has(owner)) return false
    const load = this.#count(owner)
    const previous = this.#previousOwner.get(partition)?.memberId
    if (previous !== undefined && this.#mayTake(previous, partition) && load > this.#count(previous) + 1) {
      this.#move(partition, owner, previous)
      return true
    }
    const lighter = (this.#subscribersOf.get(partition.topic) ?? []).filter(
      (other) => load > this.#count(other) + 1,
    )
    if (lighter.length === 0) return false
    const target = this.#byLoad.find((candidate) => this.#topicsOf.get(candidate)?.has(partition.topic))
    if (target === undefined) return false
    this.#move(partition, owner, target)
    return true
  }

  /** Java does not ask for the subscription here, and gives partitions to members that no longer want them. */
  #mayTake(memberId: string, { topic }: TopicPartition): boolean {
    return this.#current.has(memberId) && this.#topicsOf.get(memberId)?.has(topic) === true
  }

  #move(partition: TopicPartition, owner: string, newOwner: string): void {
    const moving = this.#movements.actualPartitionToMove(partition, owner, newOwner)
    const from = this.#ownerOf.get(moving) ?? owner
    this.#movements.record(moving, from, newOwner)
    this.#withLoadOf([from, newOwner], () => {
      remove(this.#current.get(from), moving)
      this.#current.get(newOwner)?.push(moving)
    })
    this.#ownerOf.set(moving, newOwner)
  }

  /** No member could take a partition from another and have no more than it afterwards. */
  #isBalanced(): boolean {
    const least = this.#byLoad[0]
    const most = this.#byLoad[this.#byLoad.length - 1]
    if (least === undefined || most === undefined) return true
    if (this.#count(least) >= this.#count(most) - 1) return true
    return this.#byLoad.every((memberId) => {
      const count = this.#count(memberId)
      if (count === this.#mostFor(memberId)) return true
      for (const topic of this.#topicsOf.get(memberId) ?? []) {
        for (const partition of this.#group.partitions.get(topic) ?? []) {
          const owner = this.#ownerOf.get(partition)
          if (owner !== undefined && owner !== memberId && count < this.#count(owner)) return false
        }
      }
      return true
    })
  }

  #count(memberId: string): number {
    return this.#current.get(memberId)?.length ?? 0
  }

  #compareLoad(a: string, b: string): number {
    return this.#count(a) - this.#count(b) || compareText(a, b)
  }

  /** Changes what these members have and puts them back at their place among the others. */
  #withLoadOf(memberIds: readonly string[], change: () => void): void {
    for (const memberId of memberIds) remove(this.#byLoad, memberId)
    change()
    for (const memberId of new Set(memberIds)) {
      const at = this.#byLoad.findIndex((other) => this.#compareLoad(other, memberId) > 0)
      this.#byLoad.splice(at < 0 ? this.#byLoad.length : at, 0, memberId)
    }
  }
}

/** Sum of the differences between all pairs of members; 0 when all have the same. */
function imbalance(assignment: ReadonlyMap<string, readonly TopicPartition[]>): number {
  const counts = [...assignment.values()].map((partitions) => partitions.length)
  let sum = 0
  counts.forEach((a, i) => counts.slice(i + 1).forEach((b) => (sum += Math.abs(a - b))))
  return sum
}
