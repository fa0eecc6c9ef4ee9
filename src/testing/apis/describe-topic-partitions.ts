import { ErrorCode } from '../../base/error-codes'
import {
  describeTopicPartitionsApi,
  type DescribeTopicPartitionsRequest,
  type DescribeTopicPartitionsResponse,
  type DescribeTopicPartitionsResponseCursor,
  type DescribeTopicPartitionsResponseResponsePartition,
  type DescribeTopicPartitionsResponseResponseTopic,
} from '../../wire/generated/broker/describe-topic-partitions'
import type { Partition } from '../contracts/partition'
import { isInternalTopic, topicNameProblem, zeroTopicId } from '../cluster/topic-names'
import { handler, type ApiHandler, type RequestContext } from '../contracts/api-handler'
import type { Services } from '../contracts/services'

type ResponseTopic = DescribeTopicPartitionsResponseResponseTopic

/** Describes topics in pages of partitions, in the order of their names (KIP-966). */
export function describeTopicPartitionsHandler(
  services: Services,
): ApiHandler<DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse> {
  return handler(describeTopicPartitionsApi, (request, context) => {
    const refusal = cursorRefusal(request)
    if (refusal !== undefined) {
      const topics = request.topics.map(({ name }) => withoutPartitions(name, refusal))
      return { throttleTimeMs: context.throttleMs, topics }
    }
    const names = wantedTopics(services, request)
    const mayDescribe = (name: string): boolean =>
      services.authorizer.allows(context, 'Describe', 'Topic', name)
    const page = pageOf(names.filter(mayDescribe), services, request, context)
    const refused = request.topics.length === 0 ? [] : names.filter((name) => !mayDescribe(name))
    return {
      throttleTimeMs: context.throttleMs,
      topics: [
        ...page.topics,
        ...refused.map((name) => withoutPartitions(name, ErrorCode.TOPIC_AUTHORIZATION_FAILED)),
      ],
      nextCursor: page.nextCursor,
    }
  })
}

/** A cursor must be at a topic that is asked for, and at a partition; without words, since there is no place for them. */
function cursorRefusal({ topics, cursor }: DescribeTopicPartitionsRequest): number | undefined {
  if (cursor === null) return undefined
  const isAsked = topics.length === 0 || topics.some((topic) => topic.name === cursor.topicName)
  return isAsked && cursor.partitionIndex >= 0 ? undefined : ErrorCode.INVALID_REQUEST
}

/** Sorted names, without those that come before the cursor. */
function wantedTopics({ topics }: Services, request: DescribeTopicPartitionsRequest): string[] {
  const all = request.topics.length === 0 ? [...topics.all] : request.topics
  const names = [...new Set(all.map((topic) => topic.name))].sort(byCodeUnits)
  return names.filter((name) => byCodeUnits(name, request.cursor?.topicName ?? '') >= 0)
}

function byCodeUnits(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0
}

interface Page {
  readonly topics: readonly ResponseTopic[]
  readonly nextCursor: DescribeTopicPartitionsResponseCursor | null
}

function pageOf(
  names: readonly string[],
  services: Services,
  request: DescribeTopicPartitionsRequest,
  context: RequestContext,
): Page {
  const most = services.configs.brokerNumber('max.request.partition.size.limit', context.broker.id)
  let room = Math.max(1, Math.min(most, request.responsePartitionLimit))
  const topics: ResponseTopic[] = []
  for (const name of names) {
    if (room === 0) return { topics, nextCursor: { topicName: name, partitionIndex: 0 } }
    const topic = services.topics.byName(name)
    if (topic === undefined) {
      topics.push({
        ...withoutPartitions(name, codeOfMissing(name)),
        topicAuthorizedOperations: services.authorizer.authorizedOperations(context, 'Topic', name),
      })
      continue
    }
    const from = request.cursor?.topicName === name ? request.cursor.partitionIndex : 0
    const shown = topic.partitions.slice(from, from + room)
    topics.push({
      errorCode: ErrorCode.NONE,
      name,
      topicId: topic.id,
      isInternal: topic.isInternal,
      partitions: shown.map((partition) => described(partition, services)),
      topicAuthorizedOperations: services.authorizer.authorizedOperations(context, 'Topic', name),
    })
    room -= shown.length
    const next = from + shown.length
    if (next < topic.partitions.length)
      return { topics, nextCursor: { topicName: name, partitionIndex: next } }
  }
  return { topics, nextCursor: null }
}

function codeOfMissing(name: string): number {
  return topicNameProblem(name) === undefined
    ? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    : ErrorCode.INVALID_TOPIC_EXCEPTION
}

function withoutPartitions(name: string, errorCode: number): ResponseTopic {
  return { errorCode, name, topicId: zeroTopicId, isInternal: isInternalTopic(name), partitions: [] }
}

function described(
  partition: Partition,
  { brokers }: Services,
): DescribeTopicPartitionsResponseResponsePartition {
  const isAlive = (id: number): boolean => brokers.get(id)?.isFenced === false
  const hasLeader = isAlive(partition.leaderId)
  return {
    errorCode: hasLeader ? ErrorCode.NONE : ErrorCode.LEADER_NOT_AVAILABLE,
    partitionIndex: partition.index,
    leaderId: hasLeader ? partition.leaderId : -1,
    leaderEpoch: partition.leaderEpoch,
    replicaNodes: partition.replicas,
    isrNodes: partition.inSyncReplicas,
    // Eligible leaders are not tracked here: who leaves the in-sync set is not kept in another one.
    eligibleLeaderReplicas: [],
    lastKnownElr: [],
    offlineReplicas: partition.replicas.filter((id) => !isAlive(id)),
  }
}
