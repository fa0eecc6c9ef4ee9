import { ConfigResourceTypes } from '../enums'
import { KafkaJSNonRetriableError } from '../errors/kafkajs-error'
import type {
  IResourceConfig,
  IResourceConfigEntry,
  ITopicConfig,
  ITopicPartitionConfig,
  PartitionReassignment,
  ResourceConfigQuery,
} from '../types/admin'
import type { SeekEntry, TopicPartitions } from '../types/metadata'
import { isMissing } from '../is-missing'

/** Programs without types may give anything. */
export type Given<T> = T | null | undefined

/** @throws KafkaJSNonRetriableError, always */
export function refuse(message: string): never {
  throw new KafkaJSNonRetriableError(message)
}

/** Whether it is a string. */
export const isText = (value: unknown): value is string => typeof value === 'string'
const hasDuplicates = (values: readonly unknown[]): boolean => new Set(values).size < values.length

/** @throws KafkaJSNonRetriableError, as all checks here, in KafkaJS's order and words */
export function requireNewTopics(topics: Given<ITopicConfig[]>): asserts topics is ITopicConfig[] {
  requireTopicsArray(topics)
  for (const { topic, configEntries } of topics) requireTopicConfigs(topic, configEntries)
}

/** Entries that name a topic each, and each but once. */
function requireTopicsArray(topics: Given<{ topic: string }[]>): asserts topics is { topic: string }[] {
  if (!Array.isArray(topics)) refuse(`Invalid topics array ${String(topics)}`)
  if (!topics.every(({ topic }) => isText(topic))) {
    refuse('Invalid topics array, the topic names have to be a valid string')
  }
  if (hasDuplicates(topics.map(({ topic }) => topic))) {
    refuse('Invalid topics array, it cannot have multiple entries for the same topic')
  }
}

function requireTopicConfigs(topic: string, configEntries: Given<IResourceConfigEntry[]>): void {
  if (isMissing(configEntries)) return
  const what = `Invalid configEntries for topic "${topic}"`
  if (!Array.isArray(configEntries)) refuse(`${what}, must be an array`)
  for (const [index, entry] of configEntries.entries()) {
    if (typeof entry !== 'object' || entry === null) refuse(`${what}. Entry ${index} must be an object`)
    for (const property of ['name', 'value'] as const) {
      if (isText(entry[property])) continue
      refuse(`${what}. Entry ${index} must have a valid "${property}" property`)
    }
  }
}

export function requireNewPartitions(
  topics: Given<ITopicPartitionConfig[]>,
): asserts topics is ITopicPartitionConfig[] {
  if (!Array.isArray(topics)) refuse(`Invalid topic partitions array ${String(topics)}`)
  if (topics.length === 0) refuse('Empty topic partitions array')
  if (!topics.every(({ topic }) => isText(topic))) {
    refuse('Invalid topic partitions array, the topic names have to be a valid string')
  }
  if (hasDuplicates(topics.map(({ topic }) => topic))) {
    refuse('Invalid topic partitions array, it cannot have multiple entries for the same topic')
  }
}

export function requireTopicNames(topics: Given<string[]>): asserts topics is string[] {
  if (!Array.isArray(topics)) refuse(`Invalid topics array ${String(topics)}`)
  if (!topics.every(isText)) refuse('Invalid topics array, the names must be a valid string')
}

export function requireTopic(topic: Given<string>): asserts topic is string {
  if (!topic || !isText(topic)) refuse(`Invalid topic ${String(topic)}`)
}

/** As `requireTopic`, with the name between quotation marks. */
export function requireTopicOfRecords(topic: Given<string>): asserts topic is string {
  if (!topic || !isText(topic)) refuse(`Invalid topic "${String(topic)}"`)
}

export function requireGroupId(groupId: Given<string>): asserts groupId is string {
  if (!groupId) refuse(`Invalid groupId ${String(groupId)}`)
}

/** For `fetchOffsets`: a list, which may be empty. */
export function requireTopicsOfGroup(topics: Given<string[]>): asserts topics is string[] {
  if (!Array.isArray(topics)) refuse('Expected topics array to be set')
}

export function requirePartitions(partitions: Given<SeekEntry[]>): asserts partitions is SeekEntry[] {
  if (!Array.isArray(partitions) || partitions.length === 0) refuse('Invalid partitions')
}

export function requireGroupIds(groupIds: Given<string[]>): asserts groupIds is string[] {
  if (!Array.isArray(groupIds)) refuse(`Invalid groupIds array ${String(groupIds)}`)
  const invalid = groupIds.find((groupId) => !isText(groupId))
  if (invalid !== undefined) refuse(`Invalid groupId name: ${JSON.stringify(invalid)}`)
}

function requireResources(resources: Given<{ type: unknown; name: unknown }[]>): void {
  if (!Array.isArray(resources)) refuse(`Invalid resources array ${String(resources)}`)
  if (resources.length === 0) refuse('Resources array cannot be empty')
  for (const resource of resources) {
    const { type, name } = resource
    if (!Object.values(ConfigResourceTypes).includes(type as ConfigResourceTypes)) {
      refuse(`Invalid resource type ${String(type)}: ${JSON.stringify(resource)}`)
    }
    if (!name || !isText(name)) refuse(`Invalid resource name ${String(name)}: ${JSON.stringify(resource)}`)
  }
}

export function requireDescribedResources(
  resources: Given<ResourceConfigQuery[]>,
): asserts resources is ResourceConfigQuery[] {
  requireResources(resources)
  for (const resource of resources as ResourceConfigQuery[]) {
    const { configNames } = resource as { configNames?: unknown }
    if (isMissing(configNames) || Array.isArray(configNames)) continue
    refuse(`Invalid resource configNames ${String(configNames)}: ${JSON.stringify(resource)}`)
  }
}

export function requireAlteredResources(
  resources: Given<IResourceConfig[]>,
): asserts resources is IResourceConfig[] {
  requireResources(resources)
  for (const resource of resources as IResourceConfig[]) {
    const { configEntries } = resource as { configEntries: unknown }
    if (!Array.isArray(configEntries)) {
      refuse(`Invalid resource configEntries ${String(configEntries)}: ${JSON.stringify(resource)}`)
    }
    const invalid = (configEntries as IResourceConfigEntry[]).find(
      ({ name, value }) => !isText(name) || !isText(value),
    )
    if (invalid !== undefined) refuse(`Invalid resource config value: ${JSON.stringify(invalid)}`)
  }
}

/** What is given to be read as a partition, or as a broker. */
const isCount = (value: unknown): boolean => typeof value === 'number' && value >= 0

export function requireReassignments(
  topics: Given<PartitionReassignment[]>,
): asserts topics is PartitionReassignment[] {
  requireTopicsArray(topics)
  for (const { topic, partitionAssignment } of topics as PartitionReassignment[]) {
    const given: unknown = partitionAssignment
    if (!Array.isArray(given)) refuse(`Invalid partitions array: ${String(given)} for topic: ${topic}`)
    for (const { partition, replicas } of partitionAssignment) {
      if (!isCount(partition)) refuse(`Invalid partitions index: ${partition} for topic: ${topic}`)
      requireReplicas(replicas, `for topic: ${topic} on partition: ${partition}`)
    }
  }
}

function requireReplicas(replicas: Given<number[]>, where: string): void {
  const what = `Invalid replica assignment: ${String(replicas)} ${where}`
  if (!Array.isArray(replicas)) refuse(what)
  if (!replicas.every(isCount)) refuse(`${what}. Replicas must be a non negative number`)
}

export function requireListedReassignments(topics: Given<TopicPartitions[]>): void {
  requireTopicsArray(topics)
  for (const { topic, partitions } of topics as TopicPartitions[]) {
    const given: unknown = partitions
    const what = `Invalid partition array: ${String(given)} for topic: ${topic}`
    if (!Array.isArray(given)) refuse(what)
    if (!given.every(isCount)) {
      refuse(`${what}. The partition indices have to be a valid number greater than 0.`)
    }
  }
}
