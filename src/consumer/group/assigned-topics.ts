import { formatTopicPartition, type TopicPartition } from '../../base/topic-partition'
import type { Metadata } from '../../cluster/metadata'

/** Partitions of a topic by its id, as KIP-848 speaks of them. */
export interface PartitionsById {
  readonly topicId: string
  readonly partitions: readonly number[]
}

/** What the coordinator assigned, as far as the names of the topics are known. */
export interface ResolvedTarget {
  readonly partitions: readonly TopicPartition[]
  /** Ids that metadata has no names for yet. */
  readonly unknown: readonly string[]
}

/**
 * Names and ids of the topics that a member has or is to get. The protocol knows topics by id, so that a topic that was
 * deleted and created anew is another one; the rest of the consumer knows them by name.
 */
export class AssignedTopics {
  readonly #metadata: Metadata
  /** A topic that is owned keeps its name here, also when it was deleted. */
  #names = new Map<string, string>()
  readonly #ownedIds = new Map<string, string>()

  constructor(metadata: Metadata) {
    this.#metadata = metadata
  }

  /** The partitions of a target by name. */
  resolve(target: readonly PartitionsById[]): ResolvedTarget {
    const owned = new Set(this.#ownedIds.values())
    const names = new Map([...this.#names].filter(([topicId]) => owned.has(topicId)))
    const unknown: string[] = []
    const resolved: TopicPartition[] = []
    for (const { topicId, partitions } of target) {
      const topic = this.#names.get(topicId) ?? this.#metadata.topicName(topicId)
      if (topic === undefined) unknown.push(topicId)
      else {
        names.set(topicId, topic)
        resolved.push(...partitions.map((partition) => ({ topic, partition })))
      }
    }
    this.#names = names
    return { partitions: resolved, unknown }
  }

  /** Those of the owned partitions that are not in the target, or only under another topic id. */
  surplus(owned: readonly TopicPartition[], target: readonly PartitionsById[]): TopicPartition[] {
    const wanted = new Map(target.map(({ topicId, partitions }) => [topicId, new Set(partitions)]))
    return owned.filter(
      ({ topic, partition }) => !wanted.get(this.#ownedIds.get(topic) ?? '')?.has(partition),
    )
  }

  /** Remembers under which ids these partitions of a target are owned from now on. */
  own(added: readonly TopicPartition[], target: readonly PartitionsById[]): void {
    const keys = new Set(added.map(formatTopicPartition))
    for (const { topicId, partitions } of target) {
      const topic = this.#names.get(topicId)
      if (topic === undefined) continue
      const isAdded = partitions.some((partition) => keys.has(formatTopicPartition({ topic, partition })))
      if (isAdded) this.#ownedIds.set(topic, topicId)
    }
  }

  /** Owned partitions by topic id, in an order that depends on nothing else. */
  byId(owned: readonly TopicPartition[]): PartitionsById[] {
    const byId = new Map<string, number[]>()
    for (const { topic, partition } of owned) {
      const topicId = this.#ownedIds.get(topic) ?? ''
      byId.set(topicId, [...(byId.get(topicId) ?? []), partition])
    }
    return [...byId]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([topicId, partitions]) => ({ topicId, partitions: partitions.sort((a, b) => a - b) }))
  }
}
