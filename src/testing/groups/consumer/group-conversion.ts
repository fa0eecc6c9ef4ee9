import { consumerProtocolAssignmentCodec } from '../../../wire/generated/data/consumer-protocol-assignment'
import { Reader } from '../../../wire/primitives/reader'
import { Writer } from '../../../wire/primitives/writer'
import { fail } from '../../contracts/kafka-failure'
import type { Services } from '../../contracts/services'
import { ClassicGroup } from '../classic/classic-group'
import type { ClassicMember } from '../classic/classic-member'
import { consumerProtocolType, decodeSubscription } from '../classic/consumer-protocol'
import type { ConsumerGroup } from './consumer-group'
import { type ClassicMemberMetadata, type ConsumerMember, newMember } from './consumer-member'
import type { EpochedPartitions, PartitionSet, TopicPartitionList } from './assignors/partition-sets'
import { namedPartitions, topicsFingerprint } from './subscriptions'

/** What a member of the classic protocol says that it reads and has. */
export interface ClassicSubscription {
  readonly topicNames: readonly string[]
  readonly owned: readonly TopicPartitionList[]
  readonly rackId: string | null
}

function policyOf({ configs }: Services): string {
  return configs.broker('group.consumer.migration.policy').toLowerCase()
}

/** True when members of both protocols may be in one group. */
export function isMigrationEnabled(services: Services): boolean {
  return policyOf(services) !== 'disabled'
}

/**
 * Fills a consumer group with the members of a classic group whose place it will take: each keeps what it has, and joins
 * again when it is told to.
 * @throws GROUP_ID_NOT_FOUND when that is not allowed, or not possible
 */
export function upgrade(services: Services, classic: ClassicGroup, group: ConsumerGroup): void {
  const refuse = (why: string): Error =>
    fail(
      'GROUP_ID_NOT_FOUND',
      `Cannot upgrade classic group ${classic.groupId} to consumer group because ${why}.`,
    )
  if (!['upgrade', 'bidirectional'].includes(policyOf(services))) throw refuse('online upgrade is disabled')
  if (classic.protocolType !== consumerProtocolType)
    throw refuse('the group does not use the consumer embedded protocol')
  if (classic.members.length > services.configs.brokerNumber('group.consumer.max.size')) {
    throw refuse('the group size exceeds the consumer group maximum size')
  }
  const members = classic.members.map((member) => fromClassic(services, classic, member, refuse))
  group.groupEpoch = classic.generationId
  group.targetEpoch = classic.generationId
  for (const member of members) {
    group.setMember(member)
    group.targets.set(member.memberId, withoutEpochs(member.assigned))
  }
  group.topicsFingerprint = topicsFingerprint(services, group.subscribedNames())
}

function fromClassic(
  services: Services,
  { generationId }: ClassicGroup,
  member: ClassicMember,
  refuse: (why: string) => Error,
): ConsumerMember {
  const { memberId, groupInstanceId, clientId, clientHost, rebalanceTimeoutMs, sessionTimeoutMs, protocols } =
    member
  const subscription = readSubscription(services, protocols)
  const assignment = readAssignment(member.assignment)
  if (subscription === undefined || assignment === undefined) {
    throw refuse('the embedded consumer protocol is malformed')
  }
  if (assignment.hasUserData) {
    throw refuse(
      'an unsupported custom assignor is in use. Please refer to the documentation or switch to a default assignor before re-attempting the upgrade',
    )
  }
  const assigned = toTopicIds(services, assignment.partitions).map(({ topicId, partitions }) => {
    return [topicId, new Map(partitions.map((partition) => [partition, generationId]))] as const
  })
  return {
    ...newMember(memberId),
    memberEpoch: generationId,
    previousMemberEpoch: generationId,
    instanceId: groupInstanceId,
    rackId: subscription.rackId,
    rebalanceTimeoutMs,
    clientId,
    clientHost,
    topicNames: subscription.topicNames,
    assigned: new Map(assigned),
    classic: { sessionTimeoutMs, protocols },
  }
}

/** True when all that are left speak the classic protocol and the group may become a classic one. */
export function canDowngrade(services: Services, group: ConsumerGroup): boolean {
  const members = [...group.members.values()]
  return (
    members.length > 0 &&
    members.every(({ classic }) => classic !== null) &&
    ['downgrade', 'bidirectional'].includes(policyOf(services)) &&
    members.length <= services.configs.brokerNumber('group.max.size')
  )
}

/** Puts a classic group in the place of a consumer group; its members keep what they have. */
export function downgrade(services: Services, group: ConsumerGroup): ClassicGroup {
  const members = [...group.members.values()]
  const classic = new ClassicGroup(group.groupId, services)
  classic.load({
    generationId: group.groupEpoch,
    protocolType: consumerProtocolType,
    protocolName: commonProtocols(members.map((member) => member.classic))[0] ?? null,
    leaderId: members[0]?.memberId ?? null,
    stateSince: services.runtime.clock.wallTime(),
    members: members.map((member) => ({
      memberId: member.memberId,
      groupInstanceId: member.instanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      protocolType: consumerProtocolType,
      rebalanceTimeoutMs: member.rebalanceTimeoutMs,
      sessionTimeoutMs: member.classic?.sessionTimeoutMs ?? 0,
      protocols: member.classic?.protocols ?? [],
      assignment: writeAssignment(services, member.assigned, member.classic),
    })),
  })
  services.groups.replace(classic)
  return classic
}

/** Names of the assignors that all members of the classic protocol know, in the order of the first one's choice. */
export function commonProtocols(members: readonly (ClassicMemberMetadata | null)[]): string[] {
  const lists = members.flatMap((member) =>
    member === null ? [] : [member.protocols.map(({ name }) => name)],
  )
  return (lists[0] ?? []).filter((name) => lists.every((list) => list.includes(name)))
}

/** What a member says of itself under its first protocol; undefined when that is malformed. */
export function readSubscription(
  services: Services,
  protocols: ClassicMemberMetadata['protocols'],
): ClassicSubscription | undefined {
  const metadata = protocols[0]?.metadata
  const subscription = metadata && decodeSubscription(metadata)
  if (subscription === undefined) return undefined
  const { topics, ownedPartitions, rackId } = subscription
  return { topicNames: [...new Set(topics)].sort(), owned: toTopicIds(services, ownedPartitions), rackId }
}

function readAssignment(bytes: Buffer) {
  if (bytes.length === 0) return { partitions: [], hasUserData: false }
  try {
    const version = Math.min(bytes.readInt16BE(0), consumerProtocolAssignmentCodec.maxVersion)
    const { assignedPartitions, userData } = consumerProtocolAssignmentCodec.decode(
      new Reader(bytes, 2),
      version,
    )
    return { partitions: assignedPartitions, hasUserData: (userData?.length ?? 0) > 0 }
  } catch {
    return undefined
  }
}

/** An assignment in the member's own version of the consumer protocol. */
export function writeAssignment(
  services: Services,
  assigned: EpochedPartitions,
  classic: ClassicMemberMetadata | null,
): Buffer {
  const newest = consumerProtocolAssignmentCodec.maxVersion
  const asked = classic?.protocols[0]?.metadata.readInt16BE(0) ?? newest
  const version = Math.max(0, Math.min(asked, newest))
  const assignedPartitions = namedPartitions(services.topics, assigned)
  const writer = new Writer()
  writer.writeInt16(version)
  consumerProtocolAssignmentCodec.encode(writer, { assignedPartitions, userData: null }, version)
  return writer.toBuffer()
}

function toTopicIds(
  services: Services,
  named: readonly { readonly topic: string; readonly partitions: readonly number[] }[],
): TopicPartitionList[] {
  return named.flatMap(({ topic, partitions }) => {
    const topicId = services.topics.byName(topic)?.id
    return topicId === undefined ? [] : [{ topicId, partitions }]
  })
}

function withoutEpochs(partitions: EpochedPartitions): PartitionSet {
  return new Map([...partitions].map(([topicId, indexes]) => [topicId, new Set(indexes.keys())]))
}
