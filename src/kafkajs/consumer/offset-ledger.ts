import type { TopicPartition } from '../../index'
import type { OffsetsByTopicPartition, TopicOffsets } from '../types/metadata'

/** How far a partition is. Once it was sought or given away, its entry counts no longer, whoever still holds it. */
export interface PartitionProgress extends TopicPartition {
  /** The next offset to read, by what the handler has done. */
  resolved: bigint
  committed: bigint
}

/** What is done and what of it is committed, for each partition of a run; commits are asked for by it. */
export class OffsetLedger {
  readonly #entries = new Map<string, PartitionProgress>()
  #lastCommitAt = Date.now()

  /** Partitions were given out: the time to the next commit begins anew. */
  restart(): void {
    this.#lastCommitAt = Date.now()
  }

  /** Reading of a partition begins, or goes on, at this offset; what is done is written into the answer. */
  begin({ topic, partition }: TopicPartition, offset: bigint): PartitionProgress {
    const key = keyOf({ topic, partition })
    const known = this.#entries.get(key)
    if (known !== undefined) return known
    const begun = { topic, partition, resolved: offset, committed: offset }
    this.#entries.set(key, begun)
    return begun
  }

  /** The partition was sought or given away: what was done counts no longer. */
  forget(at: TopicPartition): void {
    this.#entries.delete(keyOf(at))
  }

  /** What is done and not committed. */
  uncommitted(): OffsetsByTopicPartition {
    return { topics: byTopic(this.#open()) }
  }

  /** Whether a commit is due by the time since the last one, or by the number of messages done since then. */
  isCommitDue(intervalMs: number | null, threshold: number | null): boolean {
    if (intervalMs !== null && Date.now() >= this.#lastCommitAt + intervalMs) return true
    if (threshold === null) return false
    const done = this.#open().reduce((sum, { resolved, committed }) => sum + (resolved - committed), 0n)
    return done >= BigInt(threshold)
  }

  /** These offsets are committed. */
  committed(offsets: OffsetsByTopicPartition): void {
    this.#lastCommitAt = Date.now()
    for (const { topic, partitions } of offsets.topics) {
      for (const { partition, offset } of partitions) {
        const entry = this.#entries.get(keyOf({ topic, partition }))
        if (entry !== undefined) entry.committed = BigInt(offset)
      }
    }
  }

  #open(): PartitionProgress[] {
    return [...this.#entries.values()].filter(({ resolved, committed }) => resolved !== committed)
  }
}

/** Names a partition in a map. */
export function keyOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`
}

function byTopic(entries: readonly PartitionProgress[]): TopicOffsets[] {
  const topics = new Map<string, TopicOffsets>()
  for (const { topic, partition, resolved } of entries) {
    const known = topics.get(topic) ?? { topic, partitions: [] }
    topics.set(topic, known)
    known.partitions.push({ partition, offset: resolved.toString() })
  }
  return [...topics.values()]
}
