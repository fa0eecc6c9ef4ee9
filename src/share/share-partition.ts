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
  /** No longer assigned. */
  isGone = false

  constructor(definition: AnyTopic, topicId: string, partition: number) {
    this.definition = definition
    this.topicId = topicId
    this.partition = partition
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
