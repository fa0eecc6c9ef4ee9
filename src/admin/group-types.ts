import type { TopicPartition } from '../base/topic-partition'
import type { AclOperation } from './authorized-operations'
import type { StreamsMember, StreamsTopology } from './streams-group-types'

/** State of a group. `Unknown` where a broker is newer than this client. */
export type GroupState =
  | 'PreparingRebalance'
  | 'CompletingRebalance'
  | 'Stable'
  | 'Dead'
  | 'Empty'
  | 'Assigning'
  | 'Reconciling'
  | 'NotReady'
  | 'Unknown'

/** Which protocol a group speaks: `classic`, or the one of KIP-848 (`consumer`), of share groups or of streams groups. */
export type GroupType = 'classic' | 'consumer' | 'share' | 'streams' | 'unknown'

/** All states that can be asked for. */
export const groupStates = [
  'PreparingRebalance',
  'CompletingRebalance',
  'Stable',
  'Dead',
  'Empty',
  'Assigning',
  'Reconciling',
  'NotReady',
] as const satisfies readonly GroupState[]

/** All types that can be asked for. */
export const groupTypes = ['classic', 'consumer', 'share', 'streams'] as const satisfies readonly GroupType[]

/** A state as brokers write it: their spelling differs in case from version to version. */
export function parseGroupState(text: string): GroupState {
  return groupStates.find((state) => state.toLowerCase() === text.toLowerCase()) ?? 'Unknown'
}

/** A type as brokers write it. */
export function parseGroupType(text: string): GroupType {
  return groupTypes.find((type) => type === text.toLowerCase()) ?? 'unknown'
}

/** One member of a described group. What its protocol or broker does not tell is null. */
export interface GroupMember {
  readonly memberId: string
  /** Set for static members (KIP-345). */
  readonly groupInstanceId: string | null
  readonly clientId: string
  /** The address it connects from, such as `/10.0.0.7`. */
  readonly clientHost: string
  readonly rackId: string | null
  /** Null in classic groups. */
  readonly memberEpoch: number | null
  /** Whether it speaks the classic protocol, also while its group is moved to another; null where brokers don't tell. */
  readonly isClassic: boolean | null
  /** Null for classic members of another protocol than `consumer`, and in streams groups. */
  readonly subscribedTopics: readonly string[] | null
  readonly subscribedTopicRegex: string | null
  /** What it works on; null for classic members of another protocol than `consumer`, and in streams groups. */
  readonly assignment: readonly TopicPartition[] | null
  /** What it is to work on once the group has settled; KIP-848 groups only. */
  readonly targetAssignment: readonly TopicPartition[] | null
  /** What the member told when it joined, as it wrote it; classic groups only, empty until the group is stable. */
  readonly memberMetadata: Buffer | null
  /** What the group's leader assigned it, as that wrote it; classic groups only. */
  readonly memberAssignment: Buffer | null
  /** Its tasks; streams groups only. */
  readonly streams: StreamsMember | null
}

/** A group and its members. */
export interface GroupDescription {
  readonly groupId: string
  /** `consumer` for groups of KIP-848, `share` of KIP-932, `streams` of KIP-1071, `classic` for all others. */
  readonly type: Exclude<GroupType, 'unknown'>
  readonly state: GroupState
  /** `consumer`, `share`, `streams`, `connect`, …; empty for groups that only store offsets. */
  readonly protocolType: string
  /** The assignor in use, such as `range`; empty while there is none. */
  readonly assignor: string
  /** Null for classic groups. */
  readonly groupEpoch: number | null
  /** Null for classic groups. */
  readonly assignmentEpoch: number | null
  /** What it computes; streams groups only, null until their first member told it. */
  readonly topology: StreamsTopology | null
  readonly members: readonly GroupMember[]
  /** Node id of the broker that coordinates the group. */
  readonly coordinator: number
  /** Null unless `includeAuthorizedOperations` was set. */
  readonly authorizedOperations: readonly AclOperation[] | null
}

/** Everything of a description but the group's name. */
export type DescribedGroup = Omit<GroupDescription, 'groupId'>
