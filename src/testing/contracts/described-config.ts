/** Kafka's numbers of where a config's value comes from. */
export const ConfigSource = {
  dynamicTopic: 1,
  dynamicBroker: 2,
  dynamicDefaultBroker: 3,
  staticBroker: 4,
  default: 5,
  dynamicBrokerLogger: 6,
  clientMetrics: 7,
  group: 8,
} as const

/** One of the places where a value was found, the effective one first. */
export interface DescribedSynonym {
  readonly name: string
  readonly value: string | null
  readonly source: number
}

/** One config as DescribeConfigs tells it. */
export interface DescribedConfig {
  readonly name: string
  /** Null when it is sensitive or has no value. */
  readonly value: string | null
  readonly readOnly: boolean
  readonly source: number
  readonly isSensitive: boolean
  readonly synonyms: readonly DescribedSynonym[]
  /** Kafka's number of the type; 0 when not known. */
  readonly type: number
}
