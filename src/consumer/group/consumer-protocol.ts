import { partitionsByTopic, type TopicPartition } from '../../base/topic-partition'
import type { DataCodec } from '../../wire/api'
import { consumerProtocolAssignmentCodec } from '../../wire/generated/data/consumer-protocol-assignment'
import { consumerProtocolSubscriptionCodec } from '../../wire/generated/data/consumer-protocol-subscription'
import { Reader } from '../../wire/primitives/reader'
import { Writer } from '../../wire/primitives/writer'
import { compareText, comparePartitions } from '../assignors/assignment-order'
import type { GroupMember, JoiningMember, MemberAssignment } from '../assignors/partition-assignor'

/**
 * What members say to the leader and the leader to members: data messages inside the `bytes` fields of JoinGroup and
 * SyncGroup, each behind its int16 version. A version higher than known is read with the highest known layout.
 */

/** The group's protocol type. */
export const consumerProtocolType = 'consumer'

interface SubscriptionDetails extends JoiningMember {
  readonly rackId: string | null
  readonly userData: Uint8Array | null
}

export function encodeSubscription(subscription: SubscriptionDetails): Uint8Array {
  return encodeVersioned(consumerProtocolSubscriptionCodec, {
    topics: [...subscription.topics].sort(compareText),
    userData: subscription.userData,
    ownedPartitions: byTopic([...subscription.ownedPartitions].sort(comparePartitions)),
    generationId: subscription.generationId,
    rackId: subscription.rackId,
  })
}

/** A member as its JoinGroup metadata describes it. Throws DecodeError on bytes that are no subscription. */
export function decodeSubscription(
  memberId: string,
  groupInstanceId: string | null,
  bytes: Uint8Array,
): GroupMember {
  const subscription = decodeVersioned(consumerProtocolSubscriptionCodec, bytes)
  return {
    memberId,
    groupInstanceId,
    topics: subscription.topics,
    ownedPartitions: flatten(subscription.ownedPartitions ?? []),
    generationId: subscription.generationId ?? -1,
    rackId: subscription.rackId ?? null,
    userData: subscription.userData,
  }
}

export function encodeAssignment(assignment: MemberAssignment): Uint8Array {
  return encodeVersioned(consumerProtocolAssignmentCodec, {
    assignedPartitions: byTopic(assignment.partitions),
    userData: assignment.userData ?? null,
  })
}

/** What SyncGroup gave to this member; no bytes mean no partitions. Throws DecodeError on bytes that are no assignment. */
export function decodeAssignment(bytes: Uint8Array): MemberAssignment {
  if (bytes.length === 0) return { partitions: [], userData: null }
  const assignment = decodeVersioned(consumerProtocolAssignmentCodec, bytes)
  return { partitions: flatten(assignment.assignedPartitions), userData: assignment.userData }
}

function encodeVersioned<Input>(codec: DataCodec<Input, unknown>, message: Input): Uint8Array {
  const writer = new Writer()
  writer.writeInt16(codec.maxVersion)
  codec.encode(writer, message, codec.maxVersion)
  return writer.toBuffer()
}

function decodeVersioned<Output>(codec: DataCodec<never, Output>, bytes: Uint8Array): Output {
  const reader = new Reader(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length))
  const version = reader.readInt16()
  if (version < codec.minVersion) throw reader.error(`${codec.name} has no version ${version}`)
  return codec.decode(reader, Math.min(version, codec.maxVersion))
}

/** Partitions by topic, in the order in which topics first appear. */
export function byTopic(partitions: readonly TopicPartition[]): { topic: string; partitions: number[] }[] {
  return [...partitionsByTopic(partitions)].map(([topic, list]) => ({ topic, partitions: list }))
}

function flatten(topics: readonly { topic: string; partitions: readonly number[] }[]): TopicPartition[] {
  return topics.flatMap(({ topic, partitions }) => partitions.map((partition) => ({ topic, partition })))
}
