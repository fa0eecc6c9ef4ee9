import type { Metadata } from '../cluster/metadata'
import type { SharePartition } from './share-partition'

/** The broker that leads the partition; -1 for none, or while the topic of that name is another one than the assigned. */
export function leaderOf(metadata: Metadata, { topic, topicId, partition }: SharePartition): number {
  if (metadata.topic(topic)?.topicId !== topicId) return -1
  return metadata.partition(topic, partition)?.leaderId ?? -1
}
