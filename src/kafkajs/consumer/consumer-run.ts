import {
  type Consumer as CoreConsumer,
  type ConsumerOptions,
  ErrorCode,
  type Kafka as CoreKafka,
  type TopicPartition,
} from '../../index'
import { consumerEvents } from '../client/event-names'
import type { Instrumentation } from '../client/instrumentation'
import { failureOfCall, type RetrySettings } from '../client/retry'
import { protocolError } from '../errors/protocol-error-table'
import { translateError } from '../errors/translate-error'
import type { ConsumerConfig, ConsumerRunConfig } from '../types/consumer'
import type { Logger } from '../types/logger'
import type { Offsets, TopicPartitionOffsetAndMetadata } from '../types/metadata'
import { PartitionAssigners } from './round-robin-assigner'
import { assignorsOf } from './assignors'
import { BatchRunner } from './batch-runner'
import { coreConsumerOptions } from './core-consumer-options'
import { keyOf, OffsetLedger } from './offset-ledger'
import type { PausedTopics } from './paused-topics'
import type { Subscriptions } from './subscriptions'

/** What a run needs; the consumer keeps it from run to run. */
export interface ConsumerRunParts {
  readonly kafka: CoreKafka
  readonly config: ConsumerConfig
  readonly runConfig: ConsumerRunConfig
  readonly subscriptions: Subscriptions
  readonly paused: PausedTopics
  readonly retry: RetrySettings
  readonly logger: Logger
  readonly instrumentation: Instrumentation
}

/** Most messages of one batch. */
const maxBatchMessages = 10_000

/** One membership in the group: from `run`, or a restart, to `stop` or a crash. */
export class ConsumerRun {
  /** Resolves when the group has given this member its partitions for the first time, or the run is over. */
  readonly joined: Promise<void>
  /** Resolves when the run is over: with the error of a crash, or undefined after `stop`. */
  readonly ended: Promise<Error | undefined>
  readonly #parts: ConsumerRunParts
  readonly #consumer: CoreConsumer
  readonly #ledger = new OffsetLedger()
  readonly #runner: BatchRunner
  readonly #seeks = new Map<string, { count: number }>()
  /** Seeks of partitions that are not assigned yet. */
  readonly #waitingSeeks = new Map<string, bigint>()
  readonly #stopping = new AbortController()
  #crash: Error | undefined
  #joinStartedAt = Date.now()
  #isLeader = false
  #lastHeartbeatAt = 0
  #onJoined: () => void = () => {}

  constructor(parts: ConsumerRunParts) {
    this.#parts = parts
    this.joined = new Promise((resolve) => (this.#onJoined = resolve))
    this.#runner = new BatchRunner(this.#host(), parts.runConfig, () =>
      protocolError(ErrorCode.REBALANCE_IN_PROGRESS),
    )
    this.#consumer = parts.kafka.consumer(this.#options())
    this.ended = this.#run()
  }

  get isRunning(): boolean {
    return !this.#stopping.signal.aborted
  }

  /** Ends after the handlers that run, commits as the run was told, and leaves the group. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#consumer.close({ timeoutMs: this.#parts.config.rebalanceTimeout ?? 60_000 })
    await this.ended
  }

  seek(at: TopicPartition, offset: bigint): void {
    const key = keyOf(at)
    this.#seeksOf(at).count++
    this.#ledger.forget(at)
    if (this.#isAssigned(at)) this.#seekNow(at, offset)
    else this.#waitingSeeks.set(key, offset)
  }

  /** Brings the assigned partitions in line with what the program has paused. */
  applyPaused(): void {
    const { paused } = this.#parts
    for (const at of this.#consumer.assignment()) {
      if (paused.has(at)) this.#consumer.pause([at])
      else this.#consumer.resume([at])
    }
  }

  /** The assigned partitions that are paused. */
  pausedPartitions(): TopicPartition[] {
    return this.#consumer.paused()
  }

  /** Commits exactly these. @throws what the coordinator refused */
  async commit(offsets: readonly TopicPartitionOffsetAndMetadata[]): Promise<void> {
    const { instrumentation } = this.#parts
    const topics: Offsets['topics'] = []
    for (const { topic, partition, offset } of offsets) {
      const known = topics.find((one) => one.topic === topic)
      if (known === undefined) topics.push({ topic, partitions: [{ partition, offset }] })
      else known.partitions.push({ partition, offset })
    }
    try {
      await this.#consumer.commit(
        offsets.map(({ topic, partition, offset, metadata }) => ({
          topic,
          partition: Number(partition),
          offset: BigInt(offset),
          metadata: metadata ?? undefined,
        })),
      )
    } catch (error) {
      throw failureOfCall(translateError(error), this.#parts.retry)
    }
    this.#ledger.committed({ topics })
    if (instrumentation.hasListeners(consumerEvents.COMMIT_OFFSETS)) {
      instrumentation.emit(consumerEvents.COMMIT_OFFSETS, { ...this.#member(), topics })
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
    await this.#consumer.close()
    this.#onJoined()
    return this.#crash
  }

  #options(): ConsumerOptions<(string | RegExp)[], []> {
    const { config, subscriptions, logger } = this.#parts
    const { groupId, partitionAssigners = [PartitionAssigners.roundRobin] } = config
    const assignors = assignorsOf(
      partitionAssigners,
      { groupId, logger },
      {
        onLead: () => (this.#isLeader = true),
        onAssigned: (protocol, { partitions }) => this.#assigned(protocol, partitions),
      },
    )
    return {
      ...coreConsumerOptions(config, subscriptions),
      assignors,
      onPartitionsAssigned: (partitions) => this.#onAssigned(partitions),
      onPartitionsRevoked: (partitions) => this.#onGone(partitions, true),
      onPartitionsLost: (partitions) => this.#onGone(partitions, false),
    }
  }

  #assigned(groupProtocol: string, partitions: readonly TopicPartition[]): void {
    const { instrumentation } = this.#parts
    const isLeader = this.#isLeader
    this.#isLeader = false
    this.#onJoined()
    if (!instrumentation.hasListeners(consumerEvents.GROUP_JOIN)) return
    const memberAssignment: Record<string, number[]> = {}
    for (const { topic, partition } of partitions) (memberAssignment[topic] ??= []).push(partition)
    const { groupId, memberId } = this.#member()
    instrumentation.emit(consumerEvents.GROUP_JOIN, {
      groupId,
      memberId,
      leaderId: isLeader ? memberId : '',
      isLeader,
      memberAssignment,
      groupProtocol,
      duration: Date.now() - this.#joinStartedAt,
    })
  }

  async #onAssigned(partitions: readonly TopicPartition[]): Promise<void> {
    const { subscriptions, paused } = this.#parts
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
    this.#joinStartedAt = Date.now()
    if (this.isRunning) {
      const { groupId, memberId } = this.#member()
      this.#parts.instrumentation.emit(consumerEvents.REBALANCING, { groupId, memberId })
    }
    if (mayCommit) await this.#autoCommit()
    for (const at of partitions) this.#ledger.forget(at)
  }

  #host() {
    const { paused, logger, retry, instrumentation, runConfig } = this.#parts
    const { autoCommitInterval = null, autoCommitThreshold = null } = runConfig
    return {
      ledger: this.#ledger,
      logger,
      retry,
      isRunning: () => this.isRunning,
      pauseFor: (ms: number) => this.#pauseFor(ms),
      seeksOf: (at: TopicPartition) => this.#seeksOf(at),
      isPaused: (at: TopicPartition) => paused.has(at),
      pause: ({ topic, partition }: TopicPartition) => this.#pause(topic, partition),
      returnTo: (at: TopicPartition, offset: bigint) => this.#consumer.seek(at, offset),
      heartbeat: () => this.#heartbeat(),
      commit: (offsets?: Offsets) => this.#commitTopics(offsets ?? this.#ledger.uncommitted()),
      isCommitDue: () => this.#ledger.isCommitDue(autoCommitInterval, autoCommitThreshold),
      autoCommit: () => this.#autoCommit(),
      batchStarted: (event: object) => instrumentation.emit(consumerEvents.START_BATCH_PROCESS, event),
      batchEnded: (event: object) => instrumentation.emit(consumerEvents.END_BATCH_PROCESS, event),
      crash: (error: Error) => {
        this.#crash ??= error
        this.#stopping.abort()
      },
    }
  }

  async #autoCommit(): Promise<void> {
    if (this.#parts.runConfig.autoCommit === false) return
    await this.#commitTopics(this.#ledger.uncommitted())
  }

  async #commitTopics({ topics }: Offsets): Promise<void> {
    const offsets = topics.flatMap(({ topic, partitions }) =>
      partitions.map(({ partition, offset }) => ({ topic, partition, offset })),
    )
    if (offsets.length > 0) await this.commit(offsets)
  }

  #pause(topic: string, partition: number): () => void {
    const set = (isPaused: boolean) => {
      this.#parts.paused.set(topic, [partition], isPaused)
      if (this.isRunning) this.applyPaused()
    }
    set(true)
    return () => set(false)
  }

  /** Tells of a heartbeat, at most once an interval. */
  #heartbeat(): void {
    const { instrumentation, config } = this.#parts
    if (!instrumentation.hasListeners(consumerEvents.HEARTBEAT)) return
    const now = Date.now()
    if (now < this.#lastHeartbeatAt + (config.heartbeatInterval ?? 3000)) return
    this.#lastHeartbeatAt = now
    instrumentation.emit(consumerEvents.HEARTBEAT, this.#member())
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

  #isAssigned({ topic, partition }: TopicPartition): boolean {
    return this.#consumer.assignment().some((one) => one.topic === topic && one.partition === partition)
  }

  #seekNow(at: TopicPartition, offset: bigint): void {
    this.#consumer.seek(at, offset === -1n ? 'end' : offset === -2n ? 'beginning' : offset)
  }

  #pauseFor(ms: number): Promise<void> {
    const { signal } = this.#stopping
    return new Promise((resolve) => {
      const finish = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', finish)
        resolve()
      }
      const timer = setTimeout(finish, ms)
      signal.addEventListener('abort', finish)
    })
  }
}
