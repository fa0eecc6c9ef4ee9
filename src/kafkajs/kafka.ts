import { createAdmin } from './admin/create-admin'
import { createConsumer } from './consumer/create-consumer'
import { logLevel } from './enums'
import { consoleLogCreator, createLogger } from './client/logger'
import { createProducer } from './producer/create-producer'
import { LocalMembers } from './group/local-members'
import type { Admin, AdminConfig } from './types/admin'
import type { KafkaConfig } from './types/config'
import type { Consumer, ConsumerConfig } from './types/consumer'
import type { Logger } from './types/logger'
import type { Producer, ProducerConfig } from './types/producer'
import { isMissing } from './is-missing'

interface KafkaState {
  readonly config: KafkaConfig
  readonly logger: Logger
  readonly members: LocalMembers
}

// A property rather than a private field: objects that stand for a `Kafka` (proxies, `Object.create`) have to work.
const stateKey = Symbol('typed-kafka.kafkajs.state')

function stateOf(kafka: Kafka): KafkaState {
  return Reflect.get(kafka, stateKey) as KafkaState
}

let warnedOfPartitioner = false

function warnOfPartitioner(logger: Logger): void {
  if (warnedOfPartitioner) return
  warnedOfPartitioner = true
  if (!isMissing(process.env['KAFKAJS_NO_PARTITIONER_WARNING'])) return
  logger.warn(
    'Messages with a key go where the Java client puts them, as in KafkaJS since 2.0.0. Topics that were filled by an older KafkaJS keep their keys together only with createPartitioner: Partitioners.LegacyPartitioner. Set the environment variable "KAFKAJS_NO_PARTITIONER_WARNING=1" to silence this warning',
  )
}

/**
 * KafkaJS's entry: where the cluster is, and what makes its clients. Each client has its own connections. It may be
 * extended, and its methods replaced.
 */
export class Kafka {
  constructor(config: KafkaConfig) {
    const { logLevel: level = logLevel.INFO, logCreator = consoleLogCreator } = config
    const logger = createLogger(level, logCreator)
    const state: KafkaState = { config, logger, members: new LocalMembers() }
    Object.defineProperty(this, stateKey, { value: state })
  }

  /** A client that sends messages. */
  producer(config: ProducerConfig = {}): Producer {
    const { config: kafka, logger, members } = stateOf(this)
    if (isMissing(config.createPartitioner)) warnOfPartitioner(logger)
    return createProducer(kafka, config, logger, members)
  }

  /** A client that reads messages as a member of a group. @throws KafkaJSNonRetriableError without a `groupId` */
  consumer(config: ConsumerConfig): Consumer {
    const { config: kafka, logger, members } = stateOf(this)
    return createConsumer(kafka, config ?? {}, logger, members)
  }

  /** A client that manages topics, configs, groups and offsets. */
  admin(config: AdminConfig = {}): Admin {
    const { config: kafka, logger } = stateOf(this)
    return createAdmin(kafka, config, logger)
  }

  /** The root logger. */
  logger(): Logger {
    return stateOf(this).logger
  }
}
