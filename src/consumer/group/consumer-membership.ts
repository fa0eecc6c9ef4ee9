import { Deadline } from '../../base/deadline'
import { createDeferred } from '../../base/deferred'
import { ErrorCode } from '../../base/error-codes'
import { BrokerError, FencedError, KafkaError } from '../../base/errors'
import { randomUuid } from '../../base/random-uuid'
import type { TopicPartition } from '../../base/topic-partition'
import type { Cluster } from '../../cluster/cluster'
import {
  consumerGroupHeartbeatApi,
  type ConsumerGroupHeartbeatResponse,
} from '../../wire/generated/client/consumer-group-heartbeat'
import { AssignedTopics, type PartitionsById } from './assigned-topics'
import { AwaitedTopics } from '../../group/awaited-topics'
import { fetchCommittedOffsets } from './committed-offsets'
import { ConsumerHeartbeats, type ConsumerHeartbeatOptions } from './consumer-heartbeats'
import type {
  CloseMembershipOptions,
  CommittedPartition,
  ConsumerGroupMetadata,
  GroupListener,
  GroupMembership,
  GroupMembershipOptions,
  PartitionOffset,
  Subscription,
} from './group-membership'
import { GroupRequests } from '../../group/group-requests'
import { leaveBy } from '../../group/leave-by'
import type { MemberIdentity } from './heartbeats'
import { heartbeatReaction } from '../../group/heartbeat-reaction'
import { OffsetCommitter } from './offset-committer'
import { OwnedPartitions } from './owned-partitions'
import { RebalanceCallbacks } from './rebalance-callbacks'
import { SubscribedTopics } from './subscribed-topics'

/** Sessions, intervals and assignors are the broker's with this protocol. */
export type ConsumerMembershipOptions = Pick<GroupMembershipOptions, 'groupId' | 'allowAutoTopicCreation'> &
  ConsumerHeartbeatOptions

/** Member epochs that say something else than an epoch. */
const joinEpoch = 0
const leaveEpoch = -1
/** A static member that leaves its partitions in place for the one that comes back under its instance id. */
const leaveForAWhileEpoch = -2

/** Leaving is a courtesy, which must not take long while the member wants to come back. */
const leaveTimeoutMs = 10_000

/** A member's stay in the group, from its request to join until it left or was thrown out. */
type Stay = object

/**
 * Membership by the protocol of KIP-848: the broker assigns, and tells each member by heartbeats what it shall have.
 *
 * Heartbeats run by themselves; one loop does what they, the user and metadata leave for it to do, so that no two
 * callbacks run at once (K1):
 *
 *     outside ──join──> staying ──target──> revoke, tell so, assign, tell so ──> staying
 *        └────── fenced, suspended, unsubscribed ──────┘      any ──close, fatal answer──> ended
 */
export class ConsumerMembership implements GroupMembership {
  readonly #cluster: Cluster
  readonly #options: ConsumerMembershipOptions
  readonly #listener: GroupListener
  readonly #requests: GroupRequests
  readonly #heartbeats: ConsumerHeartbeats
  readonly #callbacks: RebalanceCallbacks
  readonly #committer: OffsetCommitter
  readonly #awaited: AwaitedTopics
  readonly #assigned: AssignedTopics
  readonly #owned = new OwnedPartitions()

  readonly #subscribed = new SubscribedTopics()
  /** Generation 0 and less while the coordinator has not taken the member in. */
  #identity: MemberIdentity
  #stay: Stay | undefined
  /** What the coordinator last said this member shall have; undefined before it did. */
  #target: readonly PartitionsById[] | undefined
  #mustReconcile = false
  /** The target has topics whose names are not known yet. */
  #hasUnknownTopics = false
  #isFirstAssignment = true
  #lostReason: string | undefined
  #fatal: KafkaError | undefined
  #suspended = false
  #closing = false
  #ended = false
  /** Times the member was thrown out since it was last taken in. */
  #failures = 0
  #wake = createDeferred<void>()
  #endMetadataWatch: (() => void) | undefined
  #loop: Promise<void> | undefined
  #closed: Promise<void> | undefined

  constructor(cluster: Cluster, options: ConsumerMembershipOptions, listener: GroupListener) {
    this.#cluster = cluster
    this.#options = options
    this.#listener = listener
    const { groupId, groupInstanceId, rebalanceTimeoutMs, allowAutoTopicCreation } = options
    // KIP-1082: the member makes its id, so that a join whose answer is lost does not leave a ghost in the group.
    this.#identity = { memberId: randomUuid(cluster.random), generationId: leaveEpoch }
    this.#requests = new GroupRequests(cluster, groupId, `group:${groupId}`)
    this.#awaited = new AwaitedTopics(cluster, allowAutoTopicCreation, () => {})
    this.#assigned = new AssignedTopics(cluster.metadata)
    this.#heartbeats = new ConsumerHeartbeats(this.#requests, options, {
      report: () => ({
        identity: this.#identity,
        topics: this.#subscribed.topics,
        pattern: this.#subscribed.pattern,
        owned: this.#assigned.byId(this.#owned.list()),
      }),
      onAnswer: (response) => this.#onAnswer(response),
      onRefused: (answer) => this.#onRefused(answer),
    })
    this.#callbacks = new RebalanceCallbacks(listener, cluster.clock, rebalanceTimeoutMs, groupId)
    this.#committer = new OffsetCommitter(this.#requests, {
      groupInstanceId,
      identity: () => this.#memberIdentity(),
      ownershipOf: (topicPartition) => this.#owned.ownershipOf(topicPartition),
      ready: () => Promise.resolve(),
      isHurried: () => this.#callbacks.running,
      onRefused: (errorCode, identity) => this.#onOffsetsRefused(errorCode, identity),
    })
  }

  get metadata(): ConsumerGroupMetadata {
    const { groupId, groupInstanceId } = this.#options
    const { memberId, generationId } = this.#memberIdentity() ?? { memberId: '', generationId: -1 }
    return { groupId, groupInstanceId, memberId, generationId }
  }

  assignment(): readonly TopicPartition[] {
    return this.#owned.list()
  }

  start(subscription: Subscription): void {
    if (this.#loop !== undefined || this.#closing) return
    this.#subscribed.set(subscription)
    this.#awaited.set(this.#subscribed.topics)
    this.#endMetadataWatch = this.#cluster.metadata.onUpdate(() => this.#onMetadata())
    this.#loop = this.#run()
  }

  subscribe(subscription: Subscription): void {
    if (this.#loop === undefined || this.#closing || this.#ended) return
    if (!this.#subscribed.set(subscription)) return
    this.#awaited.set(this.#subscribed.topics)
    // The answer to a full heartbeat brings the assignment for these topics; what is known is for the old ones.
    if (!this.#subscribed.isEmpty) this.#heartbeats.sayAll()
    this.#mustReconcile = true
    this.#wakeUp()
  }

  enforceRebalance(reason: string): void {
    this.#cluster.logger.debug('The broker decides about rebalances; it is told of everything again', {
      ...this.#names(),
      reason,
    })
    this.#heartbeats.sayAll()
  }

  suspend(reason: string): void {
    if (this.#suspended || this.#closing || this.#ended) return
    this.#suspended = true
    this.#heartbeats.stop()
    this.#cluster.logger.warn('The member leaves its group for now', { ...this.#names(), reason })
    this.#wakeUp()
  }

  resume(): void {
    if (!this.#suspended) return
    this.#suspended = false
    this.#wakeUp()
  }

  commit(offsets: readonly PartitionOffset[], deadline: Deadline): Promise<void> {
    return this.#committer.commit(offsets, deadline)
  }

  fetchCommitted(
    partitions: readonly TopicPartition[],
    deadline: Deadline,
  ): Promise<readonly CommittedPartition[]> {
    return fetchCommittedOffsets(this.#requests, partitions, deadline, {
      identity: () => this.#memberIdentity(),
      onRefused: (errorCode, identity) => void this.#onOffsetsRefused(errorCode, identity),
    })
  }

  close(deadline: Deadline, options: CloseMembershipOptions): Promise<void> {
    return (this.#closed ??= this.#close(deadline, options))
  }

  // The loop

  async #run(): Promise<void> {
    try {
      while (!this.#closing && !this.#ended) await this.#step()
    } catch (error) {
      await this.#end(KafkaError.from(error, 'The group membership failed', this.#names()))
    }
  }

  async #step(): Promise<void> {
    if (this.#fatal !== undefined) return await this.#end(this.#fatal)
    if (this.#lostReason !== undefined) return await this.#reportLost()
    if (this.#suspended) await this.#stayOut('suspended')
    else if (this.#subscribed.isEmpty) await this.#stayOut('unsubscribed')
    else if (this.#stay === undefined) this.#join()
    else if (this.#mustReconcile) return await this.#reconcile(this.#stay)
    // What came in meanwhile is seen at once: the wake is already there.
    await this.#wake.promise
    this.#wake = createDeferred()
  }

  #wakeUp(): void {
    this.#wake.resolve()
  }

  #join(): void {
    this.#stay = {}
    this.#target = undefined
    this.#mustReconcile = false
    this.#hasUnknownTopics = false
    this.#isFirstAssignment = true
    this.#identity = { ...this.#identity, generationId: joinEpoch }
    const failures = this.#failures++
    this.#heartbeats.start(failures === 0 ? 0 : this.#cluster.backoffMs(failures))
  }

  // Reconciling

  /**
   * Takes one step towards the target: what is to go is given up first, and the coordinator told so; then comes what is
   * new. Heartbeats go on meanwhile, and name what is owned at their time.
   */
  async #reconcile(stay: Stay): Promise<void> {
    this.#mustReconcile = false
    const revoked = this.#assigned.surplus(this.#owned.list(), this.#target ?? [])
    if (revoked.length > 0) {
      await this.#giveUp(revoked)
      // A commit that is still on its way belongs to the partitions that go: it must arrive before they do.
      await this.#committer.requestsSettled()
      if (this.#isInterrupted(stay)) return
      this.#heartbeats.sayNews()
    }
    // The coordinator may have changed its mind while user code ran.
    const target = this.#target ?? []
    const { partitions, unknown } = this.#assigned.resolve(target)
    this.#hasUnknownTopics = unknown.length > 0
    if (unknown.length > 0) this.#cluster.metadata.requestRefresh('assigned topics are not known yet')
    const added = this.#owned.missing(partitions.filter(({ topic }) => this.#subscribed.accepts(topic)))
    if (revoked.length === 0 && added.length === 0 && !this.#isFirstAssignment) return
    this.#isFirstAssignment = false
    this.#owned.add(added)
    this.#assigned.own(added, target)
    this.#heartbeats.sayNews()
    this.#cluster.logger.info('The group changed what this member has', {
      ...this.#names(),
      ...this.#identity,
      revoked: revoked.length,
      added: added.length,
      partitions: this.#owned.size,
    })
    await this.#callbacks.run('onAssigned', added)
  }

  /** Something happened that comes before going on. */
  #isInterrupted(stay: Stay): boolean {
    return (
      this.#stay !== stay ||
      this.#fatal !== undefined ||
      this.#lostReason !== undefined ||
      this.#suspended ||
      this.#closing
    )
  }

  async #giveUp(partitions: readonly TopicPartition[], until?: Deadline): Promise<void> {
    if (partitions.length === 0) return
    const isMember = this.#memberIdentity() !== undefined
    if (isMember) await this.#callbacks.run('onRevoked', partitions, until)
    // It may have been thrown out meanwhile; what it was told to give up is gone either way.
    this.#owned.delete(partitions)
    if (!isMember) await this.#callbacks.run('onLost', partitions, until)
  }

  // Losing, leaving, ending

  /** Takes effect at once for commits and heartbeats; the loop reports it to the listener. */
  #lose(reason: string): void {
    this.#cluster.logger.warn('The member lost its partitions', { ...this.#names(), reason })
    this.#heartbeats.stop()
    this.#depart()
    this.#lostReason = reason
    this.#wakeUp()
  }

  #depart(): void {
    this.#stay = undefined
    this.#target = undefined
    this.#identity = { ...this.#identity, generationId: leaveEpoch }
  }

  async #reportLost(): Promise<void> {
    this.#lostReason = undefined
    const lost = this.#owned.list()
    this.#owned.delete(lost)
    if (lost.length > 0) await this.#callbacks.run('onLost', lost)
  }

  /** Out of the group while suspended (partitions are lost) or without topics (given back properly). */
  async #stayOut(why: 'suspended' | 'unsubscribed'): Promise<void> {
    if (this.#stay === undefined && this.#owned.size === 0) return
    if (why === 'unsubscribed') await this.#giveUp(this.#owned.list())
    this.#heartbeats.stop()
    const wasThere = this.#stay !== undefined
    this.#depart()
    this.#failures = 0
    const timeoutMs = Math.min(this.#cluster.requestTimeoutMs, leaveTimeoutMs)
    const deadline = new Deadline(this.#cluster.clock, 'leaving the group', timeoutMs)
    const isStatic = this.#options.groupInstanceId !== null
    const epoch = isStatic && why === 'suspended' ? leaveForAWhileEpoch : leaveEpoch
    // Before the callback: the group shall not wait for a member whose user code may be stuck.
    const left = wasThere ? this.#leave(epoch, deadline) : undefined
    await this.#reportLost()
    await left
  }

  /** Never rejects. A join that is on its way must not arrive after it, and leave a ghost in the group. */
  async #leave(memberEpoch: number, deadline: Deadline): Promise<void> {
    const { groupInstanceId } = this.#options
    const { groupId, memberId } = { groupId: this.#requests.groupId, memberId: this.#identity.memberId }
    await leaveBy(this.#requests, deadline, async () => {
      await deadline.race(this.#heartbeats.settled(), () => this.#outOfTime())
      const response = await this.#requests.attempt(
        consumerGroupHeartbeatApi,
        { groupId, memberId, memberEpoch, instanceId: groupInstanceId },
        { deadline, errorCodes: (answer) => [answer.errorCode] },
      )
      return response.errorCode
    })
  }

  /** Ends the membership because of an error. */
  async #end(error: KafkaError): Promise<void> {
    if (this.#ended) return
    this.#ended = true
    // Where there is another protocol to fall back to, it is no error.
    if (error.code !== 'UNSUPPORTED_VERSION') {
      this.#cluster.logger.error('The group membership ended', { ...this.#names(), error })
    }
    const leaves = this.#memberIdentity() !== undefined && this.#options.groupInstanceId === null
    this.#heartbeats.stop()
    this.#depart()
    await this.#reportLost()
    this.#listener.onFatal(error)
    const deadline = new Deadline(this.#cluster.clock, 'leaving the group', leaveTimeoutMs)
    if (leaves) await this.#leave(leaveEpoch, deadline)
    this.#release()
  }

  async #close(deadline: Deadline, { leave }: CloseMembershipOptions): Promise<void> {
    this.#closing = true
    this.#wakeUp()
    try {
      if (this.#loop !== undefined) await deadline.race(this.#loop, () => this.#outOfTime())
      if (!this.#ended) {
        const isMember = this.#stay !== undefined
        await this.#giveUp(this.#owned.list(), deadline)
        this.#heartbeats.stop()
        const epoch = this.#epochToLeaveBy(leave)
        if (isMember && epoch !== undefined) await this.#leave(epoch, deadline)
      }
    } catch (error) {
      this.#cluster.logger.warn('The member could not leave its group in good order', {
        ...this.#names(),
        error,
      })
    } finally {
      this.#ended = true
      this.#owned.delete(this.#owned.list())
      this.#depart()
      this.#release()
    }
  }

  /** Undefined to say nothing: then the session ends by itself. */
  #epochToLeaveBy(leave: boolean | 'default'): number | undefined {
    if (leave === true) return leaveEpoch
    if (this.#options.groupInstanceId !== null) return leaveForAWhileEpoch
    return leave === 'default' ? leaveEpoch : undefined
  }

  #release(): void {
    this.#heartbeats.end()
    this.#awaited.set([])
    this.#endMetadataWatch?.()
    this.#endMetadataWatch = undefined
  }

  // What the coordinator says

  #onAnswer({ memberId, memberEpoch, assignment }: ConsumerGroupHeartbeatResponse): void {
    // The answer to a request to leave, of an earlier stay.
    if (memberEpoch < 0) return
    this.#failures = 0
    const id = memberId || this.#identity.memberId
    if (memberEpoch !== this.#identity.generationId || id !== this.#identity.memberId) {
      this.#identity = { memberId: id, generationId: memberEpoch }
    }
    if (assignment !== null) this.#target = assignment.topicPartitions
    if (assignment === null && !this.#hasUnknownTopics) return
    this.#mustReconcile = true
    this.#wakeUp()
  }

  #onRefused(answer: ConsumerGroupHeartbeatResponse | KafkaError): void {
    if (answer instanceof KafkaError) return this.#endSoon(answer)
    this.#react(answer.errorCode, answer.errorMessage)
  }

  #react(errorCode: number, brokerMessage: string | null): void {
    const error = this.#errorOf(errorCode, brokerMessage)
    const isJoining = this.#identity.generationId <= joinEpoch
    const reaction = heartbeatReaction(errorCode, isJoining)
    if (reaction === 'lostGeneration') this.#lose(error.message)
    else if (reaction === 'fatal') this.#endSoon(error)
  }

  #endSoon(error: KafkaError): void {
    this.#fatal = error
    this.#heartbeats.stop()
    this.#wakeUp()
  }

  #errorOf(errorCode: number, brokerMessage: string | null): KafkaError {
    const { groupId, groupInstanceId } = this.#options
    const context = { groupId, api: consumerGroupHeartbeatApi.name }
    if (errorCode === ErrorCode.FENCED_INSTANCE_ID || errorCode === ErrorCode.UNRELEASED_INSTANCE_ID) {
      return new FencedError(
        errorCode === ErrorCode.FENCED_INSTANCE_ID ? 'FENCED_INSTANCE_ID' : 'UNRELEASED_INSTANCE_ID',
        errorCode === ErrorCode.FENCED_INSTANCE_ID
          ? `Another consumer took over group instance id '${groupInstanceId}'; give every consumer an instance id of its own`
          : `Group instance id '${groupInstanceId}' is held by another consumer, which runs, or died without a farewell: then its session must end first`,
        context,
      )
    }
    return new BrokerError(errorCode, whatRefused(errorCode), { ...context, brokerMessage })
  }

  /** @returns whether asking again, as the member that it is then, makes sense */
  #onOffsetsRefused(errorCode: number, identity: MemberIdentity): boolean {
    if (identity !== this.#identity) return this.#memberIdentity() !== undefined
    if (errorCode === ErrorCode.STALE_MEMBER_EPOCH) {
      this.#heartbeats.sayAll()
      return true
    }
    this.#react(errorCode, null)
    return heartbeatReaction(errorCode, false) === 'retry'
  }

  #onMetadata(): void {
    if (!this.#hasUnknownTopics) return
    this.#mustReconcile = true
    this.#wakeUp()
  }

  #memberIdentity(): MemberIdentity | undefined {
    return this.#identity.generationId > joinEpoch ? this.#identity : undefined
  }

  #outOfTime(): KafkaError {
    return new KafkaError('CLOSE_TIMEOUT', 'Leaving the group took too long', this.#names())
  }

  #names(): { groupId: string } {
    return { groupId: this.#options.groupId }
  }
}

/** Tells the user what to do about an error that does not pass by itself. */
function whatRefused(errorCode: number): string {
  switch (errorCode) {
    case ErrorCode.UNSUPPORTED_ASSIGNOR:
      return "The broker has no assignor of the name in 'groupRemoteAssignor'"
    case ErrorCode.GROUP_MAX_SIZE_REACHED:
      return 'The group is full (group.consumer.max.size of the broker)'
    case ErrorCode.GROUP_ID_NOT_FOUND:
      return 'A group of this id exists, and is no group of consumers'
    default:
      return 'The coordinator refused the group member'
  }
}
