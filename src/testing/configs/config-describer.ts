import type { ClusterConfigs } from './cluster-configs'
import {
  brokerConfigs,
  brokerQuotaConfigs,
  clientMetricsConfigs,
  configTypeCode,
  groupConfigs,
  isSensitive,
  topicConfigs,
  type ConfigDefinition,
} from './config-definition'
import { ConfigResourceType } from '../contracts/config-store'
import { ConfigSource, type DescribedConfig, type DescribedSynonym } from '../contracts/described-config'

/** Broker configs that stand for the same thing, the strongest first. */
const brokerSynonyms: readonly (readonly string[])[] = [
  ['log.roll.ms', 'log.roll.hours'],
  ['log.roll.jitter.ms', 'log.roll.jitter.hours'],
  ['log.flush.interval.ms', 'log.flush.scheduler.interval.ms'],
  ['log.retention.ms', 'log.retention.minutes', 'log.retention.hours'],
]

/** Tells configs as Kafka does: with values, sources and all places where a value was set. */
export class ConfigDescriber {
  readonly #configs: ClusterConfigs

  constructor(configs: ClusterConfigs) {
    this.#configs = configs
  }

  topic(topic: string, brokerId?: number): DescribedConfig[] {
    return this.topicWith(this.#configs.dynamic.of(ConfigResourceType.topic, topic), brokerId)
  }

  /** The configs of a topic that has these ones of its own. */
  topicWith(own: ReadonlyMap<string, string>, brokerId?: number): DescribedConfig[] {
    return this.#resource(topicConfigs, own, ConfigSource.dynamicTopic, (definition) => ({
      value: this.#configs.topicDefault(definition.name, brokerId),
      synonyms: this.#synonymsOfFirst(definition, brokerId),
    }))
  }

  group(groupId: string, brokerId?: number): DescribedConfig[] {
    const own = this.#configs.dynamic.of(ConfigResourceType.group, groupId)
    return this.#resource(groupConfigs, own, ConfigSource.group, (definition) => ({
      value: this.#configs.groupDefault(definition.name, brokerId),
      synonyms:
        definition.synonyms.length > 0
          ? this.#synonymsOfFirst(definition, brokerId)
          : [{ name: definition.name, value: definition.defaultValue, source: ConfigSource.default }],
    }))
  }

  clientMetrics(subscription: string): DescribedConfig[] {
    const own = this.#configs.dynamic.of(ConfigResourceType.clientMetrics, subscription)
    return this.#resource(clientMetricsConfigs, own, ConfigSource.clientMetrics, (definition) => ({
      value: definition.defaultValue,
      synonyms: [],
    }))
  }

  /** All configs of a broker. */
  broker(brokerId: number): DescribedConfig[] {
    const set = new Set([
      ...[...brokerConfigs.values()].filter((one) => !one.isInternal).map((one) => one.name),
      ...this.#configs.static.keys(),
      ...this.#configs.dynamic.of(ConfigResourceType.broker, '').keys(),
      ...this.#configs.dynamic.of(ConfigResourceType.broker, String(brokerId)).keys(),
    ])
    return [...set].map((name) =>
      this.#brokerEntry(
        name,
        this.#configs.brokerValue(name, brokerId),
        this.#brokerSynonyms(name, brokerId),
      ),
    )
  }

  /** What was set at run time for all brokers together. */
  brokerDefaults(): DescribedConfig[] {
    const own = this.#configs.dynamic.of(ConfigResourceType.broker, '')
    return [...own].map(([name, value]) => {
      const all = this.#brokerSynonyms(name)
      return this.#brokerEntry(
        name,
        value,
        all.filter((one) => one.source === ConfigSource.dynamicDefaultBroker),
      )
    })
  }

  #resource(
    definitions: ReadonlyMap<string, ConfigDefinition>,
    own: ReadonlyMap<string, string>,
    source: number,
    fallback: (definition: ConfigDefinition) => {
      value: string | null
      synonyms: readonly DescribedSynonym[]
    },
  ): DescribedConfig[] {
    const shown = [...definitions.values()].filter((one) => !one.isInternal || own.has(one.name))
    return shown.map((definition) => {
      const { name } = definition
      const set = own.get(name)
      const below = fallback(definition)
      const synonyms = set === undefined ? below.synonyms : [{ name, value: set, source }, ...below.synonyms]
      return {
        name,
        value: set ?? below.value,
        readOnly: false,
        source: synonyms[0]?.source ?? ConfigSource.default,
        isSensitive: isSensitive(definition),
        synonyms,
        type: configTypeCode[definition.type],
      }
    })
  }

  #brokerEntry(name: string, value: string | null, synonyms: readonly DescribedSynonym[]): DescribedConfig {
    const definition = definitionOf(name)
    const hidden = isSensitive(definition)
    return {
      name,
      value: hidden ? null : value,
      readOnly: definition === undefined || definition.updateMode === 'read-only',
      source: synonyms[0]?.source ?? ConfigSource.default,
      isSensitive: hidden,
      synonyms: hidden ? synonyms.map((one) => ({ ...one, value: null })) : synonyms,
      type: definition === undefined ? 0 : configTypeCode[definition.type],
    }
  }

  #synonymsOfFirst(definition: ConfigDefinition, brokerId: number | undefined): DescribedSynonym[] {
    const first = definition.synonyms[0]
    return first === undefined ? [] : this.#brokerSynonyms(first.name, brokerId)
  }

  /** All places where a broker config or one that stands for it was set; nothing that is stronger than itself. */
  #brokerSynonyms(name: string, brokerId?: number): DescribedSynonym[] {
    const names = brokerSynonyms.find((group) => group.includes(name)) ?? [name]
    const { dynamic, static: started } = this.#configs
    const ofBroker = brokerId === undefined ? none : dynamic.of(ConfigResourceType.broker, String(brokerId))
    const sources: readonly [number, (name: string) => string | null | undefined][] = [
      [ConfigSource.dynamicBroker, (one) => ofBroker.get(one)],
      [ConfigSource.dynamicDefaultBroker, (one) => dynamic.of(ConfigResourceType.broker, '').get(one)],
      [ConfigSource.staticBroker, (one) => started.get(one) ?? this.#ownIdentity(one, brokerId)],
      [ConfigSource.default, (one) => this.#configs.brokerDefault(one)],
    ]
    const found: DescribedSynonym[] = []
    for (const [source, valueOf] of sources) {
      for (const one of names) {
        const value = valueOf(one) ?? null
        if (value !== null) found.push({ name: one, value, source })
      }
    }
    const itself = found.findIndex((one) => one.name === name)
    return itself === -1 ? [] : found.slice(itself)
  }

  /** A broker's id stands in its own server.properties only. */
  #ownIdentity(name: string, brokerId: number | undefined): string | undefined {
    return name === 'node.id' && brokerId !== undefined ? String(brokerId) : undefined
  }
}

function definitionOf(name: string): ConfigDefinition | undefined {
  return brokerConfigs.get(name) ?? brokerQuotaConfigs.get(name)
}

const none: ReadonlyMap<string, string> = new Map()
