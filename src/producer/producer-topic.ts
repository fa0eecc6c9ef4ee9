import type { PartitionMetadata, TopicMetadata } from '../cluster/metadata'
import { zeroUuid } from '../wire/primitives/uuid'
import { PartitionQueue } from './partition-queue'
import { type PartitionLoad, type StickyOptions, StickyPartitioner } from './partitioner'

/** How a topic's messages without a key are spread. */
export interface SpreadOptions extends StickyOptions {
  /** Milliseconds that a batch may wait to be sent until its broker counts as one that does not keep up; 0 for never. */
  readonly availabilityTimeoutMs: number
  /** Milliseconds by the clock the batches are stamped with. */
  readonly now: () => number
}

/** What the producer keeps of one topic it writes to: its partitions' queues and the partitioner's state. */
export class ProducerTopic implements PartitionLoad {
  readonly name: string
  readonly sticky: StickyPartitioner
  readonly #spread: SpreadOptions
  readonly #queues: (PartitionQueue | undefined)[] = []
  #metadata: TopicMetadata | undefined
  /** Kept while the topic is gone, to recognise another one of its name. */
  #lastTopicId = zeroUuid

  constructor(name: string, spread: SpreadOptions) {
    this.name = name
    this.#spread = spread
    this.sticky = new StickyPartitioner(spread)
  }

  /** The zero id when it is not known. */
  get topicId(): string {
    return this.#metadata?.topicId ?? zeroUuid
  }

  get partitionCount(): number {
    return this.#metadata?.partitions.length ?? 0
  }

  /** By their number; none while metadata is missing. */
  get partitions(): readonly PartitionMetadata[] {
    return this.#metadata?.partitions ?? []
  }

  /**
   * Takes over newer metadata; undefined when brokers say that the topic is gone. When it was created anew,
   * sequences start again (P14).
   */
  update(metadata: TopicMetadata | undefined): void {
    if (this.#metadata === metadata) return
    const isAnother =
      metadata !== undefined && this.#lastTopicId !== zeroUuid && this.#lastTopicId !== metadata.topicId
    this.#metadata = metadata
    if (metadata !== undefined) this.#lastTopicId = metadata.topicId
    for (const queue of this.#queues) {
      if (queue === undefined) continue
      if (isAnother) queue.forgetSequences()
      this.#follow(queue)
    }
  }

  hasLeader(partition: number): boolean {
    const metadata = this.#metadata?.partitions[partition]
    return metadata !== undefined && metadata.leaderId >= 0
  }

  queueLength(partition: number): number {
    return this.#queues[partition]?.batches.length ?? 0
  }

  candidates(): readonly number[] {
    const led = this.partitions.filter(({ leaderId }) => leaderId >= 0)
    const slow = this.#slowLeaders()
    const quick = slow.size === 0 ? led : led.filter(({ leaderId }) => !slow.has(leaderId))
    return (quick.length > 0 ? quick : led).map(({ partition }) => partition)
  }

  queue(partition: number): PartitionQueue {
    const known = this.#queues[partition]
    if (known !== undefined) return known
    const queue = new PartitionQueue(this.name, partition)
    // Filled up to the partition, so that the list stays dense.
    while (this.#queues.length < partition) this.#queues.push(undefined)
    this.#queues[partition] = queue
    this.#follow(queue)
    return queue
  }

  /** Brokers for which a batch has been waiting too long, whatever the reason. */
  #slowLeaders(): ReadonlySet<number> {
    const slow = new Set<number>()
    const { availabilityTimeoutMs, now } = this.#spread
    if (availabilityTimeoutMs === 0) return slow
    const oldest = now() - availabilityTimeoutMs
    for (const queue of this.#queues) {
      const waiting = queue?.next
      if (queue !== undefined && waiting !== undefined && waiting.createdAt < oldest) slow.add(queue.leaderId)
    }
    return slow
  }

  #follow(queue: PartitionQueue): void {
    const metadata = this.#metadata?.partitions[queue.partition]
    queue.follow(metadata?.leaderId ?? -1, metadata?.leaderEpoch ?? -1)
  }
}
