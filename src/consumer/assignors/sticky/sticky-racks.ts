import type { TopicPartition } from '../../../base/topic-partition'
import { partitionRacks, rackOf, racksMatter } from '../rack-awareness'
import type { StickyGroup } from './sticky-group'

/** Which members are near which partitions (KIP-881). Everything is near everything when racks make no difference. */
export class StickyRacks {
  /** False when racks make no difference for this group. */
  readonly inUse: boolean
  readonly #memberRacks = new Map<string, string>()
  readonly #partitionRacks = new Map<TopicPartition, ReadonlySet<string>>()
  readonly #nearCounts = new Map<TopicPartition, number>()

  constructor(group: StickyGroup) {
    for (const { member } of group.claimants) {
      const rack = rackOf(member)
      if (rack !== undefined) this.#memberRacks.set(member.memberId, rack)
    }
    for (const [name, partitions] of group.partitions) {
      const topic = group.topics.get(name)
      if (topic === undefined) continue
      const racks = partitionRacks(topic)
      for (const partition of partitions) {
        this.#partitionRacks.set(partition, racks[partition.partition] ?? new Set())
      }
    }
    this.inUse = racksMatter(new Set(this.#memberRacks.values()), [...this.#partitionRacks.values()])
    if (this.inUse) this.#countNear()
  }

  #countNear(): void {
    const membersPerRack = new Map<string, number>()
    for (const rack of this.#memberRacks.values()) {
      membersPerRack.set(rack, (membersPerRack.get(rack) ?? 0) + 1)
    }
    for (const [partition, racks] of this.#partitionRacks) {
      let count = 0
      for (const rack of racks) count += membersPerRack.get(rack) ?? 0
      this.#nearCounts.set(partition, count)
    }
  }

  /** True when the member names a rack that holds no replica of the partition. */
  mismatch(memberId: string, partition: TopicPartition): boolean {
    return this.inUse && this.#memberRacks.has(memberId) && !this.near(memberId, partition)
  }

  /** True when the member names a rack that holds a replica of the partition. */
  near(memberId: string, partition: TopicPartition): boolean {
    if (!this.inUse) return false
    const rack = this.#memberRacks.get(memberId)
    return rack !== undefined && this.#partitionRacks.get(partition)?.has(rack) === true
  }

  /** Partitions with few near members first, so that they find one while there is room. */
  byFewestNear(partitions: readonly TopicPartition[]): TopicPartition[] {
    if (!this.inUse) return [...partitions]
    const count = (partition: TopicPartition) => this.#nearCounts.get(partition) ?? 0
    return [...partitions].sort((a, b) => count(a) - count(b))
  }

  /** Index of the next near member from `first` on, around the list; -1 when there is none. */
  nextNear(partition: TopicPartition, members: readonly string[], first: number): number {
    for (let i = 0; i < members.length; i++) {
      const index = (first + i) % members.length
      if (this.near(members[index] as string, partition)) return index
    }
    return -1
  }
}
