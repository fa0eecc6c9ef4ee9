import { Deadline } from '../base/deadline'
import { ClosedError, InvalidArgumentError, KafkaError } from '../base/errors'
import { formatTopicPartition } from '../base/topic-partition'
import type { Cluster, ClusterLease } from '../cluster/cluster'
import { AssignmentChanges } from './assignment-changes'
import type { ManualAssignment, ResolvedConsumerOptions } from './consumer-options'
import type { Delivery, DeliveryTools } from './delivery/delivery'
import { FailureMonitor } from './failures/failure-monitor'
import { HandlerWatch, type WatchedWork } from '../message/handler-watch'
import { ReadyPartitions } from './delivery/ready-partitions'
import { FetchMemory } from './fetch/fetch-memory'
import { Fetcher } from './fetch/fetcher'
import { type AnyMembershipOptions, createMembership } from './group/create-membership'
import type {
  ConsumerGroupMetadata,
  GroupListener,
  GroupMembership,
  GroupOffsets,
} from './group/group-membership'
import { ManualGroupOffsets } from './group/manual-group-offsets'
import { OffsetCommitter } from './offsets/offset-committer'
import { OffsetLocator } from './offsets/offset-locator'
import { PositionValidator } from './offsets/position-validator'
import type { PartitionState } from './partition-state'
import { queryOfStartFrom, type StartFrom } from './start-from'
import { SubscriptionState } from './subscription-state'
import type { TransactionalDeliveryOptions } from './transactional/transactional-delivery'

/** Makes the parts of a consumer that speak for a group; tests pass their own. */
export interface GroupFactory {
  membership(cluster: Cluster, options: AnyMembershipOptions, listener: GroupListener): GroupMembership
  offsets(cluster: Cluster, groupId: string): GroupOffsets
}

const groupFactory: GroupFactory = {
  membership: createMembership,
  offsets: (cluster, groupId) => new ManualGroupOffsets(cluster, groupId),
}

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
  readonly #startFrom = new Map<string, ManualAssignment>()
  #fetcher: Fetcher | undefined
  #lease: ClusterLease | undefined
  #delivery: Delivery | undefined
  /** Runs while nobody asks for messages: that, too, may last only for `maxPollIntervalMs` (G2). */
  #idle: WatchedWork | undefined
  #error: KafkaError | undefined
  #isFatal = false
  #closing: Promise<void> | undefined

  constructor(cluster: Cluster, options: ResolvedConsumerOptions, factory: GroupFactory = groupFactory) {
    this.#cluster = cluster
    this.#options = options
    const { clock, logger } = cluster
    this.#memory = new FetchMemory(options.fetchMemoryBytes)
    this.subscription = new SubscriptionState(options.topics, (partition) => ({
      memory: this.#memory,
      checkCrcs: options.checkCrcs,
      readCommitted: options.isolationLevel === 'read_committed',
      onReady: () => this.#handleMessages(partition()),
    }))
    this.#ready = new ReadyPartitions({
      onDrained: (state) => {
        this.#fetcher?.wakePartition(state)
        // It may have passed markers and aborted records alone: no message will ever be finished behind them.
        this.committer?.touch()
      },
      onFailed: (_state, error) => this.raise(error),
    })
    this.#watch = new HandlerWatch(clock, options.maxPollIntervalMs, () => this.#handleOverdue())
    const isMember = options.groupId !== null && options.assign === null
    this.#changes = new AssignmentChanges({
      ...options,
      clock,
      logger,
      subscription: this.subscription,
      committer: () => this.committer,
      onAdded: () => this.#locator.wake(),
      onRemoved: () => this.#delivery?.wake(),
      onError: (error, isFatal) => this.raise(error, isFatal),
    })
    this.membership = isMember
      ? factory.membership(cluster, this.#membershipOptions(), this.#changes)
      : undefined
    this.offsets =
      this.membership ?? (options.groupId === null ? undefined : factory.offsets(cluster, options.groupId))
    this.committer = this.offsets && this.#createCommitter(this.offsets)
    this.#locator = this.#createLocator()
    this.#validator = new PositionValidator({
      cluster,
      subscription: this.subscription,
      onValid: (state) => this.#fetcher?.wakePartition(state),
      onTruncated: (state, endOffset) => this.#handleTruncation(state, endOffset),
    })
    this.#tools = {
      clock,
      random: cluster.random,
      monitor: new FailureMonitor(cluster.clientId, options.groupId, logger),
      ready: this.#ready,
      watch: this.#watch,
      onProgress: (finished) => this.committer?.touch(finished),
      onRecovered: () => this.membership?.resume(),
    }
  }

  #membershipOptions(): AnyMembershipOptions {
    const { groupId, clientRack, ...options } = this.#options
    return { ...options, groupId: groupId ?? '', rackId: clientRack === '' ? null : clientRack }
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
      startFrom: (state) => this.#startFromOf(state),
      isolationLevel: isolationLevel === 'read_committed' ? 1 : 0,
      allowAutoTopicCreation,
      timeoutMs: defaultApiTimeoutMs,
      onLocated: (state, isCommitted) => {
        if (isCommitted) this.#validateIfOlder(state)
        this.handlePosition(state)
      },
      onFailed: (_state, error) => this.raise(error),
    })
  }

  #startFromOf(state: PartitionState): StartFrom {
    return this.#startFrom.get(formatTopicPartition(state))?.startFrom ?? this.#options.startFrom
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
      onOutOfRange: (state) => this.#handleOutOfRange(state),
      onFailed: (_state, error) => this.raise(error),
      onFatal: (error) => this.raise(error),
    })
  }

  /** Makes requests possible; throws ClosedError once the consumer is closing. */
  open(): void {
    if (this.#closing !== undefined) throw new ClosedError('The consumer')
    this.#lease ??= this.#cluster.lease()
  }

  /** Joins the group, or takes the partitions given by hand. Nothing happens when it did so before. */
  start(): void {
    this.open()
    if (this.#fetcher !== undefined) return
    this.#fetcher = this.#createFetcher()
    this.#idle = this.#watch.begin()
    this.membership?.start({ topics: this.#options.topics.map(({ name }) => name), pattern: null })
    if (this.#options.assign !== null) this.assign(this.#options.assign)
  }

  /** Replaces the partitions given by hand; those that stay go on undisturbed. */
  assign(assignments: readonly ManualAssignment[]): void {
    const wanted = new Map(assignments.map((one) => [formatTopicPartition(one), one]))
    const gone = this.subscription.all().filter((state) => !wanted.has(formatTopicPartition(state)))
    this.subscription.remove(gone)
    for (const [key, assignment] of wanted) {
      this.#startFrom.set(key, assignment)
      const { topic, partition } = assignment
      if (this.subscription.get(topic, partition) === undefined) {
        this.subscription.add({ topic, partition }).locate(undefined)
      }
    }
    this.#wakeSoon()
    this.#locator.wake()
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
    const delivery = create(this.#tools)
    this.#delivery = delivery
    if (this.#idle !== undefined && this.#watch.end(this.#idle)) this.membership?.resume()
    this.#idle = undefined
    for (const state of this.subscription.all()) this.#ready.add(state)
    this.#wakeSoon()
    return delivery
  }

  #throwUntold(): void {
    const error = this.#error
    if (!this.#isFatal) this.#error = undefined
    const failed = this.subscription.all().find(({ phase }) => phase === 'failed')?.failure
    if (error !== undefined) throw error
    if (failed !== undefined) throw failed
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

  /** Ends the delivery that is under way, after its running handlers. */
  async stopDelivery(): Promise<void> {
    await this.#delivery?.stop()
  }

  /** Tells the user of an error: by the delivery under way, or when the next one starts. */
  raise(error: KafkaError, isFatal = false): void {
    if (this.#closing !== undefined) return
    if (isFatal || this.#delivery === undefined) this.#error ??= error
    this.#isFatal ||= isFatal
    this.#delivery?.fail(error)
  }

  /** The partition's position is known: it can be fetched. */
  handlePosition(state: PartitionState): void {
    this.committer?.touch()
    this.#fetcher?.wakePartition(state)
  }

  /** A committed position may stem from an earlier leader, whose log was longer. */
  #validateIfOlder(state: PartitionState): void {
    const leader = this.#cluster.metadata.partition(state.topic, state.partition)
    if (leader === undefined || state.positionEpoch < 0 || state.positionEpoch >= leader.leaderEpoch) return
    state.needsValidation = true
    this.#validator.wake()
  }

  /** A position was given up and is to be found anew. */
  locate(): void {
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

  #handleOutOfRange(state: PartitionState): void {
    const startFrom = this.#startFromOf(state)
    const { topic, partition, fetchOffset, logStartOffset, highWatermark } = state
    if (startFrom === 'none' || (typeof startFrom === 'object' && 'offset' in startFrom)) {
      const error = new KafkaError(
        'OFFSET_OUT_OF_RANGE',
        `Offset ${fetchOffset} is not in the log, and startFrom does not say where to go on; seek to choose a place`,
        { topic, partition },
      )
      state.fail(error)
      return this.raise(error)
    }
    this.#cluster.logger.warn(
      'The position is not in the log any more; reading goes on where startFrom says',
      {
        partition: formatTopicPartition(state),
        position: fetchOffset,
        logStartOffset,
        highWatermark,
        startFrom,
      },
    )
    const isRepeated = state.outOfRangeOffset === fetchOffset
    state.outOfRangeOffset = fetchOffset
    state.locate(queryOfStartFrom(startFrom, this.#cluster.clock.wallTime()))
    if (isRepeated) state.retryAt = this.#cluster.clock.now() + this.#cluster.retryBackoffMaxMs
    this.#locator.wake()
  }

  /** Messages that this consumer had read, or was about to read, are gone from the log (KIP-320, F7). */
  #handleTruncation(state: PartitionState, endOffset: bigint | undefined): void {
    const { topic, partition, fetchOffset } = state
    const startFrom = this.#startFromOf(state)
    const details = { partition: formatTopicPartition(state), position: fetchOffset, endOffset, startFrom }
    if (startFrom === 'none') {
      const error = new KafkaError(
        'LOG_TRUNCATION',
        `The log was truncated below the position ${fetchOffset}; the logs part at offset ${String(endOffset)}. Seek to choose where to go on`,
        { topic, partition },
      )
      state.fail(error)
      return this.raise(error)
    }
    this.#cluster.logger.warn(
      'The log was truncated below the position: messages were lost with its leader',
      details,
    )
    if (endOffset === undefined) {
      state.locate(queryOfStartFrom(startFrom, this.#cluster.clock.wallTime()))
      return this.#locator.wake()
    }
    // What was fetched and not handed out may be gone too: it is fetched again as far as it is still there.
    const { position } = state.reader
    state.startAt(endOffset < position ? endOffset : position, -1)
    this.handlePosition(state)
  }

  #handleOverdue(): void {
    const { maxPollIntervalMs } = this.#options
    const what =
      this.#delivery === undefined ? 'Nobody has asked for messages' : 'A handler has not come back'
    const reason = `${what} for maxPollIntervalMs, ${maxPollIntervalMs} ms`
    this.#cluster.logger.warn(`${reason}: the partitions are given up until it is`, {
      groupId: this.#options.groupId,
    })
    this.membership?.suspend(reason)
  }

  /** Ends everything within the time. Never rejects; a second call waits for the first. */
  close(timeoutMs: number): Promise<void> {
    this.#closing ??= this.#close(timeoutMs)
    return this.#closing
  }

  async #close(timeoutMs: number): Promise<void> {
    const { clock, logger } = this.#cluster
    const deadline = new Deadline(clock, 'the close of a consumer', timeoutMs)
    void this.stopDelivery()
    await this.#changes.waitForHandlers(this.subscription.all(), deadline.remainingMs() / 2)
    this.#locator.close()
    this.#validator.close()
    const fetcherClosed = this.#fetcher?.close(Math.min(sessionCloseMs, deadline.remainingMs()))
    try {
      // The membership's last revocation commits what is finished; without one it is done here.
      if (this.membership !== undefined) {
        if (this.#fetcher !== undefined) await this.membership.close(deadline, { leave: 'default' })
      } else if (this.committer?.isAutomatic) {
        await this.committer.commitFinished(this.subscription.all(), deadline)
      }
    } catch (error) {
      logger.warn('The last commit failed; some messages will be delivered again', {
        reason: KafkaError.from(error).message,
      })
    }
    void this.committer?.endAutomatic()
    this.subscription.remove(this.subscription.all())
    this.#watch.close()
    await fetcherClosed
    await this.#lease?.release()
  }
}
