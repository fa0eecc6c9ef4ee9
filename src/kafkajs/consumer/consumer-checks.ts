import { KafkaJSNonRetriableError } from '../errors/kafkajs-error'
import type { ConsumerConfig, ConsumerSubscribeTopic, ConsumerSubscribeTopics } from '../types/consumer'
import type { TopicPartitionOffset, TopicPartitionOffsetAndMetadata } from '../types/metadata'
import { isMissing } from '../is-missing'

function refuse(message: string): never {
  throw new KafkaJSNonRetriableError(message)
}

/** @throws KafkaJSNonRetriableError, as all checks here, in KafkaJS's order and words */
export function requireConsumerConfig(config: ConsumerConfig): void {
  const { groupId, heartbeatInterval, sessionTimeout, groupProtocol } = config
  if (!groupId) refuse('Consumer groupId must be a non-empty string.')
  const heartbeat = heartbeatInterval ?? 3000
  const session = sessionTimeout ?? 30_000
  if (heartbeat >= session) {
    refuse(
      `Consumer heartbeatInterval (${heartbeat}) must be lower than sessionTimeout (${session}). It is recommended to set heartbeatInterval to approximately a third of the sessionTimeout.`,
    )
  }
  if (!isMissing(groupProtocol) && !['classic', 'consumer'].includes(groupProtocol)) {
    refuse(`Consumer groupProtocol ("${String(groupProtocol)}") must be "classic" or "consumer".`)
  }
  if (!isMissing(config.groupRemoteAssignor) && groupProtocol !== 'consumer') {
    refuse(
      'Consumer groupRemoteAssignor needs groupProtocol "consumer": here the members assign, by partitionAssigners.',
    )
  }
}

/** What the config has, and the broker decides with `groupProtocol: 'consumer'`. */
export function unusedSettings(config: ConsumerConfig): string[] {
  if (config.groupProtocol !== 'consumer') return []
  const classicOnly = ['sessionTimeout', 'heartbeatInterval', 'partitionAssigners'] as const
  return classicOnly.filter((key) => !isMissing(config[key]))
}

/** The topics of a subscription in either of its forms. */
export function requireSubscription(
  subscription: ConsumerSubscribeTopics | ConsumerSubscribeTopic,
  isRunning: boolean,
): (string | RegExp)[] {
  if (isRunning) refuse('Cannot subscribe to topic while consumer is running')
  const { topic, topics } = subscription as Partial<ConsumerSubscribeTopic & ConsumerSubscribeTopics>
  if (!topic && !topics) refuse('Missing required argument "topics"')
  if (!isMissing(topics) && !Array.isArray(topics)) refuse('Argument "topics" must be an array')
  const given = topics ?? [topic as string | RegExp]
  for (const one of given) {
    if (typeof one === 'string' || isPattern(one)) continue
    refuse(`Invalid topic ${String(one)} (${typeof one}), the topic name has to be a String or a RegExp`)
  }
  return given
}

/** By what it does, because a pattern may come from another realm. */
function isPattern(value: unknown): value is RegExp {
  return Object.prototype.toString.call(value) === '[object RegExp]'
}

export function requireCommits(offsets: readonly TopicPartitionOffsetAndMetadata[]): void {
  for (const { topic, partition, offset, metadata } of offsets) {
    if (!topic) refuse(`Invalid topic ${String(topic)}`)
    if (Number.isNaN(Number(partition))) refuse(`Invalid partition, expected a number received ${partition}`)
    if (requireLong(offset) < 0n) refuse('Offset must not be a negative number')
    if (isMissing(metadata) || typeof metadata === 'string') continue
    refuse(`Invalid offset metadata, expected string or null, received ${String(metadata)}`)
  }
}

/** The offset to go on at: `'-1'` and `'-2'` stand for the ends of the log. */
export function requireSeek({ topic, partition, offset }: TopicPartitionOffset): bigint {
  if (!topic) refuse(`Invalid topic ${String(topic)}`)
  if (Number.isNaN(Number(partition))) refuse(`Invalid partition, expected a number received ${partition}`)
  const target = requireLong(offset)
  if (target < -2n) refuse('Offset must not be a negative number')
  return target
}

function requireLong(offset: unknown): bigint {
  try {
    if (offset !== '') return BigInt(offset as string)
  } catch {
    // Refused below.
  }
  return refuse(`Invalid offset, expected a long received ${String(offset)}`)
}

/** @param what `pause` or `resume` */
export function requireTopicSelection(
  what: 'pause' | 'resume',
  topics: readonly { topic: string; partitions?: number[] }[],
): void {
  for (const selection of topics) {
    if (!selection?.topic) refuse(`Invalid topic ${selection ? selection.topic : String(selection)}`)
    const { partitions } = selection
    if (partitions === undefined) continue
    const areValid =
      Array.isArray(partitions) && !partitions.some((partition) => Number.isNaN(Number(partition)))
    if (areValid) continue
    refuse(
      `Array of valid partitions required to ${what} specific partitions instead of ${String(partitions)}`,
    )
  }
}

/** Calls that are for a consumer that runs. */
export function requireRunning(isStarted: boolean): void {
  if (!isStarted) refuse('Consumer group was not initialized, consumer#run must be called first')
}
