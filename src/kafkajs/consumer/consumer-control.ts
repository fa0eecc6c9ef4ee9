import type { Admin, TopicPartition } from '../../index'
import { consumerEvents } from '../client/event-names'
import { Instrumentation } from '../client/instrumentation'
import { Lifecycle } from '../client/lifecycle'
import { openSession } from '../client/open-session'
import { requestListeners } from '../client/request-events'
import { resolveRetry, type RetrySettings } from '../client/retry'
import { translateError } from '../errors/translate-error'
import type { LocalMembers } from '../group/local-members'
import type { KafkaConfig } from '../types/config'
import type { ConsumerConfig, ConsumerRunConfig } from '../types/consumer'
import type { Logger } from '../types/logger'
import { unusedSettings } from './consumer-checks'
import { ConsumerRun } from './consumer-run'
import { ConsumerSession } from './consumer-session'
import { restartDelayMs, shouldRestart } from './crash-restart'
import { keyOf } from './offset-ledger'
import { PausedTopics } from './paused-topics'
import { Subscriptions } from './subscriptions'

/**
 * What connects, runs, crashes, starts again and stops.
 *
 *     idle ── run ──▶ started ── stop ──▶ idle
 *                       │ ▲
 *                 crash ▼ │ after a pause
 *                      idle
 */
export class ConsumerControl {
  readonly logger: Logger
  readonly instrumentation: Instrumentation
  readonly subscriptions = new Subscriptions()
  readonly #root: Logger
  readonly #members: LocalMembers
  readonly #config: ConsumerConfig
  readonly #retry: RetrySettings
  readonly #lifecycle: Lifecycle<ConsumerSession>
  readonly #paused = new PausedTopics()
  /** Seeks from before there is a membership: programs need not wait for `run`. */
  readonly #earlySeeks = new Map<string, bigint>()
  #isStarted = false
  #run: ConsumerRun | undefined
  /** Counts what the program asked for: what began before its last `run` or `stop` counts no longer. */
  #epoch = 0
  #stopping: Promise<void> | undefined
  #restart: NodeJS.Timeout | undefined

  /**
   * @param root the logger of the `Kafka` object
   * @param members those that run on it
   */
  constructor(kafka: KafkaConfig, config: ConsumerConfig, root: Logger, members: LocalMembers) {
    this.#root = root
    this.#members = members
    this.logger = root.namespace('Consumer')
    this.#config = config
    this.#retry = resolveRetry(kafka.retry, config.retry)
    const unused = unusedSettings(config)
    if (unused.length > 0) {
      const { groupId } = config
      this.logger.warn('With groupProtocol "consumer" the broker decides this', { groupId, unused })
    }
    this.instrumentation = new Instrumentation('consumer', consumerEvents, this.logger)
    const events = requestListeners(this.instrumentation, consumerEvents)
    const { metadataMaxAge, maxInFlightRequests } = config
    const settings = { retry: this.#retry, logger: this.logger, events, metadataMaxAge, maxInFlightRequests }
    this.#lifecycle = new Lifecycle(() =>
      openSession(kafka, settings, (options) => new ConsumerSession(options)),
    )
  }

  /** True from `run` to the end of `stop`, but not between a crash and its restart. */
  get isStarted(): boolean {
    return this.#isStarted
  }

  /** The membership; undefined unless started, and while a start connects. */
  get current(): ConsumerRun | undefined {
    return this.#run
  }

  /** Null before brokers have told. */
  get clusterId(): string | null {
    return this.#lifecycle.session?.clusterId ?? null
  }

  /** Asks our own admin, connecting first where needed. */
  async askAdmin<Result>(ask: (admin: Admin) => Promise<Result>): Promise<Result> {
    const { admin } = await this.#lifecycle.connect()
    try {
      return await ask(admin)
    } catch (error) {
      throw translateError(error)
    }
  }

  async connect(): Promise<void> {
    await this.#lifecycle.connect()
    this.instrumentation.emit(consumerEvents.CONNECT)
  }

  /** Resolves once the group has given out its partitions, or the start has failed and that was told as a crash. */
  async run(runConfig: ConsumerRunConfig): Promise<void> {
    if (this.#isStarted) {
      this.logger.warn('consumer#run was called, but the consumer is already running', {
        groupId: this.#config.groupId,
      })
      return
    }
    this.#epoch++
    this.#cancelRestart()
    await this.#start({ ...runConfig })
  }

  seek(at: TopicPartition, offset: bigint): void {
    if (this.#run === undefined) this.#earlySeeks.set(keyOf(at), offset)
    else this.#run.seek(at, offset)
  }

  /** Topics as a whole, or some of their partitions. */
  setPaused(topics: readonly { topic: string; partitions?: number[] }[], isPaused: boolean): void {
    for (const { topic, partitions } of topics) this.#paused.set(topic, partitions, isPaused)
    this.#run?.applyPaused()
  }

  /** Calls that overlap share one stop. */
  async stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    await this.#stopping
  }

  async disconnect(): Promise<void> {
    await this.stop()
    await this.#lifecycle.disconnect()
    this.instrumentation.emit(consumerEvents.DISCONNECT)
  }

  async #start(runConfig: ConsumerRunConfig): Promise<void> {
    const epoch = this.#epoch
    this.#isStarted = true
    this.logger.info('Starting', { groupId: this.#config.groupId })
    let run: ConsumerRun
    try {
      const { kafka, admin } = await this.#lifecycle.connect()
      if (epoch !== this.#epoch) return
      run = this.#run = new ConsumerRun({
        kafka,
        admin,
        config: this.#config,
        runConfig,
        subscriptions: this.subscriptions,
        paused: this.#paused,
        seeks: new Map(this.#earlySeeks),
        retry: this.#retry,
        logger: this.#root,
        instrumentation: this.instrumentation,
        members: this.#members,
      })
      this.#earlySeeks.clear()
    } catch (error) {
      if (epoch === this.#epoch) await this.#crashed(translateError(error), runConfig)
      return
    }
    this.instrumentation.emit(consumerEvents.CONNECT)
    await Promise.race([run.joined, this.#watch(run, runConfig)])
  }

  async #watch(run: ConsumerRun, runConfig: ConsumerRunConfig): Promise<void> {
    const epoch = this.#epoch
    const error = await run.ended
    if (error !== undefined && epoch === this.#epoch) await this.#crashed(error, runConfig)
  }

  /** What it had paused stays so: the program has not asked for anything else. */
  async #crashed(error: Error, runConfig: ConsumerRunConfig): Promise<void> {
    const epoch = this.#epoch
    const { groupId } = this.#config
    const { retryCount } = error as { retryCount?: number }
    this.logger.error(`Crash: ${error.name}: ${error.message}`, { groupId, retryCount, stack: error.stack })
    this.#run = undefined
    this.#isStarted = false
    this.instrumentation.emit(consumerEvents.STOP)
    await this.#lifecycle.disconnect()
    this.instrumentation.emit(consumerEvents.DISCONNECT)
    const restart = await shouldRestart(error, this.#retry, (message, details) =>
      this.logger.error(message, { ...details, groupId }),
    )
    this.instrumentation.emit(consumerEvents.CRASH, { error, groupId, restart })
    if (!restart || epoch !== this.#epoch) return
    const retryTime = restartDelayMs(error, this.#retry)
    this.logger.error(`Restarting the consumer in ${retryTime}ms`, { retryCount, retryTime, groupId })
    this.#restart = setTimeout(() => {
      this.#restart = undefined
      void this.#start(runConfig)
    }, retryTime)
  }

  async #stop(): Promise<void> {
    const wasStarted = this.#isStarted
    this.#epoch++
    this.#cancelRestart()
    try {
      await this.#run?.stop()
    } finally {
      this.#run = undefined
      this.#isStarted = false
      this.#stopping = undefined
      this.#paused.clear()
      this.#earlySeeks.clear()
    }
    if (wasStarted) this.instrumentation.emit(consumerEvents.STOP)
    this.logger.info('Stopped', { groupId: this.#config.groupId })
  }

  #cancelRestart(): void {
    clearTimeout(this.#restart)
    this.#restart = undefined
  }
}
