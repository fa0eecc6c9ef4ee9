/** Where a config's value comes from. */
export type ConfigSource =
  | 'topic'
  | 'dynamicBroker'
  | 'dynamicDefaultBroker'
  | 'staticBroker'
  | 'default'
  | 'dynamicBrokerLogger'
  | 'clientMetrics'
  | 'group'
  | 'unknown'

/** The type of a config's value. */
export type ConfigType =
  'boolean' | 'string' | 'int' | 'short' | 'long' | 'double' | 'list' | 'class' | 'password' | 'unknown'

/** What a broker says of one config. */
export interface ConfigEntry {
  /** Null when it has none, and always when it is sensitive: brokers never tell secrets. */
  readonly value: string | null
  readonly source: ConfigSource
  /** True when nobody set it: the value is the broker's default. */
  readonly isDefault: boolean
  readonly isSensitive: boolean
  readonly isReadOnly: boolean
}

const sources: Readonly<Record<number, ConfigSource>> = {
  1: 'topic',
  2: 'dynamicBroker',
  3: 'dynamicDefaultBroker',
  4: 'staticBroker',
  5: 'default',
  6: 'dynamicBrokerLogger',
  7: 'clientMetrics',
  8: 'group',
}

const types: Readonly<Record<number, ConfigType>> = {
  1: 'boolean',
  2: 'string',
  3: 'int',
  4: 'short',
  5: 'long',
  6: 'double',
  7: 'list',
  8: 'class',
  9: 'password',
}

/** Kafka's number of a config source in words; a newer one is `unknown`. */
export function configSource(code: number): ConfigSource {
  return sources[code] ?? 'unknown'
}

/** Kafka's number of a config type in words; a newer one is `unknown`. */
export function configType(code: number): ConfigType {
  return types[code] ?? 'unknown'
}

/** What brokers answer per config, in every API that does. */
export interface ConfigAnswer {
  readonly name: string
  readonly value: string | null
  readonly configSource: number
  readonly isSensitive: boolean
  readonly readOnly: boolean
}

/** One config of an answer. */
export function configEntry(answer: ConfigAnswer): ConfigEntry {
  const source = configSource(answer.configSource)
  return {
    value: answer.value,
    source,
    isDefault: source === 'default',
    isSensitive: answer.isSensitive,
    isReadOnly: answer.readOnly,
  }
}

/** The configs of an answer by name. */
export function configEntries(answers: readonly ConfigAnswer[]): Record<string, ConfigEntry> {
  return Object.fromEntries(answers.map((answer) => [answer.name, configEntry(answer)]))
}
