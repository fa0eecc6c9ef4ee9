import { Deadline } from '../base/deadline'
import { ClosedError, InvalidArgumentError, KafkaError } from '../base/errors'
import type { Cluster, ClusterLease } from '../cluster/cluster'
import { AssignmentChanges } from './assignment-changes'
import type { ResolvedConsumerOptions } from './consumer-options'
import type { Delivery, DeliveryTools } from './delivery/delivery'
import { FailureMonitor } from './failures/failure-monitor'
import { stopTimeout } from '../message/delivery-end'
import { HandlerWatch, type WatchedWork } from '../message/handler-watch'
import { ReadyPartitions } from './delivery/ready-partitions'
import { FetchMemory } from './fetch/fetch-memory'
import { Fetcher } from './fetch/fetcher'
import type { AnyMembershipOptions } from './group/create-membership'
import { type GroupFactory, groupFactory } from './group/group-factory'
import type { ConsumerGroupMetadata, GroupMembership, GroupOffsets } from './group/group-membership'
import { ConsumerMonitor } from './health/consumer-monitor'
import type { ResolvedAssignment } from './manual/manual-assignment'
import { ManualReading } from './manual/manual-reading'
import { OffsetCommitter } from './offsets/offset-committer'
import { OffsetLocator } from './offsets/offset-locator'
import { PositionResets } from './offsets/position-resets'
import { PositionValidator } from './offsets/position-validator'
import type { PartitionState } from './partition-state'
import type { StartFrom } from './start-from'
import { TopicIdentities } from './subscription/topic-identities'
import type { TopicSelection } from './subscription/topic-selection'
import { TopicSubscription } from './subscription/topic-subscription'
import { SubscriptionState } from './subscription-state'
import type { TransactionalDeliveryOptions } from './transactional/transactional-delivery'

/** How long a broker that named a follower to fetch from is obeyed (KIP-392); as long as metadata lives. */
const preferredReplicaMaxAgeMs = 300_000
/** Ending fetch sessions is a courtesy to the broker and must not hold up a close. */
const sessionCloseMs = 1000

let engineCount = 0

/**
 * Wires the rooms of a consumer together (membership, positions, fetching, delivery, commits) and passes events
 * between them. It owns which delivery is under way, and what the user has not been told yet.
 */
export class ConsumerEngine {
  readonly monitor: ConsumerMonitor
  readonly subscription: SubscriptionState
  readonly offsets: GroupOffsets | undefined
  readonly membership: GroupMembership | undefined
  readonly committer: OffsetCommitter | undefined
  readonly #cluster: Cluster
  readonly #options: ResolvedConsumerOptions
  readonly #locator: OffsetLocator
  readonly #validator: PositionValidator
  readonly #ready: ReadyPartitions
  readonly #watch: HandlerWatch
  readonly #changes: AssignmentChanges
  readonly #tools: DeliveryTools
  readonly #memory: FetchMemory
  readonly #resets: PositionResets
  readonly #topics: TopicSubscription
  readonly #identities: TopicIdentities
  /** Undefined for members of a group. */
  readonly manual: ManualReading | undefined
  #fetcher: Fetcher | undefined
  #lease: ClusterLease | undefined
  #delivery: Delivery | undefined
  /** Runs while nobody asks for messages: that, too, may last only for `maxPollIntervalMs` (G2). */
  #idle: WatchedWork | undefined
  #error: KafkaError | undefined
  #isFatal = false
  #closing: Promise<void> | undefined
  /** The group was left, or need not be. */
  #hasLeft = false

  constructor(given: Cluster, options: ResolvedConsumerOptions, factory: GroupFactory = groupFactory) {
    this.monitor = new ConsumerMonitor(given, options)
    const { cluster } = this.monitor
    this.#cluster = cluster
    this.#options = options
    const { clock, logger } = cluster
    this.#memory = new FetchMemory(options.fetchMemoryBytes)
    this.subscription = new SubscriptionState(options.topics, (partition) => ({
      memory: this.#memory,
      checkCrcs: options.checkCrcs,
      codecs: cluster.codecs,
      readCommitted: options.isolationLevel === 'read_committed',
      onReady: () => this.#handleMessages(partition()),
      onHandedOut: (messages, bytes) => this.monitor.handedOut(partition().topic, messages, bytes),
    }))
    this.#topics = new TopicSubscription({
      cluster,
      subscription: this.subscription,
      selection: { topics: options.topics, pattern: options.topicPattern },
      startFrom: options.startFrom,
      onRestored: (states) => this.handleResumed(states),
    })
    this.#ready = new ReadyPartitions({
      memory: this.#memory,
      onDrained: (state) => {
        this.#fetcher?.wakePartition(state)
        // It may have passed markers and aborted records alone: no message will ever be finished behind them.
        this.committer?.touch()
        this.manual?.handleDrained(state)
      },
      onPassedOver: (state, fromOffset) => this.monitor.recordsPassedOver(state, fromOffset),
      onFailed: (_state, error) => this.raise(error),
    })
    const { maxPollIntervalMs } = options
    this.#watch = new HandlerWatch(
      clock,
      maxPollIntervalMs,
      () => this.#handleOverdue(),
      () => this.monitor.arm(),
    )
    const isMember = options.groupId !== null && options.assign === null
    this.#changes = new AssignmentChanges({
      ...options,
      ...this.monitor.listeners(options),
      clock,
      logger,
      subscription: this.subscription,
      committer: () => this.committer,
      onAdded: () => this.#locator.wake(),
      onRemoved: () => this.#delivery?.wake(),
      onError: (error, isFatal) => this.raise(error, isFatal),
    })
    this.membership = isMember
      ? factory.membership(cluster, this.#membershipOptions(), this.monitor.groupListener(this.#changes))
      : undefined
    const offsets =
      this.membership ?? (options.groupId === null ? undefined : factory.offsets(cluster, options.groupId))
    this.offsets = offsets && this.monitor.offsets(offsets, () => this.committer?.isAutomatic ?? false)
    this.committer = this.offsets && this.#createCommitter(this.offsets)
    this.#resets = new PositionResets({
      cluster,
      groupId: options.groupId,
      outlet: this.monitor.outlets.offsetReset,
      policy: options.whenOutOfRange,
      startFrom: (state) => this.#startFromOf(state),
      onLocating: () => this.#locator.wake(),
      onPosition: (state) => this.handlePosition(state),
      onError: (error) => this.raise(error),
    })
    this.#identities = new TopicIdentities({
      cluster,
      subscription: this.subscription,
      isManual: options.assign !== null,
      onRecreated: (state) => this.#resets.handleRecreated(state),
      onFailed: (error) => this.raise(error),
    })
    this.manual = options.assign === null ? undefined : this.#createManual()
    this.#locator = this.#createLocator()
    this.#validator = new PositionValidator({
      cluster,
      subscription: this.subscription,
      onValid: (state) => this.#fetcher?.wakePartition(state),
      onTruncated: (state, endOffset) => this.#resets.handleTruncation(state, endOffset),
    })
    this.#tools = {
      clock,
      random: cluster.random,
      monitor: new FailureMonitor(cluster.clientId, options.groupId, logger, this.monitor.outlets),
      ready: this.#ready,
      memory: this.#memory,
      watch: this.#watch,
      onProgress: (finished) => {
        this.committer?.touch(finished)
        this.manual?.handleProgress()
      },
      onRecovered: () => this.#resume(),
    }
    this.monitor.attach({
      subscription: this.subscription,
      watch: this.#watch,
      memory: this.#memory,
      failures: this.#tools.monitor,
      membership: this.membership,
    })
  }

  #membershipOptions(): AnyMembershipOptions {
    const { groupId, clientRack, ...options } = this.#options
    return {
      ...options,
      groupId: groupId ?? '',
      rackId: clientRack === '' ? null : clientRack,
      watchTopics: this.#topics.watchTopics,
    }
  }

  #createCommitter(offsets: GroupOffsets): OffsetCommitter {
    const { autoCommit, autoCommitIntervalMs, autoCommitMessages, defaultApiTimeoutMs } = this.#options
    return new OffsetCommitter({
      offsets,
      subscription: this.subscription,
      clock: this.#cluster.clock,
      logger: this.#cluster.logger,
      intervalMs: autoCommit ? autoCommitIntervalMs : null,
      messages: autoCommitMessages,
      timeoutMs: defaultApiTimeoutMs,
      onFatal: (error) => this.raise(error),
    })
  }

  #createLocator(): OffsetLocator {
    const { isolationLevel, allowAutoTopicCreation, defaultApiTimeoutMs } = this.#options
    return new OffsetLocator({
      cluster: this.#cluster,
      subscription: this.subscription,
      offsets: this.offsets,
      startFrom: (state) => {
        const startFrom = this.#startFromOf(state)
        const isNew = state.isNewlyCreated || this.#topics.isNew(state)
        return startFrom === 'latest' && isNew ? 'earliest' : startFrom
      },
      isolationLevel: isolationLevel === 'read_committed' ? 1 : 0,
      allowAutoTopicCreation,
      timeoutMs: defaultApiTimeoutMs,
      onLocated: (state, isCommitted) => {
        if (isCommitted) this.#validateIfOlder(state)
        this.#identities.note(state)
        this.#resets.handleLocated(state)
        this.handlePosition(state)
      },
      onFailed: (_state, error) => this.raise(error),
    })
  }

  #startFromOf(state: PartitionState): StartFrom {
    return this.manual?.startFromOf(state) ?? this.#options.startFrom
  }

  #createManual(): ManualReading {
    return new ManualReading({
      ...this.#options,
      cluster: this.#cluster,
      subscription: this.subscription,
      onAdded: () => {
        this.#wakeSoon()
        this.#locator.wake()
      },
      onEndKnown: (state) => this.#fetcher?.wakePartition(state),
      onFailed: (error) => this.raise(error),
      onFinished: () => void this.#delivery?.stop(),
    })
  }

  #createFetcher(): Fetcher {
    const { fetchMinBytes, fetchMaxBytes, fetchMaxWaitMs, maxPartitionFetchBytes } = this.#options
    return new Fetcher({
      cluster: this.#cluster,
      subscription: this.subscription,
      memory: this.#memory,
      connection: `fetch:${++engineCount}`,
      minBytes: fetchMinBytes,
      maxBytes: fetchMaxBytes,
      maxWaitMs: fetchMaxWaitMs,
      maxPartitionBytes: maxPartitionFetchBytes,
      isolationLevel: this.#options.isolationLevel === 'read_committed' ? 1 : 0,
      rackId: this.#options.clientRack,
      preferredReplicaMaxAgeMs,
      onRecords: (state) => this.#handleMessages(state),
      onLeaderChanged: () => this.#validator.wake(),
      onOutOfRange: (state) => this.#resets.handleOutOfRange(state),
      onFailed: (_state, error) => this.raise(error),
      onFatal: (error) => this.raise(error),
    })
  }

  /** Makes requests possible; throws ClosedError once the consumer is closing. */
  open(): void {
    if (this.#closing !== undefined) throw new ClosedError('The consumer')
    this.#lease ??= this.#cluster.lease()
  }

  /** As `open`; while the consumer closes, handlers that it waits for, and listeners that it calls, commit what they did. */
  openToCommit(): void {
    if (this.#closing === undefined || this.#lease === undefined || this.#hasLeft) this.open()
  }

  /** Joins the group, or takes the partitions given by hand. Nothing happens when it did so before. */
  start(): void {
    this.open()
    if (this.#fetcher !== undefined) return
    this.#fetcher = this.#createFetcher()
    this.#idle = this.#watch.begin()
    this.#identities.start()
    this.monitor.started()
    if (this.membership !== undefined) this.#topics.start(this.membership)
    if (this.#options.assign !== null) this.assign(this.#options.assign)
  }

  /** The topics that are read as a member of the group. */
  get selection(): TopicSelection {
    return this.#topics.selection
  }

  /** Replaces the topics that are read as a member of the group. */
  subscribe(selection: TopicSelection): void {
    if (this.membership === undefined) return
    this.start()
    this.monitor.subscribed(selection)
    this.#topics.replace(selection, this.membership)
    this.#wakeSoon()
  }

  /** Replaces the partitions given by hand; those that stay go on undisturbed. */
  assign(assignments: readonly ResolvedAssignment[]): void {
    this.manual?.set(assignments)
    this.#wakeSoon()
  }

  /** Starts to hand out messages in one way. Throws when another way is under way, or when an error was not told yet. */
  startDelivery<D extends Delivery>(create: (tools: DeliveryTools) => D): D {
    if (this.#delivery !== undefined) {
      throw new KafkaError(
        'CONSUMER_BUSY',
        'This consumer is already being read: end the loop or call stop() first, or make another consumer',
      )
    }
    this.start()
    this.#throwUntold()
    this.#retryFailed()
    const delivery = create(this.#tools)
    this.#delivery = delivery
    if (this.#idle !== undefined && this.#watch.end(this.#idle)) this.#resume()
    this.#idle = undefined
    for (const state of this.subscription.all()) this.#ready.add(state)
    this.manual?.handleStart()
    this.#wakeSoon()
    return delivery
  }

  #throwUntold(): void {
    const error = this.#error
    if (!this.#isFatal) this.#error = undefined
    if (error !== undefined) throw error
  }

  /** Whoever reads on after an error wants what failed to be tried again: a permission may have been given meanwhile. */
  #retryFailed(): void {
    for (const state of this.subscription.all()) {
      if (state.phase !== 'failed') continue
      state.retry()
      this.#fetcher?.wakePartition(state)
      this.#locator.wake()
      this.#validator.wake()
    }
  }

  /** The delivery has ended: what was handed out and not finished is handed out again by the next one. */
  endDelivery(delivery: Delivery): void {
    if (this.#delivery !== delivery) return
    this.#delivery = undefined
    for (const state of this.subscription.all()) {
      state.isBusy = false
      if (state.isOwned) state.rewind()
    }
    if (this.#closing !== undefined) return
    this.#idle = this.#watch.begin()
    this.#fetcher?.wake()
  }

  /** A delivery that commits by transactions begins: from now on nothing else commits. */
  startTransactional<D extends Delivery>(
    create: (
      tools: DeliveryTools,
      parts: Omit<TransactionalDeliveryOptions, 'maxMessages' | 'maxWaitMs'>,
    ) => D,
  ): D {
    const { membership } = this
    return this.startDelivery((tools) => {
      return create(tools, {
        ready: Promise.resolve(this.committer?.endAutomatic()),
        partitions: () => this.subscription.all(),
        group: () => this.groupMetadata(),
        assignment: membership && (() => membership.assignment()),
        logger: this.#cluster.logger,
        passedIntervalMs: this.#options.autoCommitIntervalMs,
        backoffMs: (failures) => this.#cluster.backoffMs(failures),
        onRewound: () => {
          this.#locator.wake()
          this.#fetcher?.wake()
        },
      })
    })
  }

  /** Who this member is now. */
  groupMetadata(): ConsumerGroupMetadata {
    if (this.membership !== undefined) return this.membership.metadata
    const { groupId } = this.#options
    if (groupId === null) throw new InvalidArgumentError("groupMetadata: this consumer has no 'groupId'")
    return { groupId, generationId: -1, memberId: '', groupInstanceId: null }
  }

  /** Ends the delivery that is under way, after its running handlers; throws TimeoutError when these take too long. */
  async stopDelivery(deadline: Deadline): Promise<void> {
    if (this.#delivery !== undefined) await deadline.race(this.#delivery.stop(), () => stopTimeout())
  }

  /** Tells the user of an error: by the delivery under way, or when the next one starts. */
  raise(error: KafkaError, isFatal = false): void {
    if (this.#closing !== undefined) return
    this.monitor.raised(error, isFatal)
    if (isFatal || this.#delivery === undefined) this.#error ??= error
    this.#isFatal ||= isFatal
    this.#delivery?.fail(error)
  }

  /** The partition's position is known: it can be fetched. */
  handlePosition(state: PartitionState): void {
    this.committer?.touch()
    this.#fetcher?.wakePartition(state)
    this.manual?.handlePosition(state)
  }

  /** A committed position may stem from an earlier leader, whose log was longer. */
  #validateIfOlder(state: PartitionState): void {
    const leader = this.#cluster.metadata.partition(state.topic, state.partition)
    if (leader === undefined || state.positionEpoch < 0 || state.positionEpoch >= leader.leaderEpoch) return
    state.needsValidation = true
    this.#validator.wake()
  }

  /** A position was given up and is to be found anew. */
  locate(state: PartitionState): void {
    this.manual?.handlePosition(state)
    this.#locator.wake()
  }

  /** Partitions were resumed: what was fetched before is delivered first. */
  handleResumed(states: readonly PartitionState[]): void {
    for (const state of states) {
      this.#ready.add(state)
      this.#fetcher?.wakePartition(state)
    }
    this.#wakeSoon()
  }

  /** No handler runs within a call of the user's own. */
  #wakeSoon(): void {
    setImmediate(() => this.#delivery?.wake())
  }

  #handleMessages(state: PartitionState): void {
    this.#ready.add(state)
    this.#delivery?.wake()
  }

  #handleOverdue(): void {
    const { maxPollIntervalMs } = this.#options
    const what =
      this.#delivery === undefined ? 'Nobody has asked for messages' : 'A handler has not come back'
    const reason = `${what} for maxPollIntervalMs, ${maxPollIntervalMs} ms`
    this.#cluster.logger.warn(`${reason}: the partitions are given up until it is`, {
      groupId: this.#options.groupId,
    })
    this.monitor.suspended()
    this.membership?.suspend(reason)
    // A rebalance that waits for the handler holds up the leave.
    this.#changes.endWaits()
  }

  #resume(): void {
    this.monitor.resumed()
    this.membership?.resume()
  }

  /** Ends everything within the time. Never rejects; a second call waits for the first. */
  close(timeoutMs: number, leave: boolean | 'default'): Promise<void> {
    this.#closing ??= this.#close(timeoutMs, leave)
    return this.#closing
  }

  async #close(timeoutMs: number, leave: boolean | 'default'): Promise<void> {
    const { clock } = this.#cluster
    const deadline = new Deadline(clock, 'the close of a consumer', timeoutMs)
    this.monitor.closing()
    void this.#delivery?.stop()
    // A handler that calls this counts as running once it has given back its promise.
    await Promise.resolve()
    await this.#changes.waitForHandlers(this.subscription.all(), deadline.remainingMs() / 2)
    this.#locator.close()
    this.manual?.close()
    this.#topics.close()
    this.#identities.close()
    this.#validator.close()
    const fetcherClosed = this.#fetcher?.close(Math.min(sessionCloseMs, deadline.remainingMs()))
    // A rebalance under way goes on while this waits for it: the membership's close breaks it off.
    const commitMs = deadline.remainingMs() / (this.membership === undefined ? 1 : 2)
    await this.#changes.commitFinished(this.subscription.all(), new Deadline(clock, deadline.what, commitMs))
    if (this.#fetcher !== undefined) await this.membership?.close(deadline, { leave })
    this.#hasLeft = true
    void this.committer?.endAutomatic()
    this.subscription.remove(this.subscription.all())
    this.#watch.close()
    await fetcherClosed
    this.monitor.closed()
    await this.#lease?.release()
  }
}
