/** One partition of one topic. */
export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

/** `orders-3`, as Kafka's own logs write a topic partition. */
export function formatTopicPartition(topicPartition: TopicPartition): string {
  return `${topicPartition.topic}-${topicPartition.partition}`
}
