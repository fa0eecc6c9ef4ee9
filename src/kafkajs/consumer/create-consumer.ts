import { type ClientSettings, coreOptions } from '../client/core-options'
import { consumerEvents } from '../client/event-names'
import { Instrumentation } from '../client/instrumentation'
import { Lifecycle } from '../client/lifecycle'
import { requestListeners } from '../client/request-events'
import { resolveRetry, type RetrySettings, withRetries } from '../client/retry'
import { describeGroup } from '../group/describe-group'
import { translateError } from '../errors/translate-error'
import type { KafkaConfig } from '../types/config'
import type { Consumer, ConsumerConfig, ConsumerRunConfig } from '../types/consumer'
import type { Logger } from '../types/logger'
import type { TopicPartitions } from '../types/metadata'
import {
  requireCommits,
  requireConsumerConfig,
  requireRunning,
  requireSeek,
  requireSubscription,
  requireTopicSelection,
} from './consumer-checks'
import { ConsumerRun } from './consumer-run'
import { ConsumerSession } from './consumer-session'
import { restartDelayMs, shouldRestart } from './crash-restart'
import { PausedTopics } from './paused-topics'
import { Subscriptions } from './subscriptions'
import { translateConnectError } from '../client/sasl-failure'

/** Makes a consumer of KafkaJS: an object whose methods are its own, need no `this`, and may be replaced. */
export function createConsumer(kafka: KafkaConfig, config: ConsumerConfig, root: Logger): Consumer {
  requireConsumerConfig(config)
  const control = new ConsumerControl(kafka, config, root.namespace('Consumer'))
  const { instrumentation } = control
  return {
    connect: () => control.connect(),
    disconnect: () => control.disconnect(),
    subscribe: async (subscription) => {
      const topics = requireSubscription(subscription, control.current !== undefined)
      control.subscriptions.add(topics, subscription.fromBeginning ?? false)
    },
    stop: () => control.stop(),
    run: (runConfig = {}) => control.run(runConfig),
    commitOffsets: async (topicPartitions = []) => {
      requireCommits(topicPartitions)
      await requireRunning(control.current).commit(topicPartitions)
    },
    seek: (target) => {
      const offset = requireSeek(target)
      const { topic, partition } = target
      requireRunning(control.current).seek({ topic, partition: Number(partition) }, offset)
    },
    describeGroup: async () => {
      const { admin } = await control.session()
      try {
        const [group] = await admin.describeGroups([config.groupId])
        return describeGroup(group as Parameters<typeof describeGroup>[0])
      } catch (error) {
        throw translateError(error)
      }
    },
    pause: (topics = []) => {
      requireTopicSelection('pause', topics)
      setPaused(control, topics, true)
    },
    resume: (topics = []) => {
      requireTopicSelection('resume', topics)
      setPaused(control, topics, false)
    },
    paused: () => {
      const byTopic = new Map<string, TopicPartitions>()
      for (const { topic, partition } of control.current?.pausedPartitions() ?? []) {
        const known = byTopic.get(topic) ?? { topic, partitions: [] }
        byTopic.set(topic, known)
        known.partitions.push(partition)
      }
      return [...byTopic.values()]
    },
    on: instrumentation.on.bind(instrumentation) as Consumer['on'],
    logger: () => control.logger,
    events: consumerEvents,
  }
}

function setPaused(
  control: ConsumerControl,
  topics: readonly { topic: string; partitions?: number[] }[],
  isPaused: boolean,
): void {
  const run = requireRunning(control.current)
  for (const { topic, partitions } of topics) control.paused.set(topic, partitions, isPaused)
  run.applyPaused()
}

/** What connects, runs, crashes, starts again and stops. */
class ConsumerControl {
  readonly logger: Logger
  readonly instrumentation: Instrumentation
  readonly subscriptions = new Subscriptions()
  readonly paused = new PausedTopics()
  readonly #config: ConsumerConfig
  readonly #retry: RetrySettings
  readonly #lifecycle: Lifecycle<ConsumerSession>
  #run: ConsumerRun | undefined
  #stopping: Promise<void> | undefined
  #restart: NodeJS.Timeout | undefined

  constructor(kafka: KafkaConfig, config: ConsumerConfig, logger: Logger) {
    this.logger = logger
    this.#config = config
    this.#retry = resolveRetry(kafka.retry, config.retry)
    this.instrumentation = new Instrumentation('consumer', consumerEvents, logger)
    const events = requestListeners(this.instrumentation, consumerEvents)
    const settings = { retry: this.#retry, logger, events }
    this.#lifecycle = new Lifecycle(() => openSession(kafka, config, settings))
  }

  /** The membership that is there; undefined before `run`, after `stop`, and between a crash and its restart. */
  get current(): ConsumerRun | undefined {
    return this.#run
  }

  async session(): Promise<ConsumerSession> {
    return await this.#lifecycle.connect()
  }

  async connect(): Promise<void> {
    await this.#lifecycle.connect()
    this.instrumentation.emit(consumerEvents.CONNECT)
  }

  /** Resolves once the group has given out its partitions. */
  async run(runConfig: ConsumerRunConfig): Promise<void> {
    if (this.#run !== undefined) {
      this.logger.warn('consumer#run was called, but the consumer is already running', {
        groupId: this.#config.groupId,
      })
      return
    }
    this.logger.info('Starting', { groupId: this.#config.groupId })
    await this.#start(runConfig)
  }

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
    let run: ConsumerRun
    try {
      const { kafka } = await this.#lifecycle.connect()
      run = this.#run = new ConsumerRun({
        kafka,
        config: this.#config,
        runConfig,
        subscriptions: this.subscriptions,
        paused: this.paused,
        retry: this.#retry,
        logger: this.logger,
        instrumentation: this.instrumentation,
      })
    } catch (error) {
      return await this.#crashed(translateError(error), runConfig)
    }
    this.instrumentation.emit(consumerEvents.CONNECT)
    void this.#watch(run, runConfig)
    await run.joined
  }

  async #watch(run: ConsumerRun, runConfig: ConsumerRunConfig): Promise<void> {
    const error = await run.ended
    if (error === undefined || this.#run !== run) return
    this.#run = undefined
    await this.#crashed(error, runConfig)
  }

  async #crashed(error: Error, runConfig: ConsumerRunConfig): Promise<void> {
    const { groupId } = this.#config
    const { retryCount } = error as { retryCount?: number }
    this.logger.error(`Crash: ${error.name}: ${error.message}`, { groupId, retryCount, stack: error.stack })
    await this.#lifecycle.disconnect()
    this.instrumentation.emit(consumerEvents.DISCONNECT)
    const restart = await shouldRestart(error, this.#retry)
    this.instrumentation.emit(consumerEvents.CRASH, { error, groupId, restart })
    if (!restart || this.#stopping !== undefined) return
    const retryTime = restartDelayMs(error, this.#retry)
    this.logger.error(`Restarting the consumer in ${retryTime}ms`, { retryCount, retryTime, groupId })
    this.#restart = setTimeout(() => {
      this.#restart = undefined
      void this.#start(runConfig)
    }, retryTime)
  }

  async #stop(): Promise<void> {
    const run = this.#run
    clearTimeout(this.#restart)
    this.#restart = undefined
    try {
      await run?.stop()
      if (run !== undefined) this.instrumentation.emit(consumerEvents.STOP)
    } finally {
      this.#run = undefined
      this.#stopping = undefined
    }
  }
}

async function openSession(
  kafka: KafkaConfig,
  config: ConsumerConfig,
  settings: ClientSettings,
): Promise<ConsumerSession> {
  const { metadataMaxAge, maxInFlightRequests } = config
  return await withRetries(settings.retry, async () => {
    const session = new ConsumerSession(
      await coreOptions(kafka, { ...settings, metadataMaxAge, maxInFlightRequests }),
    )
    try {
      await session.admin.connect()
      return session
    } catch (error) {
      await session.close()
      throw translateConnectError(error, kafka.sasl)
    }
  })
}
