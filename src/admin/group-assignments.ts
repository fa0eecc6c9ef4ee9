import { DecodeError } from '../base/errors'
import { compareTopicPartitions, type TopicPartition } from '../base/topic-partition'
import type { DataCodec } from '../wire/api'
import { consumerProtocolAssignmentCodec } from '../wire/generated/data/consumer-protocol-assignment'
import { consumerProtocolSubscriptionCodec } from '../wire/generated/data/consumer-protocol-subscription'
import { Reader } from '../wire/primitives/reader'

/** The group protocol type whose members' bytes this file reads. */
export const consumerProtocolType = 'consumer'

/** The partitions of a classic member's assignment; null when the bytes are not what consumers write. */
export function decodeAssignment(bytes: Buffer): readonly TopicPartition[] | null {
  if (bytes.length === 0) return []
  const assignment = decode(consumerProtocolAssignmentCodec, bytes)
  return assignment === null ? null : listPartitions(assignment.assignedPartitions)
}

/** The topics a classic member subscribes to; null when the bytes are not what consumers write. */
export function decodeSubscribedTopics(bytes: Buffer): readonly string[] | null {
  if (bytes.length === 0) return []
  return decode(consumerProtocolSubscriptionCodec, bytes)?.topics ?? null
}

/** Partitions listed by topic as one list, in order. */
export function listPartitions(
  topics: readonly { readonly topic: string; readonly partitions: readonly number[] }[],
): TopicPartition[] {
  return topics
    .flatMap(({ topic, partitions }) => partitions.map((partition) => ({ topic, partition })))
    .sort(compareTopicPartitions)
}

/**
 * Members write these bytes, and any program can be a member: what can't be read must not fail the description.
 * Newer versions only add fields at the end, so they are read as the newest one known here.
 */
function decode<Output>(codec: DataCodec<never, Output>, bytes: Buffer): Output | null {
  try {
    const reader = new Reader(bytes)
    const version = reader.readInt16()
    if (version < codec.minVersion) return null
    return codec.decode(reader, Math.min(version, codec.maxVersion))
  } catch (error) {
    if (error instanceof DecodeError) return null
    throw error
  }
}
