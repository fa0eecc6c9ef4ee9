import type { Release } from '../contracts/release'
import type { LogConfig } from '../contracts/partition-log'
import { BrokerLoggers } from './broker-loggers'
import { brokerConfigs, groupConfigs, topicConfigs, type ConfigDefinition } from './config-definition'
import { ConfigDescriber } from './config-describer'
import { ConfigResourceType, type ConfigStore } from '../contracts/config-store'
import { listOf } from './config-value'
import type { DescribedConfig } from '../contracts/described-config'
import { DynamicConfigs } from './dynamic-configs'
import { staticBrokerConfigs } from './static-broker-configs'
import { checkTopicConfigs } from './topic-config-checks'

/** What the cluster's configs are made of. */
export interface ClusterConfigsOptions {
  /** Bounds the replication factors of internal topics. */
  readonly brokerCount: number
  /** What would stand in server.properties. */
  readonly configs?: Readonly<Record<string, string>>
  /** Its features decide what a formatted cluster has set. Default: none of them. */
  readonly release?: Release
}

/**
 * All configs of the cluster: what was set at run time over what the brokers were started with over Kafka's defaults.
 * Effective values are remembered until anything changes, since logs read them for each batch.
 */
export class ClusterConfigs implements ConfigStore {
  /** What brokers were started with: the user's, and what suits tests. */
  readonly static: ReadonlyMap<string, string>
  /** What was set at run time. */
  readonly dynamic = new DynamicConfigs()
  /** Tells configs with their sources. */
  readonly describer = new ConfigDescriber(this)
  readonly #remembered = new Map<string, string>()
  /** Defaults that the newest release changed. */
  readonly #olderDefaults: ReadonlyMap<string, string>
  readonly #loggers = new Map<number, BrokerLoggers>()
  readonly #logs = new Map<string, LogConfig>()
  readonly #listeners = new Set<(type: number, name: string) => void>()

  /** @throws InvalidOptionError for configs that Kafka's brokers do not know, or values that they refuse */
  constructor({ brokerCount, configs = {}, release }: ClusterConfigsOptions) {
    this.static = staticBrokerConfigs(brokerCount, configs)
    this.#olderDefaults = Number.parseInt(release?.name ?? '4', 10) < 4 ? defaultsBefore4 : none
    const eligibleLeaders = release?.features.get('eligible.leader.replicas.version')
    if ((eligibleLeaders?.finalized ?? 0) > 0) {
      // The controller writes it when it enables eligible leader replicas (KIP-966), for all brokers alike.
      const minInSync = this.brokerValue('min.insync.replicas') ?? '1'
      this.dynamic.replace(ConfigResourceType.broker, '', new Map([['min.insync.replicas', minInSync]]))
    }
  }

  topic(topic: string, name: string): string {
    return this.#remember(`t ${name} ${topic}`, () => {
      const own = this.dynamic.of(ConfigResourceType.topic, topic).get(name)
      return own ?? this.topicDefault(name)
    })
  }

  /** The value of a topic's config that it did not set itself, as one broker sees it or all do. */
  topicDefault(name: string, brokerId?: number): string {
    const definition = topicConfigs.get(name)
    return this.#fallback(definition, brokerId) ?? definition?.defaultValue ?? ''
  }

  broker(name: string, brokerId?: number): string {
    return this.#remember(`b ${name} ${brokerId ?? ''}`, () => this.brokerValue(name, brokerId) ?? '')
  }

  /** As `broker`, with null for what is not set and has no default. */
  brokerValue(name: string, brokerId?: number): string | null {
    if (brokerId !== undefined && (name === 'node.id' || name === 'broker.id')) return String(brokerId)
    const own =
      brokerId === undefined
        ? undefined
        : this.dynamic.of(ConfigResourceType.broker, String(brokerId)).get(name)
    const clusterWide = this.dynamic.of(ConfigResourceType.broker, '').get(name)
    return own ?? clusterWide ?? this.static.get(name) ?? this.brokerDefault(name)
  }

  /** Kafka's default of a broker's config; null when there is none. */
  brokerDefault(name: string): string | null {
    return this.#olderDefaults.get(name) ?? brokerConfigs.get(name)?.defaultValue ?? null
  }

  group(groupId: string, name: string): string {
    return this.#remember(`g ${name} ${groupId}`, () => {
      const own = this.dynamic.of(ConfigResourceType.group, groupId).get(name)
      return own ?? this.groupDefault(name)
    })
  }

  /** The value of a group's config that was not set for it. */
  groupDefault(name: string, brokerId?: number): string {
    const definition = groupConfigs.get(name)
    return this.#fallback(definition, brokerId) ?? definition?.defaultValue ?? ''
  }

  topicNumber(topic: string, name: string): number {
    return Number(this.topic(topic, name))
  }

  brokerNumber(name: string, brokerId?: number): number {
    return Number(this.broker(name, brokerId))
  }

  groupNumber(groupId: string, name: string): number {
    return Number(this.group(groupId, name))
  }

  log(topic: string): LogConfig {
    const known = this.#logs.get(topic)
    if (known !== undefined) return known
    const config = this.#logConfig(topic)
    this.#logs.set(topic, config)
    return config
  }

  forgetTopic(topic: string): void {
    this.replace(ConfigResourceType.topic, topic, new Map())
  }

  setTopic(topic: string, configs: Readonly<Record<string, string | null>>): void {
    this.replace(ConfigResourceType.topic, topic, this.checkedTopic(configs))
  }

  /** Checks the configs of a topic without setting them. @throws INVALID_CONFIG */
  checkedTopic(configs: Readonly<Record<string, string | null>>): Map<string, string> {
    return checkTopicConfigs(configs, (name) => this.topicDefault(name))
  }

  describeTopic(own: ReadonlyMap<string, string>): DescribedConfig[] {
    return this.describer.topicWith(own)
  }

  /** Replaces all that was set for a resource; the values were checked. */
  replace(type: number, name: string, configs: ReadonlyMap<string, string>): void {
    this.dynamic.replace(type, name, configs)
    this.#remembered.clear()
    this.#logs.clear()
    for (const listener of [...this.#listeners]) listener(type, name)
  }

  /** The log levels of a broker. */
  loggers(brokerId: number): BrokerLoggers {
    const known = this.#loggers.get(brokerId) ?? new BrokerLoggers()
    this.#loggers.set(brokerId, known)
    return known
  }

  /** Calls back after each change, with the type and the name of the resource. */
  watch(listener: (type: number, name: string) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** The first of the broker configs behind a config that has a value. */
  #fallback(definition: ConfigDefinition | undefined, brokerId?: number): string | undefined {
    for (const { name, factor } of definition?.synonyms ?? []) {
      const value = this.brokerValue(name, brokerId)
      if (value === null) continue
      if (factor === 1) return value
      return Number(value) < 0 ? '-1' : String(BigInt(value) * BigInt(factor))
    }
    return undefined
  }

  #remember(key: string, find: () => string): string {
    const known = this.#remembered.get(key)
    if (known !== undefined) return known
    // Names of topics and groups come from clients: what they ask for must not fill the memory.
    if (this.#remembered.size >= mostRemembered) this.#remembered.clear()
    const value = find()
    this.#remembered.set(key, value)
    return value
  }

  #logConfig(topic: string): LogConfig {
    const number = (name: string): number => this.topicNumber(topic, name)
    return {
      maxMessageBytes: number('max.message.bytes'),
      messageTimestampType:
        this.topic(topic, 'message.timestamp.type') === 'LogAppendTime' ? 'LogAppendTime' : 'CreateTime',
      messageTimestampBeforeMaxMs: number('message.timestamp.before.max.ms'),
      messageTimestampAfterMaxMs: number('message.timestamp.after.max.ms'),
      compressionType: this.topic(topic, 'compression.type'),
      cleanupPolicy: listOf(this.topic(topic, 'cleanup.policy')).filter(
        (policy) => policy === 'delete' || policy === 'compact',
      ),
      retentionMs: number('retention.ms'),
      retentionBytes: number('retention.bytes'),
      segmentBytes: number('segment.bytes'),
      segmentMs: number('segment.ms'),
      deleteRetentionMs: number('delete.retention.ms'),
      minCompactionLagMs: number('min.compaction.lag.ms'),
      producerIdExpirationMs: this.brokerNumber('producer.id.expiration.ms'),
    }
  }
}

const mostRemembered = 10_000

const none: ReadonlyMap<string, string> = new Map()

/** KIP-1030: Kafka 4.0 began to refuse records that are more than an hour ahead. */
const defaultsBefore4: ReadonlyMap<string, string> = new Map([
  ['log.message.timestamp.after.max.ms', '9223372036854775807'],
])
