import type { Admin as CoreAdmin, KafkaError, NewTopic, PartitionDescription } from '../../index'
import { KafkaJSAggregateError } from '../errors/kafkajs-error'
import { KafkaJSTimeout } from '../errors/non-retriable-errors'
import { KafkaJSCreateTopicError, KafkaJSProtocolError } from '../errors/protocol-errors'
import { translateError } from '../errors/translate-error'
import type { Admin, ITopicConfig } from '../types/admin'
import type { PartitionMetadata } from '../types/metadata'
import { requireNewPartitions, requireNewTopics, requireTopic, requireTopicNames } from './admin-checks'
import { type RunAdmin, unknownTopic, withTimeout } from './admin-session'

type TopicOperations = Pick<
  Admin,
  'listTopics' | 'createTopics' | 'deleteTopics' | 'createPartitions' | 'fetchTopicMetadata'
>

/** What an admin does with topics. */
export function topicOperations(run: RunAdmin): TopicOperations {
  return {
    listTopics: async () => {
      const topics = await run((admin) => admin.listTopics({ includeInternal: true }))
      return topics.map(({ name }) => name)
    },

    createTopics: async ({ topics, validateOnly = false, waitForLeaders = true, timeout }) => {
      requireNewTopics(topics)
      const isWaiting = waitForLeaders && !validateOnly
      const options = { validateOnly, waitUntilReady: isWaiting, ...withTimeout(timeout) }
      const results = await run((admin) =>
        admin.createTopics(topics.map(newTopic), { partial: true, ...options }),
      )
      const isCreated = created(results)
      if (isCreated && isWaiting) await run((admin) => requireLeaders(admin, topics))
      return isCreated
    },

    deleteTopics: async ({ topics, timeout }) => {
      requireTopicNames(topics)
      if (topics.length === 0) return
      await run((admin) => admin.deleteTopics([...new Set(topics)], withTimeout(timeout)), unknownTopic)
    },

    createPartitions: async ({ topicPartitions, validateOnly = false, timeout }) => {
      requireNewPartitions(topicPartitions)
      const partitions = topicPartitions.map(({ topic, count, assignments }) => ({
        topic,
        totalCount: count,
        ...(assignments && { assignments }),
      }))
      await run((admin) => admin.createPartitions(partitions, { validateOnly, ...withTimeout(timeout) }))
      return true
    },

    fetchTopicMetadata: async ({ topics } = { topics: [] }) => {
      for (const topic of topics ?? []) requireTopic(topic)
      const described = await run(async (admin) => {
        const listed =
          topics?.length > 0 ? topics : (await admin.listTopics({ includeInternal: true })).map(nameOf)
        return listed.length === 0 ? [] : await admin.describeTopics(listed)
      })
      return {
        topics: described.map(({ name, partitions }) => ({
          name,
          partitions: partitions.map(partitionMetadata),
        })),
      }
    },
  }
}

/**
 * Our own admin waited for the leaders as long as the call may take. A broker that has not heard of the topics yet is no
 * failure: they are there.
 * @throws KafkaJSTimeout when a partition has none
 */
async function requireLeaders(admin: CoreAdmin, topics: readonly ITopicConfig[]): Promise<void> {
  const names = topics.map(({ topic }) => topic)
  for (const described of await admin.describeTopics(names, { partial: true })) {
    if (described.error !== null || described.partitions.every(({ leader }) => leader !== null)) continue
    throw new KafkaJSTimeout('Timed out while waiting for topic leaders')
  }
}

const nameOf = ({ name }: { readonly name: string }): string => name

function newTopic({ topic, numPartitions, replicationFactor, ...rest }: ITopicConfig): NewTopic {
  const { replicaAssignment = [], configEntries } = rest
  const assignments = [...replicaAssignment].sort((one, other) => one.partition - other.partition)
  return {
    name: topic,
    ...(isGiven(numPartitions) && { partitions: numPartitions }),
    ...(isGiven(replicationFactor) && { replicationFactor }),
    ...(assignments.length > 0 && { assignments: assignments.map(({ replicas }) => replicas) }),
    ...(configEntries && {
      configs: Object.fromEntries(configEntries.map(({ name, value }) => [name, value])),
    }),
  }
}

/** -1 leaves it to the broker. */
function isGiven(count: number | undefined): count is number {
  return count !== undefined && count !== null && count !== -1
}

/** False when all that failed exists already. @throws KafkaJSAggregateError for other failures of topics */
function created(results: readonly { readonly name: string; readonly error: KafkaError | null }[]): boolean {
  const errors = results.flatMap(({ name, error }) => (error === null ? [] : [topicError(name, error)]))
  if (errors.length === 0) return true
  const other = errors.find((error) => !(error instanceof KafkaJSProtocolError))
  if (other !== undefined) throw other
  if (errors.every((error) => (error as KafkaJSProtocolError).type === 'TOPIC_ALREADY_EXISTS')) return false
  throw new KafkaJSAggregateError('Topic creation errors', errors)
}

function topicError(topic: string, error: KafkaError): Error {
  const translated = translateError(error)
  return translated instanceof KafkaJSProtocolError
    ? new KafkaJSCreateTopicError(translated, topic)
    : translated
}

/** A partition as KafkaJS describes it. */
export function partitionMetadata(described: PartitionDescription): PartitionMetadata {
  const { partition, leader, replicas, isr, offlineReplicas } = described
  return {
    partitionErrorCode: leader === null ? leaderNotAvailable : 0,
    partitionId: partition,
    leader: leader ?? -1,
    replicas: [...replicas],
    isr: [...isr],
    offlineReplicas: [...offlineReplicas],
  }
}

/** Kafka's code of a partition without a leader. */
const leaderNotAvailable = 5
