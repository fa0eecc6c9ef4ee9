import { fail } from '../contracts/kafka-failure'
import type { Services } from '../contracts/services'
import { checkedAssignments } from './manual-assignments'
import { placeReplicas } from './replica-placement'
import { checkTopicName, topicNamesCollide } from './topic-names'
import type { NewTopicSpec, TopicPlan, Topics } from '../contracts/topics'

/** Kafka's controller writes a topic in one batch of records, and refuses more partitions than fit. */
const mostPartitions = 10_000

/**
 * All of Kafka's checks of a new topic, in Kafka's order: name, existence, configs, counts or assignments.
 * @throws INVALID_TOPIC_EXCEPTION, TOPIC_ALREADY_EXISTS, INVALID_CONFIG, INVALID_REQUEST, INVALID_REPLICA_ASSIGNMENT,
 *   INVALID_REPLICATION_FACTOR, INVALID_PARTITIONS, POLICY_VIOLATION
 */
export function planTopic(spec: NewTopicSpec, topics: Topics, services: Services): TopicPlan {
  checkNewName(spec.name, topics)
  const configs = services.configs.checkedTopic(spec.configs ?? {})
  const assignments =
    spec.assignments === undefined || spec.assignments.size === 0
      ? placed(spec, services)
      : given(spec, spec.assignments, services)
  return { name: spec.name, assignments, configs }
}

function checkNewName(name: string, topics: Topics): void {
  if (topics.byName(name) !== undefined) throw fail('TOPIC_ALREADY_EXISTS', `Topic '${name}' already exists.`)
  checkTopicName(name)
  for (const topic of topics.all) {
    if (topicNamesCollide(name, topic.name)) {
      throw fail('INVALID_TOPIC_EXCEPTION', `Topic '${name}' collides with existing topic: ${topic.name}`)
    }
  }
}

function given(
  spec: NewTopicSpec,
  assignments: ReadonlyMap<number, readonly number[]>,
  services: Services,
): number[][] {
  if (spec.replicationFactor !== undefined) {
    throw fail(
      'INVALID_REQUEST',
      'A manual partition assignment was specified, but replication factor was not set to -1.',
    )
  }
  if (spec.partitions !== undefined) {
    throw fail(
      'INVALID_REQUEST',
      'A manual partition assignment was specified, but numPartitions was not set to -1.',
    )
  }
  return checkedAssignments(assignments, services.brokers)
}

function placed(spec: NewTopicSpec, services: Services): number[][] {
  const { configs, brokers, runtime } = services
  if (spec.replicationFactor !== undefined && spec.replicationFactor < 1) {
    throw fail(
      'INVALID_REPLICATION_FACTOR',
      'Replication factor must be larger than 0, or -1 to use the default value.',
    )
  }
  if (spec.partitions !== undefined && spec.partitions < 1) {
    throw fail('INVALID_PARTITIONS', 'Number of partitions was set to an invalid non-positive value.')
  }
  const partitions = spec.partitions ?? configs.brokerNumber('num.partitions')
  checkPartitionCount(partitions)
  return placeReplicas({
    brokers: brokers.all,
    partitions,
    replicationFactor: spec.replicationFactor ?? configs.brokerNumber('default.replication.factor'),
    random: runtime.random,
  })
}

/** @throws POLICY_VIOLATION */
export function checkPartitionCount(partitions: number): void {
  if (partitions > mostPartitions) {
    throw fail('POLICY_VIOLATION', 'Excessively large number of partitions per request.')
  }
}
