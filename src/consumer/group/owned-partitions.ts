import { formatTopicPartition, type TopicPartition } from '../../base/topic-partition'

interface Owned {
  readonly topicPartition: TopicPartition
  readonly ownership: number
}

/**
 * The partitions a member owns. Each time one is gained it gets a new ownership number, by which work that was begun
 * under an earlier ownership is recognised as stale, even when the partition has come back.
 */
export class OwnedPartitions {
  readonly #owned = new Map<string, Owned>()
  #lastOwnership = 0

  list(): readonly TopicPartition[] {
    return [...this.#owned.values()].map(({ topicPartition }) => topicPartition)
  }

  get size(): number {
    return this.#owned.size
  }

  /** Undefined when the partition is not owned. */
  ownershipOf(topicPartition: TopicPartition): number | undefined {
    return this.#owned.get(formatTopicPartition(topicPartition))?.ownership
  }

  /** Those of `partitions` that are not owned. */
  missing(partitions: readonly TopicPartition[]): TopicPartition[] {
    return partitions.filter((partition) => this.ownershipOf(partition) === undefined)
  }

  /** What is owned and not among `partitions`. */
  surplus(partitions: readonly TopicPartition[]): TopicPartition[] {
    const wanted = new Set(partitions.map(formatTopicPartition))
    return this.list().filter((partition) => !wanted.has(formatTopicPartition(partition)))
  }

  add(partitions: readonly TopicPartition[]): void {
    const ownership = ++this.#lastOwnership
    for (const topicPartition of this.missing(partitions)) {
      this.#owned.set(formatTopicPartition(topicPartition), { topicPartition, ownership })
    }
  }

  delete(partitions: readonly TopicPartition[]): void {
    for (const partition of partitions) this.#owned.delete(formatTopicPartition(partition))
  }
}
