import { Deadline } from '../base/deadline'
import { ClosedError, InvalidArgumentError, KafkaError, TimeoutError } from '../base/errors'
import type { Cluster, ClusterLease } from '../cluster/cluster'
import type { PartitionMetadata } from '../cluster/metadata'
import type { RawInput } from '../serde/basic-serdes'
import { rawTopic, requireTopicName, type Topic } from '../serde/topic'
import { failureOfBatch } from './batch-failures'
import { BatchTermsTable } from './batch-terms'
import { BufferMemory } from './buffer-memory'
import { FlushRound } from './flush-round'
import { Interceptors } from './interceptors'
import type { ProducerMetrics } from './producer-metrics'
import { ProducerMonitor } from './producer-monitor'
import type { OutgoingMessage, Receipt, SendOptions } from './outgoing-message'
import {
  type ProducerOptions,
  type ResolvedProducerOptions,
  resolveProducerOptions,
} from './producer-options'
import { createPartitioner } from './partitioners/choose-partition'
import { ProducerTopic, type SpreadOptions } from './producer-topic'
import { RecordAccumulator } from './record-accumulator'
import { type AnyTopic, type PreparedMessage, prepareMessage } from './record-serializer'
import { SendAdmission } from './send-admission'
import { SendCall } from './send-call'
import { Sender } from './sender'
import { ProducerTransactions } from './transactions/producer-transactions'
import type { Transaction, TransactionWaitOptions } from './transactions/transaction'
import { TransactionManager } from './transactions/transaction-manager'

/** Limits of `flush`, `close` and the like. */
export interface WaitOptions {
  readonly signal?: AbortSignal | undefined
  readonly timeoutMs?: number | undefined
}

let producerCount = 0

/**
 * Sends messages. Made by `kafka.producer()`; connects at first use.
 *
 * `send` takes a message into the batch of its partition and resolves when it is in the log. Many calls may be under
 * way at once: messages of one partition are stored in the order of the calls, each exactly once unless idempotence
 * was switched off.
 */
export class Producer {
  /** The options in effect, defaults included. */
  readonly options: ResolvedProducerOptions
  readonly #cluster: Cluster
  readonly #terms: BatchTermsTable
  readonly #memory: BufferMemory
  readonly #accumulator: RecordAccumulator
  readonly #admission: SendAdmission
  readonly #sender: Sender
  readonly #connection: string
  readonly #interceptors: Interceptors | undefined
  readonly #monitor: ProducerMonitor
  readonly #transactions: ProducerTransactions | undefined
  readonly #manager: TransactionManager | undefined
  readonly #spread: SpreadOptions
  readonly #topics = new Map<string, ProducerTopic>()
  readonly #rawTopics = new Map<string, AnyTopic>()
  #lease: ClusterLease | undefined
  #stopListening: (() => void) | undefined
  #closing: Promise<void> | undefined

  constructor(cluster: Cluster, options?: ProducerOptions) {
    this.options = resolveProducerOptions(options, cluster.requestTimeoutMs, cluster.codecs)
    this.#cluster = cluster
    this.#connection = `produce:${++producerCount}`
    this.#terms = new BatchTermsTable(this.options, cluster.codecs)
    this.#spread = spreadOptions(cluster, this.options)
    this.#memory = new BufferMemory(this.options.bufferMemoryBytes, () => this.#sender.onMemoryShort())
    const { interceptors } = this.options
    if (interceptors.length > 0) this.#interceptors = new Interceptors(interceptors, cluster.logger)
    this.#monitor = new ProducerMonitor(cluster.clientId, cluster.clock)
    this.#manager = this.#createManager()
    this.#sender = new Sender({
      cluster,
      options: this.options,
      memory: this.#memory,
      connection: this.#connection,
      topicOf: (name) => this.#topics.get(name),
      transactions: this.#manager,
      monitor: this.#monitor,
    })
    const partitioner = createPartitioner(this.options.partitioner, cluster.random)
    this.#accumulator = new RecordAccumulator(
      this.#memory,
      cluster.clock,
      this.options,
      this.#sender,
      partitioner,
    )
    this.#admission = new SendAdmission(
      {
        clock: cluster.clock,
        metadata: cluster.metadata,
        memory: this.#memory,
        accumulator: this.#accumulator,
        onExhausted: () => this.#monitor.bufferExhausted(),
      },
      this.options,
    )
    if (this.#manager !== undefined) {
      this.#transactions = new ProducerTransactions(cluster, this.options, this.#manager, {
        monitor: this.#monitor,
        send: this.send.bind(this) as Producer['send'],
        flush: (deadline) => this.#flush(deadline),
        forgetAbort: () => this.#sender.forgetAbort(),
        abortUnsent: (error) => this.#abortUnsent(error),
      })
    }
  }

  /** Bytes of buffered batches; at most `bufferMemoryBytes`. */
  get bufferedBytes(): number {
    return this.#memory.usedBytes
  }

  /** What the producer did so far and how it stands, as a plain object. */
  metrics(): ProducerMetrics {
    return this.#monitor.metrics({
      bufferTotalBytes: this.#memory.limitBytes,
      bufferAvailableBytes: this.#memory.availableBytes,
      waitingCalls: this.#admission.waitingCalls,
    })
  }

  /**
   * Sends one message, or several in one call. Resolves with where they stand in the log, in the order given. What
   * is wrong with a message (its type, a header, its size) rejects the call before any of it is sent.
   *
   * @throws ProduceError when a message is not delivered within `deliveryTimeoutMs` or was refused; it says whether
   * the message may be stored. SerializationError, InvalidArgumentError: nothing was sent. TimeoutError: no metadata
   * or no buffer memory within `maxBlockMs`. ClosedError after `close`.
   */
  send<Key, Value, KeyInput, ValueInput>(
    topic: Topic<Key, Value, KeyInput, ValueInput>,
    message: OutgoingMessage<NoInfer<KeyInput>, NoInfer<ValueInput>>,
    options?: SendOptions,
  ): Promise<Receipt>
  send<Key, Value, KeyInput, ValueInput>(
    topic: Topic<Key, Value, KeyInput, ValueInput>,
    messages: readonly OutgoingMessage<NoInfer<KeyInput>, NoInfer<ValueInput>>[],
    options?: SendOptions,
  ): Promise<Receipt[]>
  send(topic: string, message: OutgoingMessage<RawInput, RawInput>, options?: SendOptions): Promise<Receipt>
  send(
    topic: string,
    messages: readonly OutgoingMessage<RawInput, RawInput>[],
    options?: SendOptions,
  ): Promise<Receipt[]>
  send(topic: string | AnyTopic, messages: unknown, options: SendOptions = {}): Promise<Receipt | Receipt[]> {
    try {
      const definition = this.#definition(topic)
      if (this.#interceptors === undefined) return this.#send(definition, messages, options)
      return this.#interceptors.around(definition.name, messages, (changed) =>
        this.#send(definition, changed, options),
      )
    } catch (error) {
      return Promise.reject(error)
    }
  }

  #send(definition: AnyTopic, messages: unknown, options: SendOptions): Promise<Receipt | Receipt[]> {
    try {
      if (this.#closing !== undefined) throw new ClosedError('Producer')
      this.#manager?.requireOpen('send')
      if (options.signal?.aborted)
        new Deadline(this.#cluster.clock, 'send', 0, options.signal).throwIfAborted()
      const isSingle = !Array.isArray(messages)
      return this.#take(definition, isSingle ? [messages] : (messages as unknown[]), isSingle, options)
    } catch (error) {
      return Promise.reject(KafkaError.from(error, 'send failed'))
    }
  }

  /**
   * Resolves when every message sent before this call has its outcome, whether good or bad; nothing lingers
   * meanwhile. @throws TimeoutError, AbortedError: the messages are still under way.
   */
  async flush(options: WaitOptions = {}): Promise<void> {
    const { timeoutMs = Infinity, signal } = options
    const deadline = new Deadline(this.#cluster.clock, 'flush', timeoutMs, signal)
    await this.#monitor.timed('flush', () => this.#flush(deadline))
  }

  /**
   * Opens a transaction; needs `transactionalId`. What is sent until its end belongs to it. One at a time: the next one
   * begins after `commit` or `abort`.
   * @throws FencedError when another producer has taken over the transactional id; KafkaError (INVALID_TXN_STATE) when
   *   one is open, or the producer has no transactional id
   */
  async beginTransaction(options: TransactionWaitOptions = {}): Promise<Transaction> {
    return await this.#requireTransactions().begin(options)
  }

  /**
   * Runs `work` in a transaction: commits when it resolves, aborts when it throws, and answers or throws as it did.
   * @throws what `work` throws; the errors of `transaction.commit`; FencedError instead of another of Kafka's errors when
   *   a newer producer has the transactional id
   */
  async transaction<Result>(
    work: (transaction: Transaction) => Promise<Result>,
    options: TransactionWaitOptions = {},
  ): Promise<Result> {
    return await this.#requireTransactions().run(work, options)
  }

  /**
   * Connects now instead of at the first message, to fail at start-up if no broker can be reached. With a
   * `transactionalId` it takes that over, which ends what another producer left open.
   */
  async connect(options: WaitOptions = {}): Promise<void> {
    if (this.#closing !== undefined) throw new ClosedError('Producer')
    this.#start()
    const deadline = new Deadline(
      this.#cluster.clock,
      'connect',
      options.timeoutMs ?? this.options.maxBlockMs,
      options.signal,
    )
    await this.#cluster.metadata.refresh(deadline)
    await this.#transactions?.initialize({ timeoutMs: deadline.remainingMs(), signal: options.signal })
  }

  /** The partitions of a topic and their leaders. */
  async partitionsFor(topic: string, options: WaitOptions = {}): Promise<readonly PartitionMetadata[]> {
    if (this.#closing !== undefined) throw new ClosedError('Producer')
    requireTopicName(topic)
    this.#start()
    const { clock, metadata } = this.#cluster
    const timeoutMs = options.timeoutMs ?? this.options.maxBlockMs
    const deadline = new Deadline(clock, 'partitionsFor', timeoutMs, options.signal)
    await metadata.requireTopics([topic], deadline, this.options)
    return metadata.topic(topic)?.partitions ?? []
  }

  /**
   * Sends what is buffered, then ends. What has no outcome after `timeoutMs` fails with code `CLOSED`. Can be called
   * again; never rejects because of messages.
   * @param options.timeoutMs default: `deliveryTimeoutMs`; 0 fails everything at once
   */
  close(options: { readonly timeoutMs?: number | undefined } = {}): Promise<void> {
    return (this.#closing ??= this.#close(options.timeoutMs ?? this.options.deliveryTimeoutMs))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #flush(deadline: Deadline): Promise<void> {
    const round = new FlushRound()
    for (const batch of this.#sender.batches()) round.add(batch)
    for (const call of this.#admission.calls) round.add(call)
    this.#sender.hurry()
    try {
      await deadline.race(
        round.done,
        () => new TimeoutError('FLUSH_TIMEOUT', `${deadline.what}: messages are still under way`),
      )
    } finally {
      this.#sender.relax()
    }
  }

  #createManager(): TransactionManager | undefined {
    const { transactionalId, transactionTimeoutMs, maxBlockMs } = this.options
    if (transactionalId === undefined) return undefined
    const settings = { transactionalId, transactionTimeoutMs, maxBlockMs }
    return new TransactionManager(this.#cluster, settings, {
      onEnrolled: (queues) => this.#sender.onEnrolled(queues),
      onTransactionFailed: (error) => this.#abortUnsent(error),
    })
  }

  #abortUnsent(error: KafkaError): void {
    this.#admission.failAll(error)
    this.#sender.abortUnsent(error)
  }

  #requireTransactions(): ProducerTransactions {
    if (this.#closing !== undefined) throw new ClosedError('Producer')
    if (this.#transactions === undefined) {
      throw new KafkaError(
        'INVALID_TXN_STATE',
        "This producer has no transactions: make it with the option 'transactionalId'",
      )
    }
    this.#start()
    return this.#transactions
  }

  #take(
    definition: AnyTopic,
    messages: readonly unknown[],
    isSingle: boolean,
    options: SendOptions,
  ): Promise<Receipt | Receipt[]> {
    const terms = this.#terms.of(options)
    if (messages.length === 0) return Promise.resolve([])
    this.#start()
    const topic = this.#topic(definition.name)
    const callTime = this.#cluster.clock.wallTime()
    const call = new SendCall(messages.length, isSingle, terms)
    let taken = 0
    if (topic.partitionCount > 0 && !this.#admission.isBlocked(topic) && !this.#accumulator.isBusy) {
      if (!namesMissingPartition(messages, topic.partitionCount)) {
        taken = this.#accumulator.appendAll(topic, definition, messages, callTime, call)
        if (taken === messages.length) return call.promise
      }
    }
    this.#wait(topic, call, this.#prepareRest(definition, topic, messages, callTime, taken), taken, options)
    return call.promise
  }

  /** The messages from `taken` on as they are now; what is wrong with one of them takes the whole call back. */
  #prepareRest(
    definition: AnyTopic,
    topic: ProducerTopic,
    messages: readonly unknown[],
    callTime: number,
    taken: number,
  ): readonly PreparedMessage[] {
    try {
      const prepared: PreparedMessage[] = []
      for (let i = taken; i < messages.length; i++) {
        const message = prepareMessage(definition, messages[i], callTime, i)
        this.#accumulator.requireSize(topic.name, i, message)
        prepared.push(message)
      }
      return topic.partitionCount > 0 ? this.#accumulator.placeAll(topic, prepared, taken) : prepared
    } catch (error) {
      this.#accumulator.withdraw()
      throw error
    }
  }

  #wait(
    topic: ProducerTopic,
    call: SendCall,
    messages: readonly PreparedMessage[],
    firstIndex: number,
    options: SendOptions,
  ): void {
    const { signal, timeoutMs = this.options.maxBlockMs } = options
    this.#admission.add({ topic, call, messages, firstIndex, timeoutMs, signal })
  }

  #definition(topic: string | AnyTopic): AnyTopic {
    if (typeof topic === 'string') {
      let definition = this.#rawTopics.get(topic)
      if (definition === undefined) this.#rawTopics.set(topic, (definition = rawTopic(topic)))
      return definition
    }
    if (typeof topic?.name === 'string' && topic.key !== undefined && topic.value !== undefined) return topic
    throw new InvalidArgumentError('send takes a topic name or what topic() made as its first argument')
  }

  /** The topic's state, with the newest metadata. */
  #topic(name: string): ProducerTopic {
    let topic = this.#topics.get(name)
    if (topic === undefined) {
      topic = new ProducerTopic(name, this.#spread)
      this.#topics.set(name, topic)
      topic.update(this.#cluster.metadata.topic(name))
    }
    return topic
  }

  #start(): void {
    if (this.#lease !== undefined) return
    this.#lease = this.#cluster.lease()
    this.#stopListening = this.#cluster.metadata.onUpdate(() => this.#onMetadata())
    this.#sender.prepareIdentity()
  }

  #onMetadata(): void {
    for (const topic of this.#topics.values()) topic.update(this.#cluster.metadata.topic(topic.name))
    this.#sender.onMetadata()
  }

  async #close(timeoutMs: number): Promise<void> {
    await this.#transactions?.close(timeoutMs)
    try {
      if (this.#lease !== undefined && timeoutMs > 0) await this.flush({ timeoutMs })
    } catch (error) {
      this.#cluster.logger.warn('The producer was closed with messages under way', {
        error: KafkaError.from(error).message,
      })
    }
    this.#manager?.shutDown(new ClosedError('Producer'))
    this.#admission.close()
    this.#sender.close((batch) =>
      failureOfBatch(batch, new ClosedError('Producer', { cause: batch.lastError })),
    )
    this.#stopListening?.()
    this.#cluster.closeConnections(this.#connection)
    await this.#lease?.release()
  }
}

function namesMissingPartition(messages: readonly unknown[], partitionCount: number): boolean {
  for (const message of messages) {
    const partition = (message as { partition?: unknown } | null | undefined)?.partition
    if (typeof partition === 'number' && partition >= partitionCount) return true
  }
  return false
}

function spreadOptions({ clock, random }: Cluster, options: ResolvedProducerOptions): SpreadOptions {
  const {
    batchSizeBytes,
    lingerMs,
    partitionerAdaptive,
    partitionerAvailabilityTimeoutMs: timeoutMs,
  } = options
  return {
    stickyBytes: batchSizeBytes,
    isAdaptive: partitionerAdaptive,
    random,
    availabilityTimeoutMs: timeoutMs === 0 ? 0 : timeoutMs + lingerMs,
    now: () => clock.now(),
  }
}
