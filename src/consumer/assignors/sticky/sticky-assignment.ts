import type { TopicPartition } from '../../../base/topic-partition'
import type { AssignableTopic, GroupMember } from '../partition-assignor'
import { ConstrainedAssignment } from './constrained-assignment'
import { GeneralAssignment } from './general-assignment'
import { type Claim, createStickyGroup, resolveClaims, subscriptionsAreEqual } from './sticky-group'

export interface StickyAssignment {
  readonly assignment: ReadonlyMap<string, readonly TopicPartition[]>
  /** Partitions known to move between members; undefined when the algorithm did not keep track. */
  readonly transferring: ReadonlySet<TopicPartition> | undefined
}

/**
 * As balanced as possible, and with as few moves as possible. Equal to what Java's sticky assignors decide for the
 * same members, claims and topics.
 * @param claimOf what a member says it owns, and since which generation
 */
export function assignSticky(
  members: readonly GroupMember[],
  topics: readonly AssignableTopic[],
  claimOf: (member: GroupMember) => Claim,
): StickyAssignment {
  const group = createStickyGroup(members, topics, claimOf)
  const ownership = resolveClaims(group)
  if (!subscriptionsAreEqual(group)) {
    return { assignment: new GeneralAssignment(group, ownership).build(), transferring: undefined }
  }
  const constrained = new ConstrainedAssignment(group, ownership)
  return { assignment: constrained.build(), transferring: constrained.transferring }
}
