import { pushTo } from './group-by'

/** One partition of one topic. */
export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

/** `orders-3`, as Kafka's own logs write a topic partition. */
export function formatTopicPartition(topicPartition: TopicPartition): string {
  return `${topicPartition.topic}-${topicPartition.partition}`
}

/** Orders by topic, then by partition. */
export function compareTopicPartitions(a: TopicPartition, b: TopicPartition): number {
  return a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1
}

/** The numbers of partitions by topic, topics in the order in which they first appear. */
export function partitionsByTopic(partitions: Iterable<TopicPartition>): Map<string, number[]> {
  const topics = new Map<string, number[]>()
  for (const { topic, partition } of partitions) pushTo(topics, topic, partition)
  return topics
}
