import type { TopicMetadata } from '../cluster/metadata'
import { zeroUuid } from '../wire/primitives/uuid'
import { PartitionQueue } from './partition-queue'
import { type PartitionLoad, StickyPartitioner } from './partitioner'

/** What the producer keeps of one topic it writes to: its partitions' queues and the partitioner's state. */
export class ProducerTopic implements PartitionLoad {
  readonly name: string
  readonly sticky: StickyPartitioner
  readonly #queues: (PartitionQueue | undefined)[] = []
  #metadata: TopicMetadata | undefined
  /** Kept while the topic is gone, to recognise another one of its name. */
  #lastTopicId = zeroUuid

  constructor(name: string, stickyBytes: number, random: () => number) {
    this.name = name
    this.sticky = new StickyPartitioner(stickyBytes, random)
  }

  /** The zero id when it is not known. */
  get topicId(): string {
    return this.#metadata?.topicId ?? zeroUuid
  }

  get partitionCount(): number {
    return this.#metadata?.partitions.length ?? 0
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

  #follow(queue: PartitionQueue): void {
    const metadata = this.#metadata?.partitions[queue.partition]
    queue.follow(metadata?.leaderId ?? -1, metadata?.leaderEpoch ?? -1)
  }
}
