import type { TopicPartition } from '../../../base/topic-partition'
import { compareText } from '../assignment-order'
import { type Ownership, sortedPartitions, type StickyGroup } from './sticky-group'
import { StickyRacks } from './sticky-racks'

/**
 * The quick way, for members that all subscribe to the same topics: each keeps what it owns up to its share, and the
 * rest goes around. Shares differ by one at most:
 *
 *     quota = floor(partitions / members); `extraCount` members get quota + 1
 *
 *     below quota  --fills up-->  at quota  --one more, while extras are left-->  full
 */
export class ConstrainedAssignment {
  readonly #group: StickyGroup
  readonly #ownership: Ownership
  readonly #racks: StickyRacks
  readonly #quota: number
  readonly #extraCount: number
  readonly #maxQuota: number
  #extrasTaken = 0
  #belowQuota: string[] = []
  #atQuota: string[] = []
  readonly #assignment = new Map<string, TopicPartition[]>()
  readonly #kept = new Set<TopicPartition>()
  /** Partitions that their owners could not keep, with the owner. */
  readonly #givenUp = new Map<TopicPartition, string>()
  /** Partitions that move from one member to another; a cooperative group gives them out a rebalance later. */
  readonly transferring = new Set<TopicPartition>()

  constructor(group: StickyGroup, ownership: Ownership) {
    this.#group = group
    this.#ownership = ownership
    this.#racks = new StickyRacks(group)
    const members = group.claimants.length
    this.#quota = Math.floor(group.partitionCount / members)
    this.#extraCount = group.partitionCount % members
    this.#maxQuota = this.#quota + (this.#extraCount > 0 ? 1 : 0)
  }

  build(): ReadonlyMap<string, readonly TopicPartition[]> {
    for (const [memberId, owned] of this.#ownership.owned) this.#keepOwned(memberId, owned)
    this.#belowQuota.sort(compareText)
    this.#atQuota.sort(compareText)
    let unassigned = sortedPartitions(this.#group).filter((partition) => !this.#kept.has(partition))
    if (this.#racks.inUse) unassigned = this.#assignNear(this.#racks.byFewestNear(unassigned))
    this.#assignAround(unassigned)
    return this.#assignment
  }

  #keepOwned(memberId: string, owned: readonly TopicPartition[]): void {
    const keepable = owned
      .filter((partition) => !this.#racks.mismatch(memberId, partition))
      .sort((a, b) => a.partition - b.partition || compareText(a.topic, b.topic))
    const extraLeft = this.#extrasTaken < this.#extraCount
    const takesExtra = keepable.length >= this.#maxQuota && extraLeft && keepable.length >= this.#quota
    const kept = keepable.slice(0, takesExtra ? this.#maxQuota : this.#quota)
    this.#assignment.set(memberId, kept)
    for (const partition of kept) this.#kept.add(partition)
    for (const partition of owned) if (!this.#kept.has(partition)) this.#givenUp.set(partition, memberId)
    if (keepable.length < this.#quota) this.#belowQuota.push(memberId)
    else if (takesExtra) {
      this.#extrasTaken++
      if (this.#extrasTaken === this.#extraCount) this.#atQuota = []
    } else if (extraLeft) this.#atQuota.push(memberId)
  }

  /** Gives partitions to near members while they have room; returns what is left. */
  #assignNear(partitions: readonly TopicPartition[]): TopicPartition[] {
    const left: TopicPartition[] = []
    let next = 0
    for (const partition of partitions) {
      const index = this.#racks.nextNear(partition, this.#belowQuota, next)
      if (index >= 0) {
        next = this.#assignBelowQuota(partition, index)
        continue
      }
      const extra = this.#racks.nextNear(partition, this.#atQuota, 0)
      if (extra < 0) left.push(partition)
      else {
        const [memberId] = this.#atQuota.splice(extra, 1) as [string]
        this.#assign(partition, memberId)
        this.#extrasTaken++
        if (this.#extrasTaken === this.#extraCount) this.#atQuota = []
      }
    }
    return left
  }

  /** Returns the index from which the next search starts. */
  #assignBelowQuota(partition: TopicPartition, index: number): number {
    const memberId = this.#belowQuota[index] as string
    const full = this.#assign(partition, memberId) >= this.#quota
    if (full) {
      this.#belowQuota.splice(index, 1)
      if (this.#extrasTaken < this.#extraCount) this.#atQuota.push(memberId)
    }
    const next = full ? index : index + 1
    return this.#belowQuota.length === 0 ? 0 : next % this.#belowQuota.length
  }

  #assignAround(partitions: readonly TopicPartition[]): void {
    let next = 0
    for (const partition of partitions) {
      if (this.#belowQuota.length === 0) {
        const memberId = this.#atQuota.shift()
        if (memberId !== undefined) this.#assign(partition, memberId)
        continue
      }
      if (next >= this.#belowQuota.length) next = 0
      const memberId = this.#belowQuota[next] as string
      if (this.#assign(partition, memberId) === this.#quota) {
        this.#belowQuota.splice(next, 1)
        this.#atQuota.push(memberId)
      } else next++
    }
  }

  #assign(partition: TopicPartition, memberId: string): number {
    const partitions = this.#assignment.get(memberId) as TopicPartition[]
    partitions.push(partition)
    const owner = this.#givenUp.get(partition)
    const moves = owner !== undefined && owner !== memberId
    if (moves || this.#ownership.contested.has(partition)) this.transferring.add(partition)
    return partitions.length
  }
}
