import { Deadline } from '../../base/deadline'
import { createDeferred } from '../../base/deferred'
import { KafkaError } from '../../base/errors'
import type { TopicPartition } from '../../base/topic-partition'
import type { Cluster } from '../../cluster/cluster'
import type { JoiningMember, RebalanceProtocol } from '../assignors/partition-assignor'
import { fetchCommittedOffsets } from './committed-offsets'
import { GroupJoin, type JoinOutcome, membershipError } from './group-join'
import { GroupLeader } from './group-leader'
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
import { Heartbeats, type MemberIdentity } from './heartbeats'
import { JoinAttempts } from './join-attempts'
import { JoinCall } from './join-call'
import { leaveGroup } from './leave-group'
import { type MembershipReaction, reactionTo } from './membership-errors'
import type { MembershipState } from './membership-state'
import { OffsetCommitter } from './offset-committer'
import { OwnedPartitions } from './owned-partitions'
import { RebalanceCallbacks } from './rebalance-callbacks'
import { rebalanceProtocolOf } from './rebalance-protocol'
import { SubscribedNames } from './subscribed-names'

const noIdentity: MemberIdentity = { memberId: '', generationId: -1 }

/** Connection names must differ between two members in one process: each waits in the broker for the other. */
let memberCount = 0

/** Membership by the classic protocol: JoinGroup, SyncGroup, Heartbeat, and an assignment that the leader makes. */
export class ClassicMembership implements GroupMembership {
  readonly #cluster: Cluster
  readonly #options: GroupMembershipOptions
  readonly #listener: GroupListener
  readonly #protocol: RebalanceProtocol
  readonly #requests: GroupRequests
  readonly #joinCall: JoinCall
  readonly #join: GroupJoin
  readonly #leader: GroupLeader
  readonly #heartbeats: Heartbeats
  readonly #callbacks: RebalanceCallbacks
  readonly #committer: OffsetCommitter
  readonly #owned = new OwnedPartitions()
  readonly #subscribed: SubscribedNames
  readonly #attempts: JoinAttempts

  #state: MembershipState = { kind: 'unjoined' }
  /** Who the coordinator takes us for. */
  #identity = noIdentity
  /** As of the last completed rebalance: what the user's transactions carry and what the subscription claims. */
  #completed = noIdentity
  /** What the last completed rebalance gave, also when it was lost since: the sticky assignors build on it. */
  #lastAssigned: { readonly partitions: readonly TopicPartition[]; readonly generationId: number } = {
    partitions: [],
    generationId: -1,
  }
  #rejoinReason: string | undefined
  #lostReason: string | undefined
  #fatal: KafkaError | undefined
  #suspended = false
  #closing = false
  #failures = 0
  #wake = createDeferred<void>()
  #loop: Promise<void> | undefined
  #closed: Promise<void> | undefined

  /** Throws InvalidOptionError when the assignors do not go together. */
  constructor(cluster: Cluster, options: GroupMembershipOptions, listener: GroupListener) {
    this.#cluster = cluster
    this.#options = options
    this.#listener = listener
    this.#protocol = rebalanceProtocolOf(options.assignors)
    const { groupId, groupInstanceId, rebalanceTimeoutMs } = options
    this.#requests = new GroupRequests(cluster, groupId, `group:${groupId}`)
    this.#attempts = new JoinAttempts(cluster.clock)
    this.#leader = new GroupLeader(
      cluster,
      options.allowAutoTopicCreation,
      options.rackId !== null,
      (what) => this.#askToRejoin(what),
      // What only other members read is their users' concern.
      (topic, error) => {
        if (this.#subscribed.has(topic)) listener.onError(error)
      },
    )
    const joinRequests = new GroupRequests(cluster, groupId, `group-join:${groupId}:${++memberCount}`)
    this.#joinCall = new JoinCall(joinRequests, options)
    this.#join = new GroupJoin(joinRequests, this.#joinCall, options, this.#leader)
    this.#heartbeats = new Heartbeats(this.#requests, options, (identity, answer) =>
      this.#onHeartbeat(identity, answer),
    )
    this.#subscribed = new SubscribedNames(
      options.watchTopics,
      () => this.#askToRejoin('the subscription changed'),
      (error) => this.#endSoon(error),
    )
    this.#callbacks = new RebalanceCallbacks(listener, cluster.clock, rebalanceTimeoutMs, groupId)
    this.#committer = new OffsetCommitter(this.#requests, {
      groupInstanceId,
      identity: () => (this.#identity.generationId < 0 ? undefined : this.#identity),
      ownershipOf: (topicPartition) => this.#owned.ownershipOf(topicPartition),
      ready: (deadline) => this.#commitsPossible(deadline),
      isHurried: () => this.#callbacks.running,
      onRefused: (errorCode, identity) => this.#onCommitRefused(errorCode, identity),
    })
  }

  get metadata(): ConsumerGroupMetadata {
    const { groupId, groupInstanceId } = this.#options
    return { groupId, groupInstanceId, ...this.#completed }
  }

  assignment(): readonly TopicPartition[] {
    return this.#owned.list()
  }

  start(subscription: Subscription): void {
    if (this.#loop !== undefined || this.#closing) return
    this.#subscribed.set(subscription)
    this.#rejoinReason = 'a new member'
    this.#loop = this.#run()
  }

  subscribe(subscription: Subscription): void {
    if (this.#loop === undefined || this.#closing || this.#state.kind === 'ended') return
    this.#subscribed.set(subscription)
  }

  enforceRebalance(reason: string): void {
    this.#askToRejoin(reason)
  }

  suspend(reason: string): void {
    if (this.#suspended || this.#closing) return
    this.#suspended = true
    this.#heartbeats.stop()
    this.#attempts.abort()
    this.#cluster.logger.warn('The member leaves its group for now', { ...this.#names(), reason })
    this.#wakeUp()
  }

  resume(): void {
    if (!this.#suspended) return
    this.#suspended = false
    this.#askToRejoin('the member asks for messages again')
  }

  commit(offsets: readonly PartitionOffset[], deadline: Deadline): Promise<void> {
    return this.#committer.commit(offsets, deadline)
  }

  fetchCommitted(
    partitions: readonly TopicPartition[],
    deadline: Deadline,
  ): Promise<readonly CommittedPartition[]> {
    return fetchCommittedOffsets(this.#requests, partitions, deadline)
  }

  close(deadline: Deadline, options: CloseMembershipOptions): Promise<void> {
    return (this.#closed ??= this.#close(deadline, options))
  }

  // The loop

  async #run(): Promise<void> {
    try {
      while (!this.#closing && this.#state.kind !== 'ended') await this.#step()
    } catch (error) {
      await this.#end(KafkaError.from(error, 'The group membership failed', this.#names()))
    }
  }

  async #step(): Promise<void> {
    if (this.#fatal !== undefined) return await this.#end(this.#fatal)
    if (this.#lostReason !== undefined) return await this.#reportLost()
    if (this.#suspended) await this.#stayOut('suspended')
    else if (this.#subscribed.isEmpty) await this.#stayOut('unsubscribed')
    else if (this.#rejoinReason !== undefined) return await this.#rejoin(this.#rejoinReason)
    // What came in while staying out is seen at once: the wake is already there.
    await this.#wake.promise
    this.#wake = createDeferred()
  }

  #wakeUp(): void {
    this.#wake.resolve()
  }

  #askToRejoin(reason: string): void {
    this.#rejoinReason ??= reason
    this.#wakeUp()
  }

  // Losing, leaving, ending

  /** Takes effect at once for commits and heartbeats; the loop reports it to the listener. */
  #lose(reason: string, keepMemberId: boolean): void {
    this.#cluster.logger.warn('The member lost its partitions', { ...this.#names(), reason })
    this.#listener.onSessionLost?.(reason)
    this.#heartbeats.stop()
    this.#leader.stop()
    this.#attempts.abort()
    this.#identity = { memberId: keepMemberId ? this.#identity.memberId : '', generationId: -1 }
    this.#completed = noIdentity
    this.#lostReason = reason
    this.#askToRejoin(reason)
  }

  async #reportLost(): Promise<void> {
    this.#lostReason = undefined
    const lost = this.#owned.list()
    this.#owned.delete(lost)
    if (this.#state.kind === 'stable') this.#state = { kind: 'unjoined' }
    if (lost.length > 0) await this.#callbacks.run('onLost', lost)
  }

  /** Out of the group while suspended (partitions are lost) or without topics (given back properly). */
  async #stayOut(why: 'suspended' | 'unsubscribed'): Promise<void> {
    if (this.#identity.memberId === '' && this.#owned.size === 0) return
    const leaving = this.#identity
    if (why === 'unsubscribed') await this.#giveUp(this.#owned.list())
    this.#heartbeats.stop()
    this.#leader.stop()
    this.#identity = noIdentity
    this.#completed = noIdentity
    const dynamic = this.#options.groupInstanceId === null
    const timeoutMs = Math.min(this.#cluster.requestTimeoutMs, this.#options.sessionTimeoutMs)
    const deadline = new Deadline(this.#cluster.clock, 'LeaveGroup', timeoutMs)
    // Before the callback: the group shall not wait for a member whose user code may be stuck.
    const left = dynamic || why === 'unsubscribed' ? this.#leave(leaving, deadline, why) : undefined
    await this.#reportLost()
    await left
    this.#joinCall.end()
    this.#rejoinReason ??= 'joining again'
  }

  async #giveUp(partitions: readonly TopicPartition[], until?: Deadline): Promise<void> {
    if (partitions.length === 0) return
    const valid = this.#identity.generationId >= 0
    if (valid) await this.#callbacks.run('onRevoked', partitions, until)
    this.#owned.delete(partitions)
    if (!valid) await this.#callbacks.run('onLost', partitions, until)
  }

  #leave({ memberId }: MemberIdentity, deadline: Deadline, reason: string): Promise<void> {
    const { groupInstanceId } = this.#options
    return leaveGroup(this.#requests, this.#joinCall, { memberId, groupInstanceId, reason }, deadline)
  }

  /** Ends the membership because of an error. */
  async #end(error: KafkaError): Promise<void> {
    if (this.#state.kind === 'ended') return
    this.#cluster.logger.error('The group membership ended', { ...this.#names(), error })
    const leaving = this.#identity
    this.#state = { kind: 'ended', error }
    this.#identity = noIdentity
    this.#completed = noIdentity
    this.#heartbeats.stop()
    this.#leader.stop()
    await this.#reportLost()
    this.#listener.onFatal(error)
    if (this.#options.groupInstanceId === null) {
      const deadline = new Deadline(this.#cluster.clock, 'LeaveGroup', this.#cluster.requestTimeoutMs)
      await this.#leave(leaving, deadline, error.code)
    }
    this.#release()
  }

  async #close(deadline: Deadline, { leave }: CloseMembershipOptions): Promise<void> {
    this.#closing = true
    this.#attempts.abort()
    this.#wakeUp()
    const outOfTime = () => new KafkaError('CLOSE_TIMEOUT', 'Closing took too long', this.#names())
    try {
      if (this.#loop !== undefined) await deadline.race(this.#loop, outOfTime)
      if (this.#state.kind !== 'ended') {
        this.#state = { kind: 'leaving' }
        await this.#giveUp(this.#owned.list(), deadline)
        const wanted = leave === 'default' ? this.#options.groupInstanceId === null : leave
        if (wanted)
          await deadline.race(
            this.#leave(this.#identity, deadline, 'the consumer is being closed'),
            outOfTime,
          )
      }
    } catch (error) {
      this.#cluster.logger.warn('The member could not leave its group in good order', {
        ...this.#names(),
        error,
      })
    } finally {
      if (this.#state.kind !== 'ended') this.#state = { kind: 'ended' }
      this.#owned.delete(this.#owned.list())
      this.#identity = noIdentity
      this.#completed = noIdentity
      this.#release()
    }
  }

  #release(): void {
    this.#subscribed.end()
    this.#heartbeats.stop()
    this.#leader.stop()
    this.#attempts.abort()
    this.#joinCall.end()
  }

  // Joining

  async #rejoin(reason: string): Promise<void> {
    await this.#prepareToJoin()
    // The preparation ran the user's code: much may have happened meanwhile.
    if (this.#interrupted) return
    const outcome = await this.#tryToJoin(reason)
    if (outcome !== undefined) await this.#afterJoin(outcome, reason)
  }

  /** Something happened that comes before joining. */
  get #interrupted(): boolean {
    return this.#fatal !== undefined || this.#lostReason !== undefined || this.#suspended || this.#closing
  }

  /** Eager: gives up everything. Cooperative: only what is no longer subscribed to (KIP-429). */
  async #prepareToJoin(): Promise<void> {
    const owned = this.#owned.list()
    await this.#giveUp(
      this.#protocol === 'eager' ? owned : owned.filter(({ topic }) => !this.#subscribed.has(topic)),
    )
  }

  /** Undefined when the attempt no longer matters: the member lost its place, was suspended or closed. */
  #tryToJoin(reason: string): Promise<JoinOutcome | undefined> {
    return this.#attempts.run(async (signal) => {
      await this.#committer.requestsSettled()
      if (signal.aborted) return undefined
      // Wishes from here on are not part of this join any more.
      this.#rejoinReason = undefined
      this.#heartbeats.stop()
      this.#state = { kind: 'joining' }
      if (this.#identity.generationId >= 0) this.#attempts.letCommitsPass()
      const outcome = await this.#join.run({
        memberId: this.#identity.memberId,
        reason,
        subscription: this.#joining(this.#owned.list(), this.#completed.generationId),
        lastAssigned: this.#joining(this.#lastAssigned.partitions, this.#lastAssigned.generationId),
        signal,
        onJoined: (identity) => {
          if (signal.aborted) return
          this.#attempts.holdCommits()
          this.#identity = identity
          this.#state = { kind: 'syncing' }
          this.#heartbeats.start(identity)
        },
      })
      if (!signal.aborted) return outcome
      this.#rejoinReason ??= reason
      // Who leaves now has to know how it ends.
      if (!(this.#closing || this.#suspended) || this.#identity.memberId === '') this.#joinCall.end()
      return undefined
    })
  }

  #joining(ownedPartitions: readonly TopicPartition[], generationId: number): JoiningMember {
    return { topics: this.#subscribed.names, ownedPartitions, generationId }
  }

  async #afterJoin(outcome: JoinOutcome, reason: string): Promise<void> {
    if (outcome.kind === 'assigned') {
      this.#failures = 0
      return await this.#takeAssignment(outcome)
    }
    this.#state = { kind: 'unjoined' }
    this.#rejoinReason ??= reason
    switch (outcome.kind) {
      case 'again':
        if (outcome.memberId !== undefined) this.#identity = { ...this.#identity, memberId: outcome.memberId }
        return
      case 'retry':
        return await this.#afterFailedJoin(outcome.error)
      case 'lost':
        this.#lose(outcome.error.message, outcome.keepMemberId)
        await this.#reportLost()
        return await this.#backOff()
      case 'fatal':
        return await this.#end(outcome.error)
    }
  }

  async #afterFailedJoin(error: KafkaError): Promise<void> {
    this.#cluster.logger.info('Joining the group failed; trying again', { ...this.#names(), error })
    const silentMs = this.#cluster.clock.now() - this.#heartbeats.lastContact
    if (this.#owned.size > 0 && silentMs >= this.#options.sessionTimeoutMs) {
      this.#lose(`no answer from the coordinator for ${Math.round(silentMs)} ms`, true)
      await this.#reportLost()
    }
    await this.#backOff()
  }

  #backOff(): Promise<void> {
    return this.#attempts.pause(this.#cluster.backoffMs(++this.#failures))
  }

  async #takeAssignment(joined: Extract<JoinOutcome, { kind: 'assigned' }>): Promise<void> {
    this.#state = { kind: 'stable' }
    this.#completed = joined.identity
    if (!joined.isLeader) this.#leader.stop()
    joined.assignor.onAssignment?.(joined.assignment, joined.identity.generationId)
    this.#lastAssigned = {
      partitions: joined.assignment.partitions,
      generationId: joined.identity.generationId,
    }
    // Topics may have been dropped while the join was under way; the join that follows tells the group.
    const partitions = joined.assignment.partitions.filter(({ topic }) => this.#subscribed.has(topic))
    this.#cluster.logger.info('The group gave partitions to this member', {
      ...this.#names(),
      ...this.#identity,
      partitions: joined.assignment.partitions.length,
    })
    const revoked = this.#owned.surplus(partitions)
    await this.#giveUp(revoked)
    if (this.#identity !== joined.identity) return
    const added = this.#owned.missing(partitions)
    this.#owned.add(added)
    await this.#callbacks.run('onAssigned', added)
    if (this.#identity !== joined.identity) return
    if (revoked.length > 0) this.#askToRejoin('partitions were given up for other members')
    if (joined.isLeader) this.#leader.check()
  }

  // What the coordinator says meanwhile

  #onHeartbeat(identity: MemberIdentity, answer: { errorCode: number } | KafkaError): void {
    if (identity !== this.#identity) return
    if (answer instanceof KafkaError) {
      if (answer.retriable)
        this.#lose(`no answer to heartbeats within the session timeout: ${answer.message}`, true)
      else this.#endSoon(answer)
      return
    }
    this.#react(reactionTo('Heartbeat', answer.errorCode), answer.errorCode)
  }

  #react(reaction: MembershipReaction, errorCode: number): void {
    const error = membershipError('Heartbeat', errorCode, this.#options)
    switch (reaction) {
      case 'rejoin':
        return this.#askToRejoin('the group is rebalancing')
      case 'lostGeneration':
      case 'lostMember':
        return this.#lose(error.message, reaction === 'lostGeneration')
      case 'retry':
        return this.#lose(`no heartbeat within the session timeout: ${error.message}`, true)
      case 'fatal':
        return this.#endSoon(error)
      case 'none':
      case 'takeMemberId':
        return
    }
  }

  #endSoon(error: KafkaError): void {
    this.#fatal = error
    this.#lose(error.message, true)
  }

  #onCommitRefused(errorCode: number, identity: MemberIdentity): boolean {
    // Commits inside a callback hold up the rebalance they would have to wait for.
    const mayWait = !this.#callbacks.running && this.#state.kind !== 'leaving'
    if (identity !== this.#identity) return mayWait
    // The generation is over, which is no loss: the answer to JoinGroup is on its way, and names the next one.
    if (this.#attempts.holdCommits()) return mayWait
    const reaction = reactionTo('Heartbeat', errorCode)
    this.#react(reaction, errorCode)
    return reaction === 'rejoin' && mayWait
  }

  async #commitsPossible(deadline: Deadline): Promise<void> {
    if (this.#callbacks.running) return
    await this.#attempts.settled(
      deadline,
      () => new KafkaError('COMMIT_TIMEOUT', 'The group is still rebalancing', this.#names()),
    )
  }

  #names(): { groupId: string } {
    return { groupId: this.#options.groupId }
  }
}
