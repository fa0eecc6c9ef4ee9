import type { KafkaError } from '../base/errors'
import type { TopicPartition } from '../base/topic-partition'
import type { AnyTopic } from '../message/message'

/** A partition that is assigned to this member, from its assignment to its end. */
export class SharePartition implements TopicPartition {
  readonly definition: AnyTopic
  readonly topicId: string
  readonly partition: number
  /** Not asked for before this time, of the cluster's clock. */
  retryAt = 0
  /** Refusals in a row. */
  failures = 0
  /** When the first of them came, of the cluster's clock. */
  refusedSince = 0
  #refusedAt = 0
  #refusal: KafkaError | undefined
  #isHopeless = false

  constructor(definition: AnyTopic, topicId: string, partition: number) {
    this.definition = definition
    this.topicId = topicId
    this.partition = partition
  }

  /** The last answer, when it was a refusal. */
  get refusal(): KafkaError | undefined {
    return this.#refusal
  }

  /** A refusal that the user is told, because asking again won't help. */
  get failure(): KafkaError | undefined {
    return this.#isHopeless ? this.#refusal : undefined
  }

  /** True when it has been refused for so long, is still asked for, and may be taken again by itself. */
  isRefusedFor(ms: number, now: number): boolean {
    if (this.#refusal === undefined || this.#isHopeless) return false
    return now - this.refusedSince >= ms && now - this.#refusedAt < ms
  }

  /** The broker refused a fetch of it. */
  refuse(error: KafkaError, isHopeless: boolean, now: number): void {
    if (this.failures++ === 0) this.refusedSince = now
    this.#refusedAt = now
    this.#refusal = error
    this.#isHopeless = isHopeless
  }

  /** The broker refused a fetch of it no longer. */
  accept(): void {
    this.failures = 0
    this.#refusal = undefined
    this.#isHopeless = false
  }

  get topic(): string {
    return this.definition.name
  }

  /** Tells it from others, topics of the same name included. */
  get key(): string {
    return sharePartitionKey(this.topicId, this.partition)
  }
}

/** The key of a partition by its topic's id. */
export function sharePartitionKey(topicId: string, partition: number): string {
  return `${topicId}:${partition}`
}
