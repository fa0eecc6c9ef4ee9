import {
  brokerConfigTable,
  brokerQuotaConfigTable,
  clientMetricsConfigTable,
  groupConfigTable,
  topicConfigTable,
} from './config-table'

/** Kafka's types of configs. */
export type ConfigType =
  'BOOLEAN' | 'STRING' | 'INT' | 'SHORT' | 'LONG' | 'DOUBLE' | 'LIST' | 'CLASS' | 'PASSWORD'

/** Kafka's numbers of them in DescribeConfigs. */
export const configTypeCode: Readonly<Record<ConfigType, number>> = {
  BOOLEAN: 1,
  STRING: 2,
  INT: 3,
  SHORT: 4,
  LONG: 5,
  DOUBLE: 6,
  LIST: 7,
  CLASS: 8,
  PASSWORD: 9,
}

/** How a broker's config can be changed while it runs. */
export type UpdateMode = 'cluster-wide' | 'per-broker' | 'read-only'

/** A broker config that another config falls back to. */
export interface ConfigSynonym {
  readonly name: string
  /** What one unit of it is worth: `log.retention.hours` counts in 3,600,000 milliseconds. */
  readonly factor: number
}

/** One config as Kafka defines it. */
export interface ConfigDefinition {
  readonly name: string
  readonly type: ConfigType
  /** Null when there is none. */
  readonly defaultValue: string | null
  /** Kafka's class of the check, such as `Range`; empty when there is none. */
  readonly validator: string
  /** What the check says of itself, such as `[0,...]`. */
  readonly validatorText: string
  /** Not shown by DescribeConfigs unless it was set. */
  readonly isInternal: boolean
  /** Broker configs that a topic's or a group's falls back to, in the order in which they are looked at. */
  readonly synonyms: readonly ConfigSynonym[]
  /** Of broker configs; `per-broker` for others. */
  readonly updateMode: UpdateMode
}

/** The configs of one kind of resource, by name in alphabetical order. */
export type ConfigDefinitions = ReadonlyMap<string, ConfigDefinition>

/** Passwords are never shown. */
export function isSensitive(definition: ConfigDefinition | undefined): boolean {
  return definition === undefined || definition.type === 'PASSWORD'
}

const updateModes: readonly UpdateMode[] = ['cluster-wide', 'per-broker', 'read-only']

/** Configs of topics. */
export const topicConfigs = parse(topicConfigTable)
/** Configs of brokers, as they stand in server.properties. */
export const brokerConfigs = parse(brokerConfigTable)
/** Configs of brokers that only exist as dynamic ones: replication quotas. */
export const brokerQuotaConfigs = parse(brokerQuotaConfigTable)
/** Configs of groups. */
export const groupConfigs = parse(groupConfigTable)
/** Configs of client metrics subscriptions (KIP-714). */
export const clientMetricsConfigs = parse(clientMetricsConfigTable)

function parse(table: string): ConfigDefinitions {
  const definitions = table.split('\n').map(parseLine)
  return new Map(definitions.map((definition) => [definition.name, definition]))
}

function parseLine(line: string): ConfigDefinition {
  const [name = '', type = '', value = '', validator = '', validatorText = '', internal = '', last = ''] =
    line.split('|')
  const mode = updateModes.find((one) => one === last)
  return {
    name,
    type: type as ConfigType,
    defaultValue: value.startsWith('=') ? value.slice(1) : null,
    validator,
    validatorText,
    isInternal: internal !== '',
    synonyms: mode === undefined ? parseSynonyms(last) : [],
    updateMode: mode ?? 'per-broker',
  }
}

function parseSynonyms(text: string): ConfigSynonym[] {
  if (text === '') return []
  return text.split(',').map((one) => {
    const [name = '', factor = '1'] = one.split(':')
    return { name, factor: Number(factor) }
  })
}
