import { Deadline } from '../../base/deadline'
import { createDeferred } from '../../base/deferred'
import { ErrorCode } from '../../base/error-codes'
import { KafkaError } from '../../base/errors'
import { randomUuid } from '../../base/random-uuid'
import type { TopicPartition } from '../../base/topic-partition'
import type { Cluster } from '../../cluster/cluster'
import type { ConsumerGroupHeartbeatResponse } from '../../wire/generated/client/consumer-group-heartbeat'
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
import { heartbeatRefusal } from './heartbeat-refusal'
import type { MemberIdentity } from './heartbeats'
import { heartbeatReaction } from '../../group/heartbeat-reaction'
import { leaveByHeartbeat, leaveEpoch, leaveForAWhileEpoch } from './leave-by-heartbeat'
import { OffsetCommitter } from './offset-committer'
import { RebalanceCallbacks } from './rebalance-callbacks'
import { SubscribedTopics } from './subscribed-topics'
import { TargetAssignment } from './target-assignment'
import { type NamedTopic, TopicNames } from './topic-names'

/** Sessions, intervals and assignors are the broker's with this protocol. */
export type ConsumerMembershipOptions = Pick<GroupMembershipOptions, 'groupId' | 'allowAutoTopicCreation'> &
  ConsumerHeartbeatOptions

/** The member epoch that asks to join. */
const joinEpoch = 0

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
  readonly #names: TopicNames
  readonly #subscribed = new SubscribedTopics()
  readonly #assignment: TargetAssignment

  /** Generation 0 and less while the coordinator has not taken the member in. */
  #identity: MemberIdentity
  #stay: Stay | undefined
  /** What is owned may not be what it shall be. */
  #mustReconcile = false
  #isFirstAssignment = true
  #lostReason: string | undefined
  #fatal: KafkaError | undefined
  #suspended = false
  #closing = false
  #ended = false
  /** Times the member was thrown out since it was last taken in. */
  #failures = 0
  #wake = createDeferred<void>()
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
    this.#assignment = new TargetAssignment(cluster.metadata, this.#subscribed)
    this.#names = new TopicNames(cluster, (found) => this.#onNames(found))
    this.#heartbeats = new ConsumerHeartbeats(this.#requests, options, {
      report: () => ({
        identity: this.#identity,
        topics: this.#subscribed.topics,
        pattern: this.#subscribed.pattern,
        owned: this.#assignment.ownedById(),
      }),
      onAnswer: (response) => this.#onAnswer(response),
      onRefused: (answer) => this.#onRefused(answer),
      onComplaint: (answer) => this.#listener.onError(this.#refusal(answer.errorCode, answer.errorMessage)),
      onSilence: (ms) =>
        this.#lose(
          `the coordinator took no heartbeat for ${Math.round(ms)} ms, and must have ended the session`,
        ),
    })
    this.#callbacks = new RebalanceCallbacks(listener, cluster.clock, rebalanceTimeoutMs, groupId)
    this.#committer = new OffsetCommitter(this.#requests, {
      groupInstanceId,
      identity: () => this.#memberIdentity(),
      ownershipOf: (topicPartition) => this.#assignment.owned.ownershipOf(topicPartition),
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
    return this.#assignment.owned.list()
  }

  start(subscription: Subscription): void {
    if (this.#loop !== undefined || this.#closing) return
    this.#subscribed.set(subscription)
    this.#awaited.set(this.#subscribed.topics)
    this.#loop = this.#run()
  }

  subscribe(subscription: Subscription): void {
    if (this.#loop === undefined || this.#closing || this.#ended) return
    if (!this.#subscribed.set(subscription, this.#assignment.topics())) return
    this.#awaited.set(this.#subscribed.topics)
    if (!this.#subscribed.isEmpty) this.#heartbeats.sayNews()
    this.#reconcileSoon()
  }

  enforceRebalance(reason: string): void {
    this.#cluster.logger.debug('The broker decides about rebalances; it is told of everything again', {
      ...this.#context(),
      reason,
    })
    this.#heartbeats.sayAll()
  }

  suspend(reason: string): void {
    if (this.#suspended || this.#closing || this.#ended) return
    this.#suspended = true
    this.#heartbeats.stop()
    this.#cluster.logger.warn('The member leaves its group for now', { ...this.#context(), reason })
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
      await this.#end(KafkaError.from(error, 'The group membership failed', this.#context()))
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

  #reconcileSoon(): void {
    this.#mustReconcile = true
    this.#wakeUp()
  }

  #join(): void {
    this.#stay = {}
    this.#mustReconcile = false
    this.#isFirstAssignment = true
    this.#identity = { ...this.#identity, generationId: joinEpoch }
    const failures = this.#failures++
    this.#heartbeats.start(failures === 0 ? 0 : this.#cluster.backoffMs(failures))
  }

  // Reconciling

  /**
   * Takes one step towards the target: what is to go is given up first, and the coordinator told so; then comes what is
   * new. Heartbeats go on meanwhile, and name what is owned at their time (K5).
   */
  async #reconcile(stay: Stay): Promise<void> {
    this.#mustReconcile = false
    const revoked = this.#assignment.surplus()
    if (revoked.length > 0) {
      await this.#giveUp(revoked)
      // A commit that is still on its way belongs to the partitions that go: it must arrive before they do.
      await this.#committer.requestsSettled()
      if (this.#isInterrupted(stay)) return
      this.#heartbeats.sayNews()
    }
    this.#names.find(this.#assignment.nameless())
    // The coordinator may have changed its mind while user code ran.
    const added = this.#assignment.missing()
    if (revoked.length === 0 && added.length === 0 && !this.#isFirstAssignment) return
    this.#isFirstAssignment = false
    this.#assignment.own(added)
    this.#heartbeats.sayNews()
    this.#logChange(revoked.length, added.length)
    await this.#callbacks.run('onAssigned', added)
  }

  #logChange(revoked: number, added: number): void {
    this.#cluster.logger.info('The group changed what this member has', {
      ...this.#context(),
      ...this.#identity,
      revoked,
      added,
      partitions: this.#assignment.owned.size,
    })
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
    this.#assignment.owned.delete(partitions)
    if (!isMember) await this.#callbacks.run('onLost', partitions, until)
  }

  // Losing, leaving, ending

  /** Takes effect at once for commits and heartbeats; the loop reports it to the listener. */
  #lose(reason: string): void {
    this.#cluster.logger.warn('The member lost its partitions', { ...this.#context(), reason })
    this.#heartbeats.stop()
    this.#depart()
    this.#lostReason = reason
    this.#listener.onSessionLost?.(reason)
    this.#wakeUp()
  }

  #depart(): void {
    this.#stay = undefined
    this.#assignment.forget()
    this.#names.find([])
    this.#identity = { ...this.#identity, generationId: leaveEpoch }
  }

  async #reportLost(): Promise<void> {
    this.#lostReason = undefined
    const lost = this.#assignment.owned.list()
    this.#assignment.owned.delete(lost)
    if (lost.length > 0) await this.#callbacks.run('onLost', lost)
  }

  /** Out of the group while suspended (partitions are lost) or without topics (given back properly). */
  async #stayOut(why: 'suspended' | 'unsubscribed'): Promise<void> {
    if (this.#stay === undefined && this.#assignment.owned.size === 0) return
    if (why === 'unsubscribed') await this.#giveUp(this.#assignment.owned.list())
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

  #leave(memberEpoch: -1 | -2, deadline: Deadline): Promise<void> {
    const { groupInstanceId } = this.#options
    const leaving = { memberId: this.#identity.memberId, groupInstanceId, memberEpoch } as const
    return leaveByHeartbeat(this.#requests, leaving, deadline, () =>
      deadline.race(this.#heartbeats.settled(), () => this.#outOfTime()),
    )
  }

  /** Ends the membership because of an error. */
  async #end(error: KafkaError): Promise<void> {
    if (this.#ended) return
    this.#ended = true
    // Where there is another protocol to fall back to, it is no error.
    if (error.code !== 'UNSUPPORTED_VERSION') {
      this.#cluster.logger.error('The group membership ended', { ...this.#context(), error })
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
        await this.#giveUp(this.#assignment.owned.list(), deadline)
        this.#heartbeats.stop()
        const epoch = this.#epochToLeaveBy(leave)
        if (isMember && epoch !== undefined) await this.#leave(epoch, deadline)
      }
    } catch (error) {
      this.#cluster.logger.warn('The member could not leave its group in good order', {
        ...this.#context(),
        error,
      })
    } finally {
      this.#ended = true
      this.#assignment.owned.delete(this.#assignment.owned.list())
      this.#depart()
      this.#release()
    }
  }

  /** Undefined to say nothing: then the session ends by itself. */
  #epochToLeaveBy(leave: boolean | 'default'): -1 | -2 | undefined {
    if (leave === true) return leaveEpoch
    if (this.#options.groupInstanceId !== null) return leaveForAWhileEpoch
    return leave === 'default' ? leaveEpoch : undefined
  }

  #release(): void {
    this.#heartbeats.end()
    this.#awaited.set([])
    this.#names.end()
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
    if (assignment === null) return
    this.#assignment.set(assignment.topicPartitions)
    this.#reconcileSoon()
  }

  #onNames(found: readonly NamedTopic[]): void {
    const { metadata } = this.#cluster
    this.#assignment.learn(found)
    // What is known of a topic of the same name is about one that is gone.
    if (found.some(({ name, topicId }) => (metadata.topic(name)?.topicId ?? topicId) !== topicId))
      metadata.requestRefresh('a topic was created anew')
    this.#reconcileSoon()
  }

  #onRefused(answer: ConsumerGroupHeartbeatResponse | KafkaError): void {
    if (answer instanceof KafkaError) return this.#endSoon(answer)
    this.#react(answer.errorCode, answer.errorMessage)
  }

  #react(errorCode: number, brokerMessage: string | null): void {
    const error = this.#refusal(errorCode, brokerMessage)
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

  #refusal(errorCode: number, brokerMessage: string | null): KafkaError {
    return heartbeatRefusal(errorCode, brokerMessage, this.#options)
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

  #memberIdentity(): MemberIdentity | undefined {
    return this.#identity.generationId > joinEpoch ? this.#identity : undefined
  }

  #outOfTime(): KafkaError {
    return new KafkaError('CLOSE_TIMEOUT', 'Leaving the group took too long', this.#context())
  }

  #context(): { groupId: string } {
    return { groupId: this.#options.groupId }
  }
}
