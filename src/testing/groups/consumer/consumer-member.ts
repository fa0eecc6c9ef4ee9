import { type EpochedPartitions, noPartitions } from './assignors/partition-sets'

/**
 * Where a member stands on its way to the target assignment:
 *
 * - `stable`: it has what its epoch gives it
 * - `unrevoked`: it was told to give partitions up and has not yet said that it did
 * - `unreleased`: it waits for partitions that another member still has
 */
export type MemberState = 'stable' | 'unrevoked' | 'unreleased'

/** What the classic protocol needs of a member that does not speak KIP-848 yet. */
export interface ClassicMemberMetadata {
  readonly sessionTimeoutMs: number
  readonly protocols: readonly { readonly name: string; readonly metadata: Buffer }[]
}

/** A member of a consumer group. Never changed in place: each change makes another one. */
export interface ConsumerMember {
  readonly memberId: string
  /** -2 for a static member that left for a while. */
  readonly memberEpoch: number
  readonly previousMemberEpoch: number
  readonly state: MemberState
  readonly instanceId: string | null
  readonly rackId: string | null
  readonly rebalanceTimeoutMs: number
  readonly clientId: string
  readonly clientHost: string
  /** Sorted, each once. */
  readonly topicNames: readonly string[]
  /** Empty for none. */
  readonly topicRegex: string
  readonly serverAssignor: string | null
  readonly assigned: EpochedPartitions
  readonly pendingRevocation: EpochedPartitions
  /** Null for a member that speaks KIP-848. */
  readonly classic: ClassicMemberMetadata | null
}

/** A member that has just come and has nothing. */
export function newMember(memberId: string): ConsumerMember {
  return {
    memberId,
    memberEpoch: 0,
    previousMemberEpoch: -1,
    state: 'stable',
    instanceId: null,
    rackId: null,
    rebalanceTimeoutMs: -1,
    clientId: '',
    clientHost: '',
    topicNames: [],
    topicRegex: '',
    serverAssignor: null,
    assigned: noPartitions,
    pendingRevocation: noPartitions,
    classic: null,
  }
}

/** True when the member has all that the target of this epoch gives it. */
export function isReconciledTo(member: ConsumerMember, targetEpoch: number): boolean {
  return member.state === 'stable' && member.memberEpoch === targetEpoch
}

/** True when both lists name the same topics; both are sorted. */
export function sameNames(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, i) => name === b[i])
}
