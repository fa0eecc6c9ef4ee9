import { formatTopicPartition, type TopicPartition } from '../base/topic-partition'
import { InvalidArgumentError } from '../base/errors'
import type { PartitionReaderOptions } from './delivery/partition-reader'
import type { AnyTopic } from '../message/message'
import { PartitionState } from './partition-state'
import { rawTopic } from '../serde/topic'

/**
 * Which partitions this consumer has, and each one's state. Partitions come and go with the assignment; everything
 * else changes in PartitionState.
 */
export class SubscriptionState {
  readonly #definitions = new Map<string, AnyTopic>()
  readonly #readerOptions: (
    partition: () => PartitionState,
  ) => Omit<PartitionReaderOptions, 'topic' | 'partition'>
  readonly #byTopic = new Map<string, Map<number, PartitionState>>()
  /** Made when it is asked for, so that many partitions can come one by one. */
  #all: readonly PartitionState[] | undefined

  /** @param readerOptions what the readers need; the function it is given answers the partition once it exists */
  constructor(
    definitions: readonly AnyTopic[],
    readerOptions: (partition: () => PartitionState) => Omit<PartitionReaderOptions, 'topic' | 'partition'>,
  ) {
    this.define(definitions)
    this.#readerOptions = readerOptions
  }

  /** Adds definitions; the first one of a name counts, as the messages' types were made from it. */
  define(definitions: readonly AnyTopic[]): void {
    for (const topic of definitions) {
      if (!this.#definitions.has(topic.name)) this.#definitions.set(topic.name, topic)
    }
  }

  /** All partitions, those being revoked included. */
  all(): readonly PartitionState[] {
    return (this.#all ??= [...this.#byTopic.values()].flatMap((partitions) => [...partitions.values()]))
  }

  /** How many partitions there are, those being revoked included. */
  get size(): number {
    return this.all().length
  }

  /** The topics of which there are partitions. */
  topics(): Iterable<string> {
    return this.#byTopic.keys()
  }

  ofTopic(topic: string): readonly PartitionState[] {
    return [...(this.#byTopic.get(topic)?.values() ?? [])]
  }

  get(topic: string, partition: number): PartitionState | undefined {
    return this.#byTopic.get(topic)?.get(partition)
  }

  /** The states of these partitions. Throws InvalidArgumentError for one that is not assigned. */
  require(partitions: readonly TopicPartition[], what: string): PartitionState[] {
    return partitions.map((topicPartition) => {
      const state = this.get(topicPartition.topic, topicPartition.partition)
      if (state?.isOwned) return state
      throw new InvalidArgumentError(
        `${what}: ${formatTopicPartition(topicPartition)} is not assigned to this consumer`,
        { topic: topicPartition.topic, partition: topicPartition.partition },
      )
    })
  }

  add(topicPartition: TopicPartition): PartitionState {
    const { topic, partition } = topicPartition
    this.get(topic, partition)?.end()
    const definition = this.#definitions.get(topic) ?? rawTopic(topic)
    const state: PartitionState = new PartitionState(
      definition,
      partition,
      this.#readerOptions(() => state),
    )
    const partitions = this.#byTopic.get(topic) ?? new Map<number, PartitionState>()
    partitions.set(partition, state)
    this.#byTopic.set(topic, partitions)
    this.#all = undefined
    return state
  }

  remove(states: readonly PartitionState[]): void {
    for (const state of states) {
      state.end()
      const partitions = this.#byTopic.get(state.topic)
      if (partitions?.get(state.partition) !== state) continue
      partitions.delete(state.partition)
      if (partitions.size === 0) this.#byTopic.delete(state.topic)
    }
    this.#all = undefined
  }
}
