import type { FetchRequest } from '../../wire/generated/broker/fetch'
import { fetchKey, FetchPartition } from './fetch-partition'

/** Epochs a request can carry besides those of a session (KIP-227). */
export const FetchSessionEpoch = { initial: 0, final: -1 } as const

/** The epoch that follows; never one of those with a meaning of their own. */
export function nextFetchSessionEpoch(epoch: number): number {
  if (epoch === FetchSessionEpoch.final) return FetchSessionEpoch.final
  return epoch === 0x7fffffff ? 1 : epoch + 1
}

/** What one client fetches from one broker, so that it need not repeat it. Its partitions take turns. */
export class FetchSession {
  readonly id: number
  readonly usesTopicIds: boolean
  readonly createdAt: number
  lastUsedAt: number
  /** What the next request must carry. */
  epoch = nextFetchSessionEpoch(FetchSessionEpoch.initial)
  readonly #partitions = new Map<string, FetchPartition>()

  constructor(id: number, usesTopicIds: boolean, now: number, partitions: Iterable<FetchPartition>) {
    this.id = id
    this.usesTopicIds = usesTopicIds
    this.createdAt = now
    this.lastUsedAt = now
    for (const partition of partitions) this.#partitions.set(partition.key, partition)
  }

  get size(): number {
    return this.#partitions.size
  }

  /** In the order in which they get their share of the response. */
  get partitions(): FetchPartition[] {
    return [...this.#partitions.values()]
  }

  /** Takes over what changed: new partitions, new positions, forgotten ones. */
  update(request: FetchRequest): void {
    for (const topic of request.topics) {
      for (const asked of topic.partitions) {
        const known = this.#partitions.get(fetchKey(topic, asked.partition))
        if (known !== undefined) known.ask(asked)
        else this.#add(new FetchPartition(topic, asked))
      }
    }
    for (const topic of request.forgottenTopicsData) {
      for (const index of topic.partitions) this.#partitions.delete(fetchKey(topic, index))
    }
  }

  /** Lets the others come first the next time. */
  moveToEnd(partition: FetchPartition): void {
    if (this.#partitions.delete(partition.key)) this.#add(partition)
  }

  #add(partition: FetchPartition): void {
    this.#partitions.set(partition.key, partition)
  }
}
