import type { DataCodec } from '../../../wire/api'
import {
  consumerProtocolAssignmentCodec,
  type ConsumerProtocolAssignment,
} from '../../../wire/generated/data/consumer-protocol-assignment'
import {
  consumerProtocolSubscriptionCodec,
  type ConsumerProtocolSubscription,
} from '../../../wire/generated/data/consumer-protocol-subscription'
import { Reader } from '../../../wire/primitives/reader'

/** The protocol type of consumers: what their members say and are told, the coordinator can read. */
export const consumerProtocolType = 'consumer'

/** Reads a consumer's metadata; undefined for bytes that are none. */
export function decodeSubscription(metadata: Buffer): ConsumerProtocolSubscription | undefined {
  return decode(consumerProtocolSubscriptionCodec, metadata, consumerProtocolSubscriptionCodec.maxVersion)
}

/** The topics of a consumer's metadata, read as version 0, which all versions begin with; as the coordinator does. */
export function subscriptionTopics(metadata: Buffer): readonly string[] | undefined {
  return decode(consumerProtocolSubscriptionCodec, metadata, 0)?.topics
}

/** The partitions of a consumer's assignment; none for bytes that are no assignment. */
export function assignedPartitions(assignment: Buffer): ConsumerProtocolAssignment['assignedPartitions'] {
  const { maxVersion } = consumerProtocolAssignmentCodec
  return decode(consumerProtocolAssignmentCodec, assignment, maxVersion)?.assignedPartitions ?? []
}

/** A version, then the message. What is newer than `highest` is read as that: newer versions only append. */
function decode<Input, Output>(
  codec: DataCodec<Input, Output>,
  bytes: Buffer,
  highest: number,
): Output | undefined {
  try {
    const reader = new Reader(bytes)
    const version = reader.readInt16()
    return version < 0 ? undefined : codec.decode(reader, Math.min(version, highest))
  } catch {
    return undefined
  }
}
