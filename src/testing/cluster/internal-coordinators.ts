import { fail } from '../contracts/kafka-failure'
import type { RequestContext } from '../contracts/api-handler'
import type { Services } from '../contracts/services'
import type { Coordinators, CoordinatorType } from '../contracts/coordinators'
import { javaHash } from './java-hash'
import type { Partition } from '../contracts/partition'
import type { InternalTopicName, Topic } from '../contracts/topics'
import { Watchers } from './watchers'

const topicOf: Readonly<Record<CoordinatorType, InternalTopicName>> = {
  group: '__consumer_offsets',
  transaction: '__transaction_state',
  share: '__share_group_state',
}

interface CoordinatorMove {
  readonly type: CoordinatorType
  readonly partition: number
}

/** Java's `Utils.abs(key.hashCode()) % partitions`, by which Kafka spreads keys over an internal topic. */
export function keyPartition(key: string, partitions: number): number {
  const hash = javaHash(key)
  // Java cannot negate the smallest int, and takes 0 for it.
  return hash === -0x80000000 ? 0 : Math.abs(hash) % partitions
}

/** Finds the coordinator of a key as Kafka does: the leader of the partition that the key falls on. */
export class InternalCoordinators implements Coordinators {
  readonly #services: Services
  readonly #moves = new Watchers<CoordinatorMove>()
  #isWatching = false

  constructor({ services }: { readonly services: Services }) {
    this.#services = services
  }

  find(type: CoordinatorType, key: string): { readonly brokerId: number; readonly partition: number } {
    const partition = this.#partition(type, key)
    if (partition.leaderId < 0) throw fail('COORDINATOR_NOT_AVAILABLE', 'The coordinator is not available.')
    return { brokerId: partition.leaderId, partition: partition.index }
  }

  require(context: RequestContext, type: CoordinatorType, key: string): void {
    if (this.find(type, key).brokerId !== context.broker.id) {
      throw fail('NOT_COORDINATOR', 'This is not the correct coordinator.')
    }
  }

  epoch(type: CoordinatorType, key: string): number {
    return this.#partition(type, key).leaderEpoch
  }

  partitionOf(type: CoordinatorType, key: string): number {
    return keyPartition(key, this.#topic(type).partitions.length)
  }

  watch(listener: (type: CoordinatorType, partition: number) => void): () => void {
    this.#watchTopics()
    return this.#moves.add(({ type, partition }) => listener(type, partition))
  }

  #partition(type: CoordinatorType, key: string): Partition {
    const topic = this.#topic(type)
    return topic.partitions[keyPartition(key, topic.partitions.length)] as Partition
  }

  #topic(type: CoordinatorType): Topic {
    const { topics } = this.#services
    try {
      return topics.ensureInternal(topicOf[type])
    } catch (error) {
      // Too few brokers for its replicas, as in a cluster that is still starting.
      this.#services.runtime.logger.warn(`the topic ${topicOf[type]} could not be created`, { error })
      throw fail('COORDINATOR_NOT_AVAILABLE', 'The coordinator is not available.')
    }
  }

  /** Not in the constructor: the other services may not be there yet. */
  #watchTopics(): void {
    if (this.#isWatching) return
    this.#isWatching = true
    const watched = new Set<Partition>()
    const watchPartitions = (topic: Topic): void => {
      const type = (Object.keys(topicOf) as CoordinatorType[]).find((one) => topicOf[one] === topic.name)
      if (type === undefined) return
      for (const partition of topic.partitions) {
        if (watched.has(partition)) continue
        watched.add(partition)
        const end = partition.watch((event) => {
          if (event === 'leader' || event === 'deleted')
            this.#moves.emit({ type, partition: partition.index })
          if (event !== 'deleted') return
          watched.delete(partition)
          end()
        })
      }
    }
    for (const topic of this.#services.topics.all) watchPartitions(topic)
    this.#services.topics.watch((change) => {
      if (change.kind !== 'deleted') watchPartitions(change.topic)
    })
  }
}
