import type { Services } from '../contracts/services'
import { forgetIfBare } from './classic/old-coordinator'
import type { CommittedOffset, OffsetStore } from '../contracts/group'

/** An offset with its place in the order of all commits: what stands later in the log wins. */
interface StoredOffset {
  readonly offset: CommittedOffset
  readonly order: number
}

interface PendingOffset extends StoredOffset {
  readonly groupId: string
  readonly topic: string
  readonly partition: number
}

type TopicOffsets<T> = Map<string, Map<number, T>>

const none: ReadonlyMap<string, ReadonlyMap<number, CommittedOffset>> = new Map()

/**
 * The committed offsets of all groups, and those of open transactions, in memory. The latter become visible with the
 * marker of their transaction, unless a later ordinary commit stands in their place by then.
 */
export class MemoryOffsetStore implements OffsetStore {
  readonly #services: Services
  readonly #committed = new Map<string, TopicOffsets<StoredOffset>>()
  /** By producer id, then by group, topic and partition. */
  readonly #pending = new Map<bigint, Map<string, PendingOffset>>()
  #order = 0

  constructor(services: Services) {
    this.#services = services
  }

  get(groupId: string, topic: string, partition: number): CommittedOffset | undefined {
    return this.#committed.get(groupId)?.get(topic)?.get(partition)?.offset
  }

  list(groupId: string): ReadonlyMap<string, ReadonlyMap<number, CommittedOffset>> {
    const topics = this.#committed.get(groupId)
    if (topics === undefined) return none
    return new Map(
      [...topics].map(([topic, partitions]) => [
        topic,
        new Map([...partitions].map(([partition, { offset }]) => [partition, offset])),
      ]),
    )
  }

  put(groupId: string, topic: string, partition: number, offset: CommittedOffset): void {
    this.#store(groupId, topic, partition, { offset, order: this.#order++ })
  }

  delete(groupId: string, topic: string, partition: number): void {
    const topics = this.#committed.get(groupId)
    const partitions = topics?.get(topic)
    partitions?.delete(partition)
    if (partitions?.size === 0) topics?.delete(topic)
    if (topics?.size === 0) this.#committed.delete(groupId)
    this.#dropPending((p) => p.groupId === groupId && p.topic === topic && p.partition === partition)
  }

  deleteGroup(groupId: string): void {
    this.#committed.delete(groupId)
    this.#dropPending((pending) => pending.groupId === groupId)
  }

  deleteTopic(topic: string): void {
    const losers: string[] = []
    for (const [groupId, topics] of this.#committed) {
      if (topics.delete(topic)) losers.push(groupId)
      if (topics.size === 0) this.#committed.delete(groupId)
    }
    this.#dropPending((pending) => pending.topic === topic)
    for (const groupId of losers) forgetIfBare(this.#services, groupId)
  }

  putPending(
    producerId: bigint,
    groupId: string,
    topic: string,
    partition: number,
    offset: CommittedOffset,
  ): void {
    const ofProducer = this.#pending.get(producerId) ?? new Map<string, PendingOffset>()
    this.#pending.set(producerId, ofProducer)
    const key = JSON.stringify([groupId, topic, partition])
    ofProducer.set(key, { groupId, topic, partition, offset, order: this.#order++ })
  }

  hasPending(groupId: string, topic: string, partition: number): boolean {
    const key = JSON.stringify([groupId, topic, partition])
    for (const ofProducer of this.#pending.values()) if (ofProducer.has(key)) return true
    return false
  }

  hasPendingInGroup(groupId: string): boolean {
    for (const ofProducer of this.#pending.values()) {
      for (const pending of ofProducer.values()) if (pending.groupId === groupId) return true
    }
    return false
  }

  completeTransaction(producerId: bigint, offsetsPartition: number, committed: boolean): void {
    const ofProducer = this.#pending.get(producerId)
    if (ofProducer === undefined) return
    for (const [key, pending] of ofProducer) {
      const { groupId, topic, partition, offset, order } = pending
      if (this.#services.coordinators.partitionOf('group', groupId) !== offsetsPartition) continue
      ofProducer.delete(key)
      // An ordinary commit that came after the transactional one is the newer, whenever the marker comes.
      const current = this.#committed.get(groupId)?.get(topic)?.get(partition)
      if (committed && (current === undefined || current.order < order))
        this.#store(groupId, topic, partition, { offset, order })
    }
    if (ofProducer.size === 0) this.#pending.delete(producerId)
  }

  #store(groupId: string, topic: string, partition: number, stored: StoredOffset): void {
    const topics = this.#committed.get(groupId) ?? new Map<string, Map<number, StoredOffset>>()
    this.#committed.set(groupId, topics)
    const partitions = topics.get(topic) ?? new Map<number, StoredOffset>()
    topics.set(topic, partitions)
    partitions.set(partition, stored)
  }

  #dropPending(isMeant: (pending: PendingOffset) => boolean): void {
    for (const [producerId, ofProducer] of this.#pending) {
      for (const [key, pending] of ofProducer) if (isMeant(pending)) ofProducer.delete(key)
      if (ofProducer.size === 0) this.#pending.delete(producerId)
    }
  }
}
