import { fail } from '../../contracts/kafka-failure'
import type { ConsumerMember } from './consumer-member'
import {
  type EpochedPartitions,
  type PartitionSet,
  type TopicPartitionList,
  noPartitions,
  overlaps,
} from './assignors/partition-sets'

/** What the next step of a member depends on. */
export interface ReconciliationInput {
  readonly targetEpoch: number
  readonly target: PartitionSet
  /** Ids of the topics that exist and that the member reads. */
  readonly subscribedTopicIds: ReadonlySet<string>
  readonly hasSubscriptionChanged: boolean
  /** What the member says it has; null when it did not say. */
  readonly owned: readonly TopicPartitionList[] | null
  readonly isOwnedByOther: (topicId: string, partition: number) => boolean
}

/**
 * The next step of a member towards its target (KIP-848): first it gives up what it must, and only when it said so
 * it moves to the target's epoch and gets what is free.
 *
 *     stable ──► unrevoked ──(no longer owned)──► stable or unreleased
 *        └──────────────────────────────────────►        │
 *     unreleased ──(another member released)──► stable ◄─┘
 *
 * Answers the same object when there is nothing to do.
 */
export function reconcileMember(member: ConsumerMember, input: ReconciliationInput): ConsumerMember {
  switch (member.state) {
    case 'stable':
      if (member.memberEpoch !== input.targetEpoch) return nextAssignment(member, input)
      return input.hasSubscriptionChanged ? withoutUnsubscribed(member, input) : member
    case 'unrevoked':
      if (!ownsAny(member.pendingRevocation, input)) return nextAssignment(member, input)
      return input.hasSubscriptionChanged ? withoutUnsubscribed(member, input) : member
    case 'unreleased':
      return nextAssignment(member, input)
  }
}

/** A member that did not say what it owns may own all it ever had. */
function ownsAny(partitions: EpochedPartitions, input: ReconciliationInput): boolean {
  return input.owned === null || overlaps(input.owned, partitions)
}

function nextAssignment(member: ConsumerMember, input: ReconciliationInput): ConsumerMember {
  const kept = new Map<string, Map<number, number>>()
  const revoked = new Map<string, Map<number, number>>()
  let isWaiting = false
  const topicIds = new Set([...input.target.keys(), ...member.assigned.keys()])
  for (const topicId of topicIds) {
    const current = member.assigned.get(topicId) ?? new Map<number, number>()
    const target = input.subscribedTopicIds.has(topicId) ? input.target.get(topicId) : undefined
    for (const [partition, epoch] of current) {
      put(target?.has(partition) ? kept : revoked, topicId, partition, epoch)
    }
  }
  if (revoked.size > 0 && ownsAny(revoked, input)) {
    return {
      ...atEpoch(member, member.memberEpoch),
      state: 'unrevoked',
      assigned: kept,
      pendingRevocation: revoked,
    }
  }
  for (const [topicId, target] of input.target) {
    if (!input.subscribedTopicIds.has(topicId)) continue
    for (const partition of target) {
      if (member.assigned.get(topicId)?.has(partition)) continue
      if (input.isOwnedByOther(topicId, partition)) isWaiting = true
      else put(kept, topicId, partition, input.targetEpoch)
    }
  }
  return {
    ...atEpoch(member, input.targetEpoch),
    state: isWaiting ? 'unreleased' : 'stable',
    assigned: kept,
    pendingRevocation: noPartitions,
  }
}

/** What the member no longer reads is taken from it at once, before there is a new target. */
function withoutUnsubscribed(member: ConsumerMember, input: ReconciliationInput): ConsumerMember {
  const assigned = new Map(member.assigned)
  const pending = new Map<string, ReadonlyMap<number, number>>(member.pendingRevocation)
  for (const [topicId, partitions] of member.assigned) {
    if (input.subscribedTopicIds.has(topicId)) continue
    assigned.delete(topicId)
    pending.set(topicId, new Map([...(pending.get(topicId) ?? []), ...partitions]))
  }
  if (assigned.size === member.assigned.size) return member
  const next = { ...atEpoch(member, member.memberEpoch), assigned }
  return ownsAny(pending, input) ? { ...next, state: 'unrevoked', pendingRevocation: pending } : next
}

function atEpoch(member: ConsumerMember, epoch: number): ConsumerMember {
  return { ...member, memberEpoch: epoch, previousMemberEpoch: member.memberEpoch }
}

function put(
  into: Map<string, Map<number, number>>,
  topicId: string,
  partition: number,
  epoch: number,
): void {
  let partitions = into.get(topicId)
  if (partitions === undefined) into.set(topicId, (partitions = new Map()))
  partitions.set(partition, epoch)
}

/** @throws FENCED_MEMBER_EPOCH when the epoch a member names is not one it can have */
export function checkMemberEpoch(
  member: ConsumerMember,
  receivedEpoch: number,
  isPreviousEpochAllowed: boolean,
): void {
  const { memberEpoch, previousMemberEpoch } = member
  if (receivedEpoch > memberEpoch) throw fencedEpoch('greater', receivedEpoch, memberEpoch)
  // The response that told the member its new epoch may have been lost; it may come back with the one before.
  if (receivedEpoch < memberEpoch && !(receivedEpoch === previousMemberEpoch && isPreviousEpochAllowed)) {
    throw fencedEpoch('smaller', receivedEpoch, memberEpoch)
  }
}

function fencedEpoch(how: 'greater' | 'smaller', received: number, known: number): Error {
  return fail(
    'FENCED_MEMBER_EPOCH',
    `The consumer group member has a ${how} member epoch (${received}) than the one known by the group coordinator (${known}). The member must abandon all its partitions and rejoin.`,
  )
}
