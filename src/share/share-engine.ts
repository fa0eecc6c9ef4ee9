import { Deadline } from '../base/deadline'
import { ClosedError, KafkaError, TimeoutError } from '../base/errors'
import { formatTopicPartition } from '../base/topic-partition'
import type { Cluster, ClusterLease } from '../cluster/cluster'
import { MemoryBudget } from '../message/memory-budget'
import { HandlerWatch, type WatchedWork } from '../message/handler-watch'
import { AcknowledgementOutcomes } from './acknowledgement-outcomes'
import type { AcknowledgementResult } from './acknowledgement-result'
import type { AcquiredRecords } from './acquired-records'
import { ShareMonitor } from './health/share-monitor'
import { HeldRecords } from './held-records'
import { ShareBuffer } from './share-buffer'
import type { ResolvedShareConsumerOptions } from './share-consumer-options'
import type { ShareDelivery, ShareDeliveryTools } from './share-delivery'
import { ShareFetcher } from './share-fetcher'
import { type AssignedSharePartition, ShareMembership } from './share-membership'
import { SharePartition, sharePartitionKey } from './share-partition'

let engineCount = 0

/**
 * Wires the rooms of a share consumer together (membership, fetching, locks, delivery, acknowledgements) and passes
 * events between them. It owns which delivery is under way, and what the user has not been told yet.
 */
export class ShareEngine {
  readonly membership: ShareMembership
  readonly held: HeldRecords
  readonly monitor: ShareMonitor
  readonly #cluster: Cluster
  readonly #options: ResolvedShareConsumerOptions
  readonly #outcomes: AcknowledgementOutcomes
  readonly #buffer: ShareBuffer
  readonly #watch: HandlerWatch
  readonly #tools: ShareDeliveryTools
  readonly #memory: MemoryBudget
  readonly #partitions = new Map<string, SharePartition>()
  #fetcher: ShareFetcher | undefined
  #lease: ClusterLease | undefined
  #delivery: ShareDelivery | undefined
  /** Runs while nobody asks for messages: that, too, may last only for `maxPollIntervalMs` (G2). */
  #idle: WatchedWork | undefined
  #isSuspended = false
  #error: KafkaError | undefined
  #isFatal = false
  #closing: Promise<void> | undefined

  constructor(given: Cluster, options: ResolvedShareConsumerOptions) {
    this.monitor = new ShareMonitor(given, options)
    const { cluster } = this.monitor
    this.#cluster = cluster
    this.#options = options
    const { clock, logger } = cluster
    this.#memory = new MemoryBudget(options.fetchMemoryBytes)
    this.#outcomes = new AcknowledgementOutcomes(options.onAcknowledged, logger, this.monitor)
    this.held = new HeldRecords({
      clock,
      mayRenew: () => options.lockRenewal && !this.#isSuspended,
      onExpired: (records) => this.#handleExpired(records),
      onReleased: () => {
        if (options.acquireMode === 'record_limit') this.#fetcher?.wakeBrokers()
      },
    })
    this.#buffer = new ShareBuffer({
      clock,
      onDrained: () => this.#fetcher?.wakeBrokers(),
      onHandedOut: (topic, messages, bytes) => this.monitor.handedOut(topic, messages, bytes),
    })
    this.#watch = new HandlerWatch(
      clock,
      options.maxPollIntervalMs,
      () => this.#handleOverdue(),
      () => this.monitor.arm(),
    )
    this.#tools = {
      clock,
      logger,
      buffer: this.#buffer,
      watch: this.#watch,
      isExplicit: options.acknowledgementMode === 'explicit',
      onRecovered: () => this.#handleRecovered(),
    }
    const { groupId, topics, clientRack } = options
    this.membership = new ShareMembership(
      cluster,
      { groupId, topics: topics.map(({ name }) => name), rackId: clientRack === '' ? null : clientRack },
      this.monitor.membershipListener({
        onAssigned: (assigned) => this.#handleAssigned(assigned),
        onFatal: (error) => this.raise(error, true),
      }),
    )
    this.#attachMonitor()
  }

  #attachMonitor(): void {
    this.monitor.attach({
      membership: this.membership,
      held: this.held,
      watch: this.#watch,
      memory: this.#memory,
      buffer: this.#buffer,
      partitions: () => this.assignment(),
      unsettled: () => this.#fetcher?.unsettled() ?? [],
      isRead: () => this.#isRead,
      isThirsty: () => this.#isThirsty,
    })
  }

  /** Somebody reads, and may be given messages. */
  get #isRead(): boolean {
    return this.#delivery !== undefined && !this.#isSuspended
  }

  /** Messages are asked for, and none wait to be handed out. */
  get #isThirsty(): boolean {
    return this.#isRead && this.#buffer.isEmpty
  }

  #createFetcher(): ShareFetcher {
    const { groupId, fetchMinBytes, fetchMaxBytes, fetchMaxWaitMs, maxPollRecords } = this.#options
    return new ShareFetcher({
      isThirsty: () => this.#isThirsty,
      settings: {
        cluster: this.#cluster,
        groupId,
        memberId: this.membership.memberId,
        memory: this.#memory,
        held: this.held,
        outcomes: this.#outcomes,
        connection: `share:${++engineCount}`,
        minBytes: fetchMinBytes,
        maxBytes: fetchMaxBytes,
        maxWaitMs: fetchMaxWaitMs,
        maxPollRecords,
        acquireMode: this.#options.acquireMode,
        checkCrcs: this.#options.checkCrcs,
        isExplicit: this.#options.acknowledgementMode === 'explicit',
        onReady: () => {
          this.#buffer.handleReady()
          this.#wakeDelivery()
        },
        onRecords: (reader) => {
          this.#buffer.add(reader)
          this.#wakeDelivery()
        },
        onFailed: (error) => this.raise(error),
        onFatal: (error) => this.raise(error, true),
      },
    })
  }

  /** Makes requests possible; throws ClosedError once the consumer is closing. */
  open(): void {
    if (this.#closing !== undefined) throw new ClosedError('The share consumer')
    this.#lease ??= this.#cluster.lease()
  }

  /** Joins the group. Nothing happens when it did so before. */
  start(): void {
    this.open()
    if (this.#fetcher !== undefined) return
    this.#fetcher = this.#createFetcher()
    this.#idle = this.#watch.begin()
    this.monitor.started()
    this.membership.start()
  }

  get isClosing(): boolean {
    return this.#closing !== undefined
  }

  assignment(): readonly SharePartition[] {
    return [...this.#partitions.values()]
  }

  /** Starts to hand out messages in one way. Throws when another way is under way, or when an error was not told yet. */
  startDelivery<D extends ShareDelivery>(create: (tools: ShareDeliveryTools) => D): D {
    if (this.#delivery !== undefined) {
      throw new KafkaError(
        'CONSUMER_BUSY',
        'This consumer is already being read: end the loop or call stop() first, or make another consumer',
      )
    }
    this.start()
    const error = this.#error
    if (!this.#isFatal) this.#error = undefined
    if (error !== undefined) throw error
    const delivery = create(this.#tools)
    this.#delivery = delivery
    if (this.#idle !== undefined && this.#watch.end(this.#idle)) this.#handleRecovered()
    this.#idle = undefined
    this.#wakeDelivery()
    return delivery
  }

  /** The delivery has ended. What waits stays acquired for the next one, for as long as its locks last. */
  endDelivery(delivery: ShareDelivery): void {
    if (this.#delivery !== delivery) return
    this.#delivery = undefined
    if (this.#closing === undefined) this.#idle = this.#watch.begin()
  }

  /** Ends the delivery that is under way, after its running handlers. */
  async stopDelivery(): Promise<void> {
    await this.#delivery?.stop()
  }

  /** Sends what there is to say; resolves with what became of it, and with the failures since the last commit. */
  async commit(deadline: Deadline): Promise<AcknowledgementResult[]> {
    this.open()
    const flushed = this.#fetcher?.flush() ?? Promise.resolve([])
    const results = await deadline.race(
      flushed,
      () =>
        new TimeoutError('COMMIT_TIMEOUT', 'The brokers did not answer to the acknowledgements in time', {
          groupId: this.#options.groupId,
          maybeWritten: true,
        }),
    )
    const earlier = this.#outcomes.takeFailures().filter((failure) => !results.includes(failure))
    return [...earlier, ...results]
  }

  /** Tells the user of an error: by the delivery under way, or when the next one starts. */
  raise(error: KafkaError, isFatal = false): void {
    if (this.#closing !== undefined) return
    if (isFatal || this.#delivery === undefined) this.#error ??= error
    this.#isFatal ||= isFatal
    this.monitor.raised(error, isFatal)
    this.#delivery?.fail(error)
  }

  /** No handler runs within a call of the user's own, nor between the parts of an answer. */
  #wakeDelivery(): void {
    setImmediate(() => this.#delivery?.wake())
  }

  #handleAssigned(assigned: readonly AssignedSharePartition[]): void {
    const before = new Map(this.#partitions)
    this.#partitions.clear()
    for (const { topic, topicId, partition } of assigned) {
      const definition = this.#options.topics.find(({ name }) => name === topic)
      if (definition === undefined) continue
      const key = sharePartitionKey(topicId, partition)
      this.#partitions.set(key, before.get(key) ?? new SharePartition(definition, topicId, partition))
    }
    this.#fetcher?.assign(this.assignment())
  }

  #handleExpired({ partition, heldCount }: AcquiredRecords): void {
    this.#cluster.logger.warn(
      'Locks ended before their messages were acknowledged: they are delivered again; ask for fewer (maxPollRecords), or renew locks (lockRenewal)',
      { partition: formatTopicPartition(partition), messages: heldCount },
    )
    this.monitor.locksExpired(partition, heldCount)
  }

  #handleOverdue(): void {
    const { maxPollIntervalMs } = this.#options
    const what =
      this.#delivery === undefined ? 'Nobody has asked for messages' : 'A handler has not come back'
    this.#isSuspended = true
    this.monitor.suspended()
    this.membership.suspend(`${what} for maxPollIntervalMs, ${maxPollIntervalMs} ms`)
  }

  #handleRecovered(): void {
    this.#isSuspended = false
    this.monitor.resumed()
    this.membership.resume()
  }

  /** Ends everything within the time. Never rejects; a second call waits for the first. */
  close(timeoutMs: number): Promise<void> {
    this.#closing ??= this.#close(timeoutMs)
    return this.#closing
  }

  async #close(timeoutMs: number): Promise<void> {
    this.monitor.closing()
    const deadline = new Deadline(this.#cluster.clock, 'the close of a share consumer', timeoutMs)
    await this.#waitForHandlers(deadline)
    const fetcher = this.#fetcher
    if (fetcher !== undefined) {
      await fetcher.close(new Deadline(this.#cluster.clock, deadline.what, deadline.remainingMs() / 2))
    }
    this.held.close(new ClosedError('The share consumer'))
    this.#buffer.close()
    if (fetcher !== undefined) await this.membership.close(deadline)
    this.#watch.close()
    this.monitor.closed()
    await this.#lease?.release()
  }

  /** Half of the time is theirs; what they are not done with by then is delivered again. */
  async #waitForHandlers(deadline: Deadline): Promise<void> {
    const { clock, logger } = this.#cluster
    const half = new Deadline(clock, deadline.what, deadline.remainingMs() / 2)
    const late = () => new KafkaError('CLOSE_TIMEOUT', 'Handlers did not come back')
    try {
      await half.race(this.stopDelivery(), late)
    } catch {
      logger.warn('The share consumer closes while handlers run: their messages will be delivered again', {
        groupId: this.#options.groupId,
      })
    }
  }
}
