import type { PartitionSet } from './partition-sets'

/** What an assignor knows of a member. */
export interface AssignableMember {
  readonly memberId: string
  readonly instanceId: string | null
  /** Topics that exist and that the member reads. */
  readonly topicIds: ReadonlySet<string>
  /** The member's target so far. */
  readonly target: PartitionSet
}

/** The group that is to be assigned. */
export interface AssignableGroup {
  readonly members: readonly AssignableMember[]
  /** True when all members read the same topics. */
  readonly isHomogeneous: boolean
  partitionCount(topicId: string): number
}

/** Spreads the partitions over the members, on the broker. */
export interface ServerAssignor {
  /** As `group.remote.assignor` of the clients names it. */
  readonly name: string
  /** A target for each member. */
  assign(group: AssignableGroup): Map<string, PartitionSet>
}
