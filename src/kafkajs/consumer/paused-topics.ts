import type { TopicPartition } from '../../index'

/** What the program has paused: whole topics, whichever partitions are assigned, or single partitions. */
export class PausedTopics {
  readonly #topics = new Set<string>()
  /** By topic: exceptions from what holds for the whole. */
  readonly #partitions = new Map<string, Map<number, boolean>>()

  set(topic: string, partitions: readonly number[] | undefined, isPaused: boolean): void {
    if (partitions === undefined) {
      this.#partitions.delete(topic)
      if (isPaused) this.#topics.add(topic)
      else this.#topics.delete(topic)
      return
    }
    const known = this.#partitions.get(topic) ?? new Map<number, boolean>()
    this.#partitions.set(topic, known)
    for (const partition of partitions) known.set(Number(partition), isPaused)
  }

  /** Everything is read. */
  clear(): void {
    this.#topics.clear()
    this.#partitions.clear()
  }

  has({ topic, partition }: TopicPartition): boolean {
    return this.#partitions.get(topic)?.get(partition) ?? this.#topics.has(topic)
  }
}
