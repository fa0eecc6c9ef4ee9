import {
  type Admin,
  type AssignorName,
  type Consumer as CoreConsumer,
  type ConsumerGroupMetadata,
  type ConsumerOptions,
  ErrorCode,
  type Kafka as CoreKafka,
  type PartitionAssignor,
  type TopicPartition,
} from '../../index'
import { consumerEvents } from '../client/event-names'
import type { Instrumentation } from '../client/instrumentation'
import { failureOfCall, finalError, type RetrySettings } from '../client/retry'
import { protocolError } from '../errors/protocol-error-table'
import { translateError } from '../errors/translate-error'
import type { ConsumerConfig, ConsumerRunConfig } from '../types/consumer'
import type { LocalMember, LocalMembers } from '../group/local-members'
import type { Logger } from '../types/logger'
import type { TopicPartitionOffsetAndMetadata } from '../types/metadata'
import { PartitionAssigners } from './partition-assigners'
import { assignorsOf } from './assignors'
import { BatchFailures } from './batch-failures'
import { BatchRunner, type BatchRunnerHost } from './batch-runner'
import { coreConsumerOptions } from './core-consumer-options'
import { GroupEvents } from './group-events'
import { OffsetCommits } from './offset-commits'
import { keyOf, OffsetLedger } from './offset-ledger'
import type { PausedTopics } from './paused-topics'
import { RestingPartitions } from './resting-partitions'
import type { Subscriptions } from './subscriptions'

/** What a run needs; the consumer keeps it from run to run. */
export interface ConsumerRunParts {
  readonly kafka: CoreKafka
  readonly admin: Admin
  readonly config: ConsumerConfig
  readonly runConfig: ConsumerRunConfig
  readonly subscriptions: Subscriptions
  readonly paused: PausedTopics
  /** Where reading is to begin, by `keyOf` the partition, once it is assigned. */
  readonly seeks: ReadonlyMap<string, bigint>
  readonly retry: RetrySettings
  /** The root, for what KafkaJS says under names of its own. */
  readonly logger: Logger
  readonly instrumentation: Instrumentation
  /** Those that run on the same `Kafka` object, this one among them while it runs. */
  readonly members: LocalMembers
}

/** Most messages of one batch. */
const maxBatchMessages = 10_000

/** One membership in the group: from `run`, or a restart, to `stop` or a crash. */
export class ConsumerRun implements LocalMember {
  /** Resolves when the group has given this member its partitions for the first time. */
  readonly joined: Promise<void>
  /** Resolves when the run is over: with the error of a crash, or undefined after `stop`. */
  readonly ended: Promise<Error | undefined>
  readonly #parts: ConsumerRunParts
  readonly #consumer: CoreConsumer
  readonly #ledger = new OffsetLedger()
  readonly #commits: OffsetCommits
  readonly #failures: BatchFailures
  readonly #resting = new RestingPartitions(() => this.applyPaused())
  readonly #runner: BatchRunner
  readonly #events: GroupEvents
  readonly #seeks = new Map<string, { count: number }>()
  /** Seeks of partitions that are not assigned yet. */
  readonly #waitingSeeks: Map<string, bigint>
  readonly #stopping = new AbortController()
  #crash: Error | undefined
  #onJoined: () => void = () => {}

  constructor(parts: ConsumerRunParts) {
    this.#parts = parts
    this.#waitingSeeks = new Map(parts.seeks)
    this.joined = new Promise((resolve) => (this.#onJoined = resolve))
    this.#events = new GroupEvents({
      ...parts,
      groupId: parts.config.groupId,
      assignment: () => this.#consumer.assignment(),
      isRunning: () => this.isRunning,
      onJoined: () => this.#onJoined(),
    })
    this.#consumer = parts.kafka.consumer(this.#options())
    this.#commits = new OffsetCommits(this.#consumer, this.#ledger, parts.runConfig, (topics) => {
      if (!parts.instrumentation.hasListeners(consumerEvents.COMMIT_OFFSETS)) return
      parts.instrumentation.emit(consumerEvents.COMMIT_OFFSETS, { ...this.#member(), topics })
    })
    this.#failures = new BatchFailures(parts.retry)
    this.#runner = new BatchRunner(this.#host(), parts.runConfig, () =>
      protocolError(ErrorCode.REBALANCE_IN_PROGRESS),
    )
    parts.members.add(this)
    this.ended = this.#run()
  }

  get groupId(): string {
    return this.#parts.config.groupId
  }

  get isRunning(): boolean {
    return !this.#stopping.signal.aborted
  }

  /** Ends after the handlers that run, commits as the run was told, and leaves the group. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    let timer: NodeJS.Timeout | undefined
    // A handler that waits for this waits for itself.
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(() => resolve(this.#consumer.close({ timeoutMs: 0 })), this.#closeTimeoutMs)
    })
    await Promise.race([this.ended, late])
    clearTimeout(timer)
  }

  /** Handlers are waited for as long as a rebalance would wait for them. */
  get #closeTimeoutMs(): number {
    return this.#parts.config.rebalanceTimeout ?? 60_000
  }

  isAssigned({ topic, partition }: TopicPartition): boolean {
    return this.#consumer.assignment().some((one) => one.topic === topic && one.partition === partition)
  }

  groupMetadata(): ConsumerGroupMetadata {
    return this.#consumer.groupMetadata()
  }

  seek(at: TopicPartition, offset: bigint): void {
    const key = keyOf(at)
    this.#seeksOf(at).count++
    this.#forget(at)
    if (this.isAssigned(at)) this.#seekNow(at, offset)
    else this.#waitingSeeks.set(key, offset)
    this.applyPaused()
  }

  /** Brings the assigned partitions in line with what the program has paused, and what rests after a failure. */
  applyPaused(): void {
    const { paused } = this.#parts
    for (const at of this.#consumer.assignment()) {
      if (paused.has(at) || this.#resting.has(at)) this.#consumer.pause([at])
      else this.#consumer.resume([at])
    }
  }

  /** The assigned partitions that the program has paused, in their order. */
  pausedPartitions(): TopicPartition[] {
    const paused = this.#consumer.assignment().filter((at) => this.#parts.paused.has(at))
    return paused.sort((one, other) => one.partition - other.partition)
  }

  /** Commits exactly these. @throws what the coordinator refused, after the retries that the program wants */
  async commit(offsets: readonly TopicPartitionOffsetAndMetadata[]): Promise<void> {
    try {
      await this.#commits.exactly(offsets)
    } catch (error) {
      const failure = failureOfCall(error as Error, this.#parts.retry)
      throw failure === error ? finalError(failure, 0, 0) : failure
    }
  }

  async #run(): Promise<Error | undefined> {
    const { partitionsConsumedConcurrently: concurrency = 1 } = this.#parts.runConfig
    try {
      await this.#consumer.runBatches((batch, context) => this.#runner.run(batch, context), {
        concurrency,
        maxMessages: maxBatchMessages,
        signal: this.#stopping.signal,
      })
    } catch (error) {
      this.#crash ??= failureOfCall(translateError(error), this.#parts.retry)
    }
    this.#stopping.abort()
    this.#resting.endAll()
    // Refused where the partitions are somebody else's already, who then reads once more what was done.
    await this.#commits.automatic().catch(() => {})
    await this.#consumer.close({ timeoutMs: this.#closeTimeoutMs })
    this.#parts.members.remove(this)
    return this.#crash
  }

  #options(): ConsumerOptions<(string | RegExp)[], []> {
    const { config, subscriptions } = this.#parts
    return {
      ...coreConsumerOptions(config, subscriptions),
      ...(config.groupProtocol === 'consumer' ? {} : { assignors: this.#assignors() }),
      events: {
        ...this.#events.listeners,
        recordsPassedOver: (passed) => this.#runner.passedOver(passed),
      },
      onPartitionsAssigned: (partitions) => this.#onAssigned(partitions),
      onPartitionsRevoked: (partitions) => this.#onGone(partitions, true),
      onPartitionsLost: (partitions) => this.#onGone(partitions, false),
    }
  }

  #assignors(): (AssignorName | PartitionAssignor)[] {
    const { config, logger, admin } = this.#parts
    const { groupId, partitionAssigners } = config
    return assignorsOf(
      partitionAssigners ?? [PartitionAssigners.roundRobin],
      { groupId, logger: logger.namespace('Consumer'), admin },
      {
        onAssigned: ({ partitions }, generationId) =>
          this.#events.assigned(partitions, this.#consumer.groupMetadata().memberId, generationId),
      },
    )
  }

  async #onAssigned(partitions: readonly TopicPartition[]): Promise<void> {
    const { subscriptions, paused } = this.#parts
    this.#ledger.restart()
    this.#consumer.pause(partitions.filter((at) => paused.has(at)))
    const unsought = partitions.filter((at) => {
      const offset = this.#waitingSeeks.get(keyOf(at))
      if (offset === undefined) return true
      this.#waitingSeeks.delete(keyOf(at))
      this.#seekNow(at, offset)
      return false
    })
    // The topics begin at different ends, and our own consumer knows one of them only.
    const early = unsought.filter(({ topic }) => subscriptions.startsAtBeginning(topic))
    if (subscriptions.commonStart !== undefined || early.length === 0) return
    for (const { topic, partition, committed } of await this.#consumer.committed(early)) {
      if (committed === null) this.#consumer.seek({ topic, partition }, 'beginning')
    }
  }

  async #onGone(partitions: readonly TopicPartition[], mayCommit: boolean): Promise<void> {
    try {
      if (mayCommit) await this.#commits.automatic()
    } finally {
      for (const at of partitions) this.#forget(at)
    }
  }

  /** The partition was sought, or is given away: what was done and what failed counts no longer. */
  #forget(at: TopicPartition): void {
    this.#ledger.forget(at)
    this.#failures.forget(at)
    this.#resting.end(at)
  }

  #host(): BatchRunnerHost {
    const { paused, logger, instrumentation } = this.#parts
    return {
      ledger: this.#ledger,
      commits: this.#commits,
      failures: this.#failures,
      logger: logger.namespace('Runner'),
      isRunning: () => this.isRunning,
      seeksOf: (at) => this.#seeksOf(at),
      isPaused: (at) => paused.has(at),
      pause: ({ topic, partition }) => this.#pause(topic, partition),
      returnTo: (at, offset) => this.#consumer.seek(at, offset),
      rest: (at, ms) => this.#rest(at, ms),
      batchStarted: (event) => instrumentation.emit(consumerEvents.START_BATCH_PROCESS, event),
      batchEnded: (event) => instrumentation.emit(consumerEvents.END_BATCH_PROCESS, event),
      crash: (error) => {
        this.#crash ??= error
        this.#stopping.abort()
      },
    }
  }

  #rest(at: TopicPartition, ms: number): void {
    if (!this.isRunning || !this.isAssigned(at)) return
    this.#resting.begin(at, ms)
    this.applyPaused()
  }

  #pause(topic: string, partition: number): () => void {
    const set = (isPaused: boolean) => {
      this.#parts.paused.set(topic, [partition], isPaused)
      if (this.isRunning) this.applyPaused()
    }
    set(true)
    return () => set(false)
  }

  #member(): { groupId: string; memberId: string; groupGenerationId: number } {
    const { groupId, memberId, generationId } = this.#consumer.groupMetadata()
    return { groupId, memberId, groupGenerationId: generationId }
  }

  #seeksOf(at: TopicPartition): { count: number } {
    const key = keyOf(at)
    const seeks = this.#seeks.get(key) ?? { count: 0 }
    this.#seeks.set(key, seeks)
    return seeks
  }

  #seekNow(at: TopicPartition, offset: bigint): void {
    this.#consumer.seek(at, offset === -1n ? 'end' : offset === -2n ? 'beginning' : offset)
  }
}
