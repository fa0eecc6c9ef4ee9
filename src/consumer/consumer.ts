import type { ReadableStream } from 'node:stream/web'
import { Deadline } from '../base/deadline'
import { InvalidArgumentError, InvalidOptionError } from '../base/errors'
import type { TopicPartition } from '../base/topic-partition'
import type { Cluster } from '../cluster/cluster'
import { ConsumerEngine } from './consumer-engine'
import {
  type ConsumerOptions,
  type ResolvedConsumerOptions,
  resolveConsumerOptions,
} from './consumer-options'
import { ConcurrentDelivery } from './delivery/concurrent-delivery'
import type { Delivery } from './delivery/delivery'
import { IterationDelivery } from './delivery/iteration-delivery'
import { SequentialDelivery } from './delivery/sequential-delivery'
import type { GroupFactory } from './group/group-factory'
import type { ConsumerGroupMetadata, OffsetAndMetadata } from './group/group-membership'
import type { ConsumerHealth } from './health/consumer-health'
import type { PartitionLag } from './health/partition-lag'
import type { ConsumerMetrics } from './health/consumer-metrics'
import type { AssignmentInput } from './manual/manual-assignment'
import type { ReadProgress } from './manual/reading-ends'
import type { MessageOf, PatternAmong, SubscriptionInput, TopicAmong } from '../message/topic-input'
import type { Message } from '../message/message'
import type { MessageBatch } from '../message/message-batch'
import type { BatchContext, HandlerContext } from './delivery/handler-context'
import { type ErrorPolicy, resolveErrorPolicy } from './failures/error-policy'
import { queryOfSeek, requireOffset, type SeekTarget } from './start-from'
import { resolveTopics } from './subscription/topic-selection'
import { MessageReadable } from './streams/message-readable'
import { messageStream } from './streams/message-stream'
import { TransactionalDelivery, type TransactionHandler } from './transactional/transactional-delivery'
import type { OffsetTransaction, TransactionalProducer } from './transactional/transactional-producer'

/** Bounds of one call. */
export interface CallOptions {
  /** Default: `defaultApiTimeoutMs`. */
  readonly timeoutMs?: number | undefined
  readonly signal?: AbortSignal | undefined
}

export interface RunOptions<M extends Message = Message> {
  /** Handlers that run at the same time. Default: 1. */
  readonly concurrency?: number | undefined
  /**
   * What is handled one after another: the messages of a `partition`, the messages of one `key` within a partition
   * (those without a key have no order), or nothing (`none`). Default: `'partition'`.
   */
  readonly order?: 'partition' | 'key' | 'none' | undefined
  /** What happens when a handler fails. Default: the run ends. */
  readonly onError?: ErrorPolicy<M> | undefined
  /** Ends the run as `stop` does. */
  readonly signal?: AbortSignal | undefined
}

export interface RunBatchesOptions<M extends Message = Message> {
  /** Partitions whose batches are handled at the same time. Default: 1. */
  readonly concurrency?: number | undefined
  /** Most messages in a batch. Default: 1,000. */
  readonly maxMessages?: number | undefined
  /** What happens when a handler fails. Default: the run ends. */
  readonly onError?: ErrorPolicy<M> | undefined
  /** Ends the run as `stop` does. */
  readonly signal?: AbortSignal | undefined
}

export interface ProcessTransactionallyOptions {
  /** Most messages of one transaction, of all partitions together. Default: 1,000. */
  readonly maxMessages?: number | undefined
  /**
   * Milliseconds to wait for more messages once the first ones are there: fewer and larger transactions. What comes
   * while a transaction runs makes the next one larger in any case. Default: 0.
   */
  readonly maxWaitMs?: number | undefined
  /** Ends the processing as `stop` does. */
  readonly signal?: AbortSignal | undefined
}

/** A position to commit: the offset of the next message to read, one past the last that is done. */
export interface OffsetToCommit extends TopicPartition {
  readonly offset: bigint | number
  /** Leader epoch of the last message that is done, where known. */
  readonly leaderEpoch?: number | undefined
  /** Free text stored with the offset. */
  readonly metadata?: string | undefined
}

/** What the group has committed for a partition; null when it never committed. */
export interface CommittedOffset extends TopicPartition {
  readonly committed: OffsetAndMetadata | null
}

const defaultCloseTimeoutMs = 30_000
const defaultMaxMessages = 1000

/**
 * Reads messages, as a member of a group or from partitions given by hand. It connects on first use. Messages are
 * handed out by one of `for await`, `run` and `runBatches` at a time; what is finished is committed, never more.
 */
export class Consumer<Topics extends readonly SubscriptionInput[] = readonly SubscriptionInput[]>
  implements AsyncIterable<MessageOf<Topics>>, AsyncDisposable
{
  /** The options as they apply. */
  readonly options: ResolvedConsumerOptions
  readonly #cluster: Cluster
  readonly #engine: ConsumerEngine

  /** @internal made by `kafka.consumer()` */
  constructor(cluster: Cluster, options: ConsumerOptions<Topics> | ConsumerOptions, factory?: GroupFactory) {
    this.options = resolveConsumerOptions(options)
    this.#cluster = cluster
    this.#engine = new ConsumerEngine(cluster, this.options, factory)
  }

  /** Joins the group and makes sure that the topics exist. Not needed: it is for those who want to fail at start-up. */
  async connect(options: CallOptions = {}): Promise<void> {
    this.#engine.start()
    const { topics, assign } = this.options
    const names = [...topics, ...(assign ?? []).map(({ topic }) => topic)].map(({ name }) => name)
    const { allowAutoTopicCreation } = this.options
    await this.#cluster.metadata.requireTopics([...new Set(names)], this.#deadline('connect', options), {
      allowAutoTopicCreation,
    })
  }

  /**
   * Hands out messages one at a time. A message is finished, and may be committed, when the loop asks for the next one;
   * the one with which the loop is left (`break`, `return`, an error) is delivered again.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<MessageOf<Topics>> {
    return this.#iterate(undefined)
  }

  /**
   * The same as looping over the consumer itself, with a signal that ends the loop as `stop` does: the message that the
   * loop works on is finished, and the next loop goes on behind it.
   */
  messages(options: { readonly signal?: AbortSignal | undefined } = {}): AsyncIterable<MessageOf<Topics>> {
    return { [Symbol.asyncIterator]: () => this.#iterate(options.signal) }
  }

  #iterate(signal: AbortSignal | undefined): AsyncIterableIterator<MessageOf<Topics>> {
    const onAbort = () => void iteration.stop()
    const iteration: IterationDelivery<MessageOf<Topics>> = this.#engine.startDelivery(
      (tools) =>
        new IterationDelivery(tools, () => {
          signal?.removeEventListener('abort', onAbort)
          this.#engine.endDelivery(iteration)
        }),
    )
    if (signal?.aborted) onAbort()
    else signal?.addEventListener('abort', onAbort, { once: true })
    return iteration
  }

  /**
   * The messages as a stream of Node, in object mode and with back-pressure: each is taken when it is asked for, and
   * finished when the next one is. It ends after `stop`, `close` and at the end of a range; destroying it leaves the
   * last message unfinished. Reading starts with this call.
   */
  readable(): MessageReadable<MessageOf<Topics>> {
    return new MessageReadable(this.#iterate(undefined))
  }

  /** As `readable`, as a web stream; cancelling it leaves the last message unfinished. */
  readableStream(): ReadableStream<MessageOf<Topics>> {
    return messageStream(this.#iterate(undefined))
  }

  /**
   * Calls the handler for each message until `stop`, `close` or the signal; resolves then. Rejects when a handler fails
   * (code `HANDLER_FAILED`, with the handler's error as `cause`; after the others that run have come back; the failed
   * message is not committed), unless `onError` says otherwise, or when reading fails.
   */
  async run(
    handler: (message: MessageOf<Topics>, context: HandlerContext) => unknown,
    options: RunOptions<MessageOf<Topics>> = {},
  ): Promise<void> {
    const { order = 'partition', signal } = options
    const concurrency = requireCount('concurrency', options.concurrency ?? 1)
    const onError = resolveErrorPolicy('run', options.onError)
    requireFunction('run', handler)
    if (!['partition', 'key', 'none'].includes(order)) {
      throw new InvalidArgumentError(
        `run: order is '${String(order)}'; it must be 'partition', 'key' or 'none'`,
      )
    }
    const delivery = this.#engine.startDelivery((tools) =>
      order === 'partition'
        ? SequentialDelivery.ofMessages(tools, { concurrency, onError }, handler)
        : new ConcurrentDelivery(tools, { concurrency, keepsKeyOrder: order === 'key', onError }, handler),
    )
    await this.#untilEnded(delivery, signal)
  }

  /**
   * As `run`, with all messages of a partition that are ready, up to `maxMessages`, in one call of the handler. With
   * `onError`, a batch is retried from its first message that is not finished; when that does not help, its messages are
   * handed out one by one, so that only the one that fails by itself is given up.
   */
  async runBatches(
    handler: (batch: MessageBatch<MessageOf<Topics>>, context: BatchContext<MessageOf<Topics>>) => unknown,
    options: RunBatchesOptions<MessageOf<Topics>> = {},
  ): Promise<void> {
    const concurrency = requireCount('concurrency', options.concurrency ?? 1)
    const maxMessages = requireCount('maxMessages', options.maxMessages ?? defaultMaxMessages)
    const onError = resolveErrorPolicy('runBatches', options.onError)
    requireFunction('runBatches', handler)
    const delivery = this.#engine.startDelivery((tools) =>
      SequentialDelivery.ofBatches(tools, { concurrency, onError }, maxMessages, handler),
    )
    await this.#untilEnded(delivery, options.signal)
  }

  /**
   * Processes messages exactly once: what the handler sends in the transaction and the positions of what it read count
   * together, or not at all. A round has the messages of all partitions that are ready, up to `maxMessages`; a rebalance
   * waits for it. A round that was aborted, because partitions were lost or something passing failed, is handed out
   * again; what the handler does outside of the transaction may therefore happen more than once.
   *
   * Needs `isolationLevel: 'read_committed'`, and a producer with a `transactionalId` that no other process uses at
   * the same time. From its first call on, this consumer commits by its transactions only.
   *
   * Resolves after `stop`, `close` or the signal. Rejects when the handler fails (`HANDLER_FAILED`, with its error as
   * `cause`, after the transaction was aborted), when the producer was fenced or can't go on, or when reading fails.
   */
  async processTransactionally<Tx extends OffsetTransaction>(
    producer: TransactionalProducer<Tx>,
    handler: TransactionHandler<MessageOf<Topics>, Tx>,
    options: ProcessTransactionallyOptions = {},
  ): Promise<void> {
    const maxMessages = requireCount('maxMessages', options.maxMessages ?? defaultMaxMessages)
    const maxWaitMs = requireMs('maxWaitMs', options.maxWaitMs ?? 0)
    requireFunction('processTransactionally', handler)
    this.#requireExactlyOnce(producer)
    const delivery = this.#engine.startTransactional(
      (tools, parts) =>
        new TransactionalDelivery(tools, { ...parts, maxMessages, maxWaitMs }, producer, handler),
    )
    await this.#untilEnded(delivery, options.signal)
  }

  #requireExactlyOnce(producer: TransactionalProducer): void {
    const { groupId, isolationLevel } = this.options
    const problems: string[] = []
    if (typeof producer?.beginTransaction !== 'function')
      problems.push('the first argument must be a producer')
    if (groupId === null)
      problems.push("the consumer needs a 'groupId', under which its positions are committed")
    if (isolationLevel !== 'read_committed') {
      problems.push(
        "the consumer's 'isolationLevel' is 'read_uncommitted': it would process messages of transactions that are aborted; make it 'read_committed'",
      )
    }
    if (problems.length > 0) throw new InvalidOptionError('processTransactionally', problems)
  }

  async #untilEnded(
    delivery: Delivery & { ended(): Promise<void> },
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const onAbort = () => void delivery.stop()
    if (signal?.aborted) onAbort()
    else signal?.addEventListener('abort', onAbort, { once: true })
    try {
      await delivery.ended()
    } finally {
      signal?.removeEventListener('abort', onAbort)
      this.#engine.endDelivery(delivery)
    }
  }

  /**
   * Ends the loop or run that is under way once its running handlers have come back, and commits what is finished. The
   * consumer stays in the group and can be read again. In a handler use `context.stop()`, which doesn't wait: this would
   * wait for the handler itself, until its time is over.
   * @throws TimeoutError (HANDLER_TIMEOUT) when handlers take longer than `timeoutMs`; nothing more is handed out then
   */
  async stop(options: CallOptions = {}): Promise<void> {
    const deadline = this.#deadline('stop', options)
    await this.#engine.stopDelivery(deadline)
    const { committer } = this.#engine
    if (committer?.isAutomatic) await committer.commitFinished(this.#engine.subscription.all(), deadline)
  }

  /** The partitions that are this consumer's now. */
  assignment(): TopicPartition[] {
    return this.#owned().map(({ topic, partition }) => ({ topic, partition }))
  }

  /**
   * Reads these topics instead: names, patterns and definitions as in the option `topics`, as far as the types of this
   * consumer's messages know them. Nothing of other topics is handed out from now on; what was finished of them is
   * committed when the rebalance that follows takes their partitions away. An empty list leaves the group until the
   * next call, as Java's `unsubscribe`.
   */
  subscribe(topics: readonly (TopicAmong<Topics> | PatternAmong<Topics>)[]): void {
    if (this.#engine.membership === undefined) {
      throw new InvalidArgumentError(
        "subscribe: this consumer's partitions are given by hand; make one with 'groupId' and 'topics'",
      )
    }
    this.#engine.subscribe(resolveTopics(topics))
  }

  /** The topics and the pattern that are subscribed to now; by name, whatever they are made of. */
  subscription(): { readonly topics: readonly string[]; readonly pattern: RegExp | null } {
    const { topics, pattern } = this.#engine.selection
    return { topics: topics.map(({ name }) => name), pattern }
  }

  /**
   * Replaces the topics and partitions of a consumer that was made with `assign`. Partitions that stay are not
   * interrupted; with an end, it is found anew.
   */
  assign(assignments: readonly AssignmentInput<TopicAmong<Topics>>[]): void {
    if (this.options.assign === null) {
      throw new InvalidArgumentError(
        "assign: this consumer's partitions come from its group; make one with the option 'assign'",
      )
    }
    const { assign } = resolveConsumerOptions({ assign: assignments })
    this.#engine.start()
    this.#engine.assign(assign ?? [])
  }

  /**
   * How far each partition was read, from its start to its end, for a consumer that was made with `assign`. `total` and
   * `ratio` are known once the starts and ends are.
   */
  progress(): ReadProgress {
    const { manual } = this.#engine
    if (manual !== undefined) return manual.progress()
    throw new InvalidArgumentError(
      "progress: a group's topics have no end; make a consumer with 'assign' and 'until'",
    )
  }

  /** Stops handing out and fetching messages of these partitions. What was fetched before is kept for `resume`. */
  pause(partitions: readonly TopicPartition[]): void {
    for (const state of this.#engine.subscription.require(partitions, 'pause')) state.isPaused = true
  }

  resume(partitions: readonly TopicPartition[]): void {
    const states = this.#engine.subscription.require(partitions, 'resume')
    for (const state of states) state.isPaused = false
    this.#engine.handleResumed(states)
  }

  paused(): TopicPartition[] {
    return this.#owned()
      .filter(({ isPaused }) => isPaused)
      .map(({ topic, partition }) => ({ topic, partition }))
  }

  /**
   * Goes on reading elsewhere: what was fetched for the partition is dropped, and no message from before the call is
   * handed out after it. An end of the log and a time are looked up in the background.
   */
  seek({ topic, partition }: TopicPartition, target: SeekTarget): void {
    const query = queryOfSeek(target)
    const [state] = this.#engine.subscription.require([{ topic, partition }], 'seek')
    if (state === undefined) return
    if (query.kind === 'offset') {
      state.startAt(query.offset, -1)
      this.#engine.handlePosition(state)
    } else {
      state.locate(query)
      this.#engine.locate(state)
    }
  }

  /**
   * Offset of the next message to be handed out; undefined while it is being looked up. With `order` `'key'` or `'none'`
   * messages are not handed out in the order of the log: it is then the oldest one that is not finished.
   */
  position({ topic, partition }: TopicPartition): bigint | undefined {
    const [state] = this.#engine.subscription.require([{ topic, partition }], 'position')
    return state?.isPositioned === true ? state.position : undefined
  }

  /**
   * How this consumer is at this moment, without asking anybody: its partitions with position, lag and what each waits
   * for, its place in the group, and what has not moved for `stallTimeoutMs`, with the reason.
   */
  health(): ConsumerHealth {
    return this.#engine.monitor.health()
  }

  /**
   * How many offsets each assigned partition is behind the log's end, as far as brokers have told by their answers;
   * `lag` is undefined before they did, and while the position is being looked up.
   */
  lag(): readonly PartitionLag[] {
    return this.#engine.monitor.lag()
  }

  /** What this consumer did and how it stands, by the names of Java's metrics. */
  metrics(): ConsumerMetrics {
    return this.#engine.monitor.metrics()
  }

  /**
   * Commits what is finished, or these positions. The message a handler works on is not finished: to commit it, give
   * its offset + 1.
   */
  async commit(offsets?: readonly OffsetToCommit[], options: CallOptions = {}): Promise<void> {
    this.#engine.openToCommit()
    const { committer, subscription } = this.#engine
    if (committer === undefined) throw new InvalidArgumentError("commit: this consumer has no 'groupId'")
    const deadline = this.#deadline('commit', options)
    if (offsets === undefined) {
      await committer.commitFinished(subscription.all(), deadline)
      return
    }
    const exact = offsets.map(({ topic, partition, offset, leaderEpoch = -1, metadata = '' }) => ({
      topic,
      partition,
      offset: requireOffset(offset, 'commit'),
      leaderEpoch,
      metadata,
    }))
    await committer.commit(exact, deadline)
  }

  /** What the group has committed for these partitions. */
  async committed(
    partitions: readonly TopicPartition[],
    options: CallOptions = {},
  ): Promise<readonly CommittedOffset[]> {
    this.#engine.open()
    const { offsets } = this.#engine
    if (offsets === undefined) throw new InvalidArgumentError("committed: this consumer has no 'groupId'")
    return await offsets.fetchCommitted(partitions, this.#deadline('committed', options))
  }

  /** Who this member is now, for transactions that commit its offsets (KIP-447). */
  groupMetadata(): ConsumerGroupMetadata {
    return this.#engine.groupMetadata()
  }

  /**
   * Asks the group to divide its partitions anew, for instance because what an assignor of your own looks at has changed;
   * the group's log shows the reason (KIP-800). Does nothing with `groupProtocol: 'consumer'`, where the broker decides.
   * Throws InvalidArgumentError without a group's assignment.
   */
  enforceRebalance(reason = 'the user asked for it'): void {
    const { membership } = this.#engine
    if (membership === undefined) {
      throw new InvalidArgumentError('enforceRebalance: the partitions of this consumer are given by hand')
    }
    membership.enforceRebalance(reason)
  }

  /**
   * Stops, waits for running handlers, commits what is finished, leaves the group and frees everything, all within
   * `timeoutMs` (default 30,000). Never rejects. A second call waits for the first.
   * @param options.leaveGroup whether the group divides the partitions at once, or keeps this member's for it until its
   *   session ends (KIP-1092). Default: true, except for a member with a `groupInstanceId`.
   */
  async close(options: { readonly timeoutMs?: number; readonly leaveGroup?: boolean } = {}): Promise<void> {
    await this.#engine.close(options.timeoutMs ?? defaultCloseTimeoutMs, options.leaveGroup ?? 'default')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #owned() {
    return this.#engine.subscription.all().filter(({ isOwned }) => isOwned)
  }

  #deadline(what: string, { timeoutMs, signal }: CallOptions): Deadline {
    return new Deadline(this.#cluster.clock, what, timeoutMs ?? this.options.defaultApiTimeoutMs, signal)
  }
}

function requireCount(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 1) return value
  throw new InvalidArgumentError(`${name} is ${String(value)}; it must be a whole number of 1 or more`)
}

function requireMs(name: string, value: number): number {
  if (Number.isFinite(value) && value >= 0) return value
  throw new InvalidArgumentError(`${name} is ${String(value)}; it must be a number of milliseconds`)
}

function requireFunction(call: string, handler: unknown): void {
  if (typeof handler !== 'function') {
    throw new InvalidArgumentError(`${call} takes a function that handles messages, not ${typeof handler}`)
  }
}
