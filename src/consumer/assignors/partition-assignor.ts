import type { TopicPartition } from '../../base/topic-partition'

/**
 * Whether all partitions are given up before a rebalance, or only those that move, after it (KIP-429).
 */
export type RebalanceProtocol = 'eager' | 'cooperative'

/** What one member of the group said of itself when it joined. */
export interface GroupMember {
  readonly memberId: string
  /** `group.instance.id`, null for a dynamic member. */
  readonly groupInstanceId: string | null
  /** The topics this member subscribes to. */
  readonly topics: readonly string[]
  /** What it owned when it joined, as the subscription says (version 1 and later; empty in older ones). */
  readonly ownedPartitions: readonly TopicPartition[]
  /** The generation in which it owned them; -1 when it does not say. */
  readonly generationId: number
  /** `client.rack` (subscription version 3); null when it does not say. */
  readonly rackId: string | null
  /** The assignor's own data, null for none. */
  readonly userData: Uint8Array | null
}

/** One topic as the leader sees it. */
export interface AssignableTopic {
  readonly name: string
  readonly partitionCount: number
  /** Per partition the racks of its replicas; undefined when the brokers have no racks. */
  readonly racks?: readonly (readonly string[])[]
}

/** What a member knows when it joins. */
export interface JoiningMember {
  readonly topics: readonly string[]
  readonly ownedPartitions: readonly TopicPartition[]
  readonly generationId: number
}

/** What a member gets. */
export interface MemberAssignment {
  readonly partitions: readonly TopicPartition[]
  /** Handed to `onAssignment` of that member's assignor. */
  readonly userData?: Uint8Array | null
}

/**
 * Divides the partitions of the subscribed topics among the members of a group. One member, the leader, runs it for
 * all, so every member must know it by the same `name`. Custom assignors implement this interface.
 */
export interface PartitionAssignor {
  /** The name on the wire, such as `range`; members agree on an assignor by it. */
  readonly name: string
  /** The protocols it can work with; the group uses the best one that all of a member's assignors support. */
  readonly supportedProtocols: readonly RebalanceProtocol[]
  /** Bytes this member gives to the leader; null or absent for none. */
  userData?(member: JoiningMember): Uint8Array | null
  /**
   * The assignment by member id. Members that are left out get nothing. A partition that moves away from a member
   * which still owns it is held back by the leader until that member has given it up.
   * @param topics all topics that any member subscribes to and that exist
   */
  assign(
    members: readonly GroupMember[],
    topics: readonly AssignableTopic[],
  ): ReadonlyMap<string, MemberAssignment>
  /** As `assign`, and called instead of it, for assignors that have to wait for something. */
  assignAsync?(
    members: readonly GroupMember[],
    topics: readonly AssignableTopic[],
  ): Promise<ReadonlyMap<string, MemberAssignment>>
  /** Told to every member at the end of a rebalance. */
  onAssignment?(assignment: MemberAssignment, generationId: number): void
}
