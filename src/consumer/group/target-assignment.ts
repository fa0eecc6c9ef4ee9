import { pushTo } from '../../base/group-by'
import { formatTopicPartition, type TopicPartition } from '../../base/topic-partition'
import type { Metadata } from '../../cluster/metadata'
import { OwnedPartitions } from './owned-partitions'
import type { SubscribedTopics } from './subscribed-topics'
import type { NamedTopic } from './topic-names'

/** Partitions of a topic by its id, as KIP-848 speaks of them. */
export interface PartitionsById {
  readonly topicId: string
  readonly partitions: readonly number[]
}

/**
 * What the coordinator wants a member to have, what it has, and how the two differ. The protocol knows topics by id, so
 * that a topic that was deleted and created anew is another one; the rest of the consumer knows them by name.
 */
export class TargetAssignment {
  readonly owned = new OwnedPartitions()
  readonly #metadata: Metadata
  readonly #subscribed: SubscribedTopics
  /** What the coordinator last said; undefined before it did. */
  #target: readonly PartitionsById[] | undefined
  /** Names by id, of what is wanted or owned: a topic keeps its name here when it was deleted. */
  #names = new Map<string, string>()
  /** Ids by name, of what is owned. */
  readonly #ownedIds = new Map<string, string>()

  constructor(metadata: Metadata, subscribed: SubscribedTopics) {
    this.#metadata = metadata
    this.#subscribed = subscribed
  }

  /** The coordinator has said what the member shall have. */
  set(target: readonly PartitionsById[]): void {
    this.#target = target
    this.#resolve()
    this.#subscribed.handleTarget(new Set(this.#names.values()))
  }

  /** The coordinator has to say it anew. */
  forget(): void {
    this.#target = undefined
  }

  /** Names of topics were found. */
  learn(found: readonly NamedTopic[]): void {
    for (const { topicId, name } of found) this.#names.set(topicId, name)
  }

  /** Topics of what is wanted and what is owned, as far as they have names. */
  topics(): readonly string[] {
    return [...new Set(this.#names.values())]
  }

  /** Ids of the wanted topics whose names are not known. */
  nameless(): readonly string[] {
    this.#resolve()
    return (this.#target ?? []).map(({ topicId }) => topicId).filter((topicId) => !this.#names.has(topicId))
  }

  /** What is owned and not wanted, or only under another topic id, or not subscribed to any more. */
  surplus(): TopicPartition[] {
    const target = this.#target
    const wanted = new Map(target?.map(({ topicId, partitions }) => [topicId, new Set(partitions)]))
    return this.owned.list().filter(({ topic, partition }) => {
      if (!this.#subscribed.accepts(topic)) return true
      return target !== undefined && !wanted.get(this.#ownedIds.get(topic) ?? '')?.has(partition)
    })
  }

  /** What is wanted, subscribed to and not owned, of topics that have names. */
  missing(): TopicPartition[] {
    this.#resolve()
    const named = (this.#target ?? []).flatMap(({ topicId, partitions }) => {
      const topic = this.#names.get(topicId)
      if (topic === undefined || !this.#subscribed.accepts(topic)) return []
      return partitions.map((partition) => ({ topic, partition }))
    })
    return this.owned.missing(named)
  }

  /** These are owned from now on. */
  own(added: readonly TopicPartition[]): void {
    this.owned.add(added)
    const keys = new Set(added.map(formatTopicPartition))
    for (const { topicId, partitions } of this.#target ?? []) {
      const topic = this.#names.get(topicId)
      if (topic === undefined) continue
      const isAdded = partitions.some((partition) => keys.has(formatTopicPartition({ topic, partition })))
      if (isAdded) this.#ownedIds.set(topic, topicId)
    }
  }

  /** What is owned, as the coordinator is told of it, in an order that depends on nothing else. */
  ownedById(): PartitionsById[] {
    const byId = new Map<string, number[]>()
    for (const { topic, partition } of this.owned.list()) {
      pushTo(byId, this.#ownedIds.get(topic) ?? '', partition)
    }
    return [...byId]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([topicId, partitions]) => ({ topicId, partitions: partitions.sort((a, b) => a - b) }))
  }

  /** Looks up names, and forgets those of topics that are neither wanted nor owned. */
  #resolve(): void {
    const owned = this.owned.list().map(({ topic }) => this.#ownedIds.get(topic) ?? '')
    const wanted = (this.#target ?? []).map(({ topicId }) => topicId)
    const names = new Map<string, string>()
    for (const topicId of [...owned, ...wanted]) {
      const name = this.#names.get(topicId) ?? this.#metadata.topicName(topicId)
      if (name !== undefined) names.set(topicId, name)
    }
    this.#names = names
  }
}
