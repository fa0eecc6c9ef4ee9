import { Deadline } from '../../base/deadline'
import { BrokerError, FencedError, KafkaError } from '../../base/errors'
import { ErrorCode } from '../../base/error-codes'
import type { Logger } from '../../base/logger'
import type { JoinGroupRequest, JoinGroupResponse } from '../../wire/generated/client/join-group'
import { syncGroupApi } from '../../wire/generated/client/sync-group'
import type {
  GroupMember,
  JoiningMember,
  MemberAssignment,
  PartitionAssignor,
} from '../assignors/partition-assignor'
import {
  consumerProtocolType,
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
  encodeSubscription,
} from './consumer-protocol'
import type { GroupLeader } from './group-leader'
import type { GroupMembershipOptions } from './group-membership'
import { coordinatorCheckMs } from '../../group/coordinator-watch'
import type { GroupRequests } from '../../group/group-requests'
import type { MemberIdentity } from './heartbeats'
import type { JoinCall } from './join-call'
import { type MembershipApi, reactionTo } from './membership-errors'

/** The broker refuses longer reasons. */
const maxReasonLength = 255

/** How one try to join ended. */
export type JoinOutcome =
  | {
      readonly kind: 'assigned'
      readonly identity: MemberIdentity
      readonly assignor: PartitionAssignor
      readonly assignment: MemberAssignment
      readonly isLeader: boolean
    }
  /** Join again at once, with this member id if one was given. */
  | { readonly kind: 'again'; readonly memberId?: string }
  /** Join again after a backoff. */
  | { readonly kind: 'retry'; readonly error: KafkaError }
  | { readonly kind: 'lost'; readonly keepMemberId: boolean; readonly error: KafkaError }
  | { readonly kind: 'fatal'; readonly error: KafkaError }

/** What one try to join says of the member. */
export interface JoinDetails {
  readonly memberId: string
  readonly reason: string
  /** What it owns and subscribes to, as the subscription tells it. */
  readonly subscription: JoiningMember
  /** What the last rebalance gave it, for the assignors' user data. */
  readonly lastAssigned: JoiningMember
  readonly signal: AbortSignal
  /** Called once the broker has let the member in, before SyncGroup: from here on it must send heartbeats. */
  readonly onJoined: (identity: MemberIdentity) => void
}

/** The exchange of JoinGroup and SyncGroup, and the leader's part between them. Keeps no state. */
export class GroupJoin {
  readonly #requests: GroupRequests
  readonly #call: JoinCall
  readonly #options: GroupMembershipOptions
  readonly #leader: GroupLeader
  readonly #logger: Logger

  constructor(requests: GroupRequests, call: JoinCall, options: GroupMembershipOptions, leader: GroupLeader) {
    this.#requests = requests
    this.#call = call
    this.#options = options
    this.#leader = leader
    this.#logger = requests.cluster.logger
  }

  /** Never rejects. */
  async run(details: JoinDetails): Promise<JoinOutcome> {
    try {
      const joined = await this.#joinGroup(details)
      const outcome = this.#outcomeOf('JoinGroup', joined.errorCode)
      if (outcome !== undefined) {
        return outcome.kind === 'again' ? { kind: 'again', memberId: joined.memberId } : outcome
      }
      const identity = { memberId: joined.memberId, generationId: joined.generationId }
      details.onJoined(identity)
      return await this.#synchronise(joined, identity, details.signal)
    } catch (error) {
      const failure = KafkaError.from(error, 'Joining the group failed', { groupId: this.#options.groupId })
      return { kind: failure.retriable ? 'retry' : 'fatal', error: failure }
    }
  }

  #joinGroup(details: JoinDetails): Promise<JoinGroupResponse> {
    const { groupId, groupInstanceId, sessionTimeoutMs, rebalanceTimeoutMs, assignors } = this.#options
    const request: JoinGroupRequest = {
      groupId,
      sessionTimeoutMs,
      rebalanceTimeoutMs,
      memberId: details.memberId,
      groupInstanceId,
      protocolType: consumerProtocolType,
      protocols: assignors.map((assignor) => ({
        name: assignor.name,
        metadata: this.#metadataFor(assignor, details),
      })),
      reason: details.reason.slice(0, maxReasonLength),
    }
    return this.#call.send(request, details.signal)
  }

  #metadataFor(assignor: PartitionAssignor, details: JoinDetails): Uint8Array {
    return encodeSubscription({
      ...details.subscription,
      rackId: this.#options.rackId,
      userData: assignor.userData?.(details.lastAssigned) ?? null,
    })
  }

  async #synchronise(
    joined: JoinGroupResponse,
    identity: MemberIdentity,
    signal: AbortSignal,
  ): Promise<JoinOutcome> {
    const assignor = this.#options.assignors.find(({ name }) => name === joined.protocolName)
    if (assignor === undefined) {
      const error = new KafkaError(
        'INCONSISTENT_GROUP_PROTOCOL',
        `The group chose assignor '${joined.protocolName}', which this member does not have`,
        { groupId: this.#options.groupId },
      )
      return { kind: 'fatal', error }
    }
    const isLeader = joined.leader === joined.memberId
    const assignments = isLeader ? await this.#lead(joined, assignor) : []
    signal.throwIfAborted()
    const synced = await this.#syncGroup(joined, assignments, signal)
    const outcome = this.#outcomeOf('SyncGroup', synced.errorCode)
    if (outcome !== undefined) return outcome
    return {
      kind: 'assigned',
      identity,
      assignor,
      assignment: decodeAssignment(synced.assignment),
      isLeader,
    }
  }

  async #lead(
    joined: JoinGroupResponse,
    assignor: PartitionAssignor,
  ): Promise<{ memberId: string; assignment: Uint8Array }[]> {
    const members = joined.members.map((member) => this.#memberOf(member))
    if (joined.skipAssignment) {
      await this.#leader.watch([...new Set(members.flatMap((member) => member.topics))])
      return []
    }
    const assignment = await this.#leader.assign(assignor, members)
    return members.map(({ memberId }) => ({
      memberId,
      assignment: encodeAssignment(assignment.get(memberId) ?? { partitions: [] }),
    }))
  }

  #memberOf(member: JoinGroupResponse['members'][number]): GroupMember {
    try {
      return decodeSubscription(member.memberId, member.groupInstanceId, member.metadata)
    } catch (error) {
      // One broken client must not stop the whole group: it gets nothing.
      this.#logger.warn('A member of the group sent metadata that cannot be read; it gets no partitions', {
        groupId: this.#options.groupId,
        memberId: member.memberId,
        error,
      })
      const nothing = { topics: [], ownedPartitions: [], generationId: -1, rackId: null, userData: null }
      return { memberId: member.memberId, groupInstanceId: member.groupInstanceId, ...nothing }
    }
  }

  #syncGroup(
    joined: JoinGroupResponse,
    assignments: { memberId: string; assignment: Uint8Array }[],
    signal: AbortSignal,
  ) {
    const { groupId, groupInstanceId } = this.#options
    // As in Java: the leader's part is quick, and a lost answer must not hold the member up for a whole rebalance.
    const timeoutMs = this.#requests.cluster.requestTimeoutMs
    return this.#requests.attempt(
      syncGroupApi,
      {
        groupId,
        generationId: joined.generationId,
        memberId: joined.memberId,
        groupInstanceId,
        protocolType: consumerProtocolType,
        protocolName: joined.protocolName,
        assignments,
      },
      {
        deadline: new Deadline(this.#requests.cluster.clock, 'SyncGroup', timeoutMs, signal),
        timeoutMs,
        coordinatorCheckMs,
        errorCodes: (response) => [response.errorCode],
        ...(groupInstanceId === null ? {} : { minVersion: 3 }),
      },
    )
  }

  #outcomeOf(api: MembershipApi, errorCode: number): JoinOutcome | undefined {
    const reaction = reactionTo(api, errorCode)
    if (reaction === 'none') return undefined
    const error = membershipError(api, errorCode, this.#options)
    switch (reaction) {
      case 'takeMemberId':
      case 'rejoin':
        return { kind: 'again' }
      case 'retry':
        return { kind: 'retry', error }
      case 'lostGeneration':
      case 'lostMember':
        return { kind: 'lost', keepMemberId: reaction === 'lostGeneration', error }
      case 'fatal':
        return { kind: 'fatal', error }
    }
  }
}

/** The error of one answer, in words for the user. */
export function membershipError(
  api: MembershipApi | 'OffsetCommit',
  errorCode: number,
  { groupId, groupInstanceId }: { groupId: string; groupInstanceId: string | null },
): KafkaError {
  if (errorCode === ErrorCode.FENCED_INSTANCE_ID) {
    return new FencedError(
      'FENCED_INSTANCE_ID',
      `Another consumer took over group instance id '${groupInstanceId}'; give every consumer an instance id of its own`,
      { groupId, api },
    )
  }
  return new BrokerError(errorCode, 'The coordinator refused the group member', { groupId, api })
}
