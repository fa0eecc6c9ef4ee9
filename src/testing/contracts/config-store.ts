import type { DescribedConfig } from './described-config'
import type { LogConfig } from './partition-log'

/** Kafka's numbers of config resource types. */
export const ConfigResourceType = {
  unknown: 0,
  topic: 2,
  broker: 4,
  brokerLogger: 8,
  clientMetrics: 16,
  group: 32,
} as const

/** The configs of brokers, topics, groups and client metrics, with Kafka's defaults, types and checks. */
export interface ConfigStore {
  /** The effective value of a topic's config: its own, else the broker's, else Kafka's default. */
  topic(topic: string, name: string): string
  /** The effective value of a broker's config; `brokerId` undefined reads the cluster-wide one. */
  broker(name: string, brokerId?: number): string
  /** The effective value of a group's config, such as `consumer.session.timeout.ms`. */
  group(groupId: string, name: string): string
  topicNumber(topic: string, name: string): number
  brokerNumber(name: string, brokerId?: number): number
  groupNumber(groupId: string, name: string): number
  log(topic: string): LogConfig
  /** Forgets what was set for a topic that is deleted. */
  forgetTopic(topic: string): void
  /** Checks the configs of a topic and answers them as they would be kept. @throws INVALID_CONFIG */
  checkedTopic(configs: Readonly<Record<string, string | null>>): ReadonlyMap<string, string>
  /** All configs of a topic that has these ones of its own, with their sources. */
  describeTopic(own: ReadonlyMap<string, string>): DescribedConfig[]
  /** Sets the configs of a new topic, checked. @throws INVALID_CONFIG */
  setTopic(topic: string, configs: Readonly<Record<string, string | null>>): void
}
