import { ErrorCode } from '../../base/error-codes'
import {
  createTopicsApi,
  type CreateTopicsRequest,
  type CreateTopicsRequestCreatableTopic,
  type CreateTopicsResponse,
  type CreateTopicsResponseCreatableTopicResult,
} from '../../wire/generated/broker/create-topics'
import { zeroTopicId } from '../cluster/topic-names'
import type { NewTopicSpec, TopicPlan } from '../contracts/topics'
import { errorCodeOf, errorMessageOf, fail } from '../contracts/kafka-failure'
import { handler, type ApiHandler, type RequestContext } from '../contracts/api-handler'
import { newUuid } from '../contracts/runtime'
import { clusterResource } from '../contracts/security'
import type { Services } from '../contracts/services'
import { chargeMutations } from './mutation-quota'

type Result = CreateTopicsResponseCreatableTopicResult

/** Creates topics, each on its own: one that is refused keeps no other from being created. */
export function createTopicsHandler(
  services: Services,
): ApiHandler<CreateTopicsRequest, CreateTopicsResponse> {
  return handler(createTopicsApi, (request, context) => {
    const topics = distinct(request.topics).map((topic) => result(topic, request, context, services))
    return { throttleTimeMs: context.throttleMs, topics }
  })
}

interface Asked {
  readonly topic: CreateTopicsRequestCreatableTopic
  readonly isDuplicate: boolean
}

function distinct(topics: readonly CreateTopicsRequestCreatableTopic[]): Asked[] {
  const counts = new Map<string, number>()
  for (const { name } of topics) counts.set(name, (counts.get(name) ?? 0) + 1)
  return [...counts].map(([name, count]) => ({
    topic: topics.find((one) => one.name === name) as CreateTopicsRequestCreatableTopic,
    isDuplicate: count > 1,
  }))
}

function result(
  { topic, isDuplicate }: Asked,
  request: CreateTopicsRequest,
  context: RequestContext,
  services: Services,
): Result {
  try {
    if (isDuplicate) throw fail('INVALID_REQUEST', 'Duplicate topic name.')
    authorize(topic.name, context, services)
    const plan = services.topics.plan(specOf(topic))
    const described = description(plan, topic.configs, context, services)
    chargeMutations(services, context, plan.assignments.length, strictVersion)
    const topicId = request.validateOnly
      ? newUuid(services.runtime.random)
      : services.topics.createPlanned(plan).id
    return { name: topic.name, topicId, errorCode: ErrorCode.NONE, errorMessage: null, ...described }
  } catch (error) {
    return {
      name: topic.name,
      topicId: zeroTopicId,
      errorCode: errorCodeOf(error),
      errorMessage: errorMessageOf(error),
      configs: [],
    }
  }
}

/** Since this version a spent quota refuses; before it only slows the client down (KIP-599). */
const strictVersion = 6

function authorize(name: string, context: RequestContext, { authorizer }: Services): void {
  if (name === '__cluster_metadata') {
    throw fail('INVALID_REQUEST', 'Creation of internal topic __cluster_metadata is prohibited.')
  }
  const isAllowed =
    authorizer.allows(context, 'Create', 'Cluster', clusterResource) ||
    authorizer.allows(context, 'Create', 'Topic', name)
  if (!isAllowed) throw fail('TOPIC_AUTHORIZATION_FAILED', 'Authorization failed.')
}

/** -1 stands for the broker's default. */
function specOf(topic: CreateTopicsRequestCreatableTopic): NewTopicSpec {
  const { name, numPartitions, replicationFactor, assignments, configs } = topic
  return {
    name,
    ...(numPartitions === -1 ? {} : { partitions: numPartitions }),
    ...(replicationFactor === -1 ? {} : { replicationFactor }),
    ...(assignments.length === 0 ? {} : { assignments: byPartition(assignments) }),
    configs: Object.fromEntries(configs.map((config) => [config.name, config.value])),
  }
}

function byPartition(
  assignments: CreateTopicsRequestCreatableTopic['assignments'],
): Map<number, readonly number[]> {
  const replicas = new Map<number, readonly number[]>()
  for (const { partitionIndex, brokerIds } of assignments) {
    if (replicas.has(partitionIndex)) {
      throw fail(
        'INVALID_REPLICA_ASSIGNMENT',
        `Found multiple manual partition assignments for partition ${partitionIndex}`,
      )
    }
    replicas.set(partitionIndex, brokerIds)
  }
  return replicas
}

/** What version 5 added (KIP-525): counts and configs, for those who may see the topic's configs. */
function description(
  plan: TopicPlan,
  asked: CreateTopicsRequestCreatableTopic['configs'],
  context: RequestContext,
  services: Services,
): Partial<Result> {
  if (context.apiVersion < 5) return {}
  if (!services.authorizer.allows(context, 'DescribeConfigs', 'Topic', plan.name)) {
    return { topicConfigErrorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED, configs: null }
  }
  return {
    numPartitions: plan.assignments.length,
    replicationFactor: plan.assignments[0]?.length ?? -1,
    // The values as they were sent, blanks included.
    configs: services.configs
      .describeTopic(new Map(asked.map(({ name, value }) => [name, value ?? ''])))
      .map((config) => ({
        name: config.name,
        value: config.value,
        readOnly: config.readOnly,
        configSource: config.source,
        isSensitive: config.isSensitive,
      })),
  }
}
