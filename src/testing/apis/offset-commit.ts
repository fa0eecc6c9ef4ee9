import { ErrorCode } from '../../base/error-codes'
import {
  offsetCommitApi,
  type OffsetCommitRequest,
  type OffsetCommitRequestRequestPartition,
  type OffsetCommitRequestRequestTopic,
  type OffsetCommitResponse,
  type OffsetCommitResponseResponseTopic,
} from '../../wire/generated/broker/offset-commit'
import type { Topic } from '../contracts/topics'
import { hasOldCoordinator } from '../groups/classic/old-coordinator'
import type { Group } from '../contracts/group'
import { fail } from '../contracts/kafka-failure'
import { handler, type ApiHandler, type RequestContext } from '../contracts/api-handler'
import type { Services } from '../contracts/services'
import { offsetToStore, validateCommit } from './commit-checks'
import { authorizeGroup, createClassicGroup, refusalCode } from './group-access'
import { findTopics, isAnyPartition, partitionCode, type AskedTopic } from './offset-topics'

/**
 * OffsetCommit 2 to 10.
 *
 * 2 to 4: retention of the commit's own · 6: leader epoch · 7: static members · 9: member epochs of consumer groups, and
 * GROUP_ID_NOT_FOUND · 10: topic ids
 */
export function offsetCommitHandler(
  services: Services,
): ApiHandler<OffsetCommitRequest, OffsetCommitResponse> {
  return handler(offsetCommitApi, (request, context) => {
    try {
      authorizeGroup(services, context, 'Read', request.groupId)
    } catch (error) {
      const errorCode = refusalCode(services, error)
      return { topics: request.topics.map((topic) => answerTopic(topic, context, () => errorCode)) }
    }
    const topics = findTopics(services, context, request.topics, context.apiVersion >= 10)
    // With no partition to commit for, the group is not even looked at.
    const refusal = isAnyPartition(topics) ? admit(services, request, topics, context) : ErrorCode.NONE
    return {
      topics: topics.map(({ asked, found }) =>
        answerTopic(asked, context, (partition) => {
          const code = partitionCode(found, partition.partitionIndex) || refusal
          if (code !== ErrorCode.NONE || typeof found === 'number') return code
          return store(services, request, found, partition)
        }),
      ),
    }
  })
}

function answerTopic(
  topic: OffsetCommitRequestRequestTopic,
  context: RequestContext,
  commit: (partition: OffsetCommitRequestRequestPartition) => number,
): OffsetCommitResponseResponseTopic {
  return {
    ...(context.apiVersion >= 10 ? { topicId: topic.topicId } : { name: topic.name }),
    partitions: topic.partitions.map((partition) => ({
      partitionIndex: partition.partitionIndex,
      errorCode: commit(partition),
    })),
  }
}

/** The code with which the group refuses the caller. */
function admit(
  services: Services,
  request: OffsetCommitRequest,
  topics: readonly AskedTopic<OffsetCommitRequestRequestTopic>[],
  context: RequestContext,
): number {
  try {
    services.coordinators.require(context, 'group', request.groupId)
    const group = groupToCommit(services, request, context)
    const caller = {
      memberId: request.memberId,
      groupInstanceId: request.groupInstanceId,
      generationOrEpoch: request.generationIdOrMemberEpoch,
      isTransactional: false,
      apiVersion: context.apiVersion,
    }
    validateCommit(group, caller, topics)
    group.touch?.(request.memberId, context)
    return ErrorCode.NONE
  } catch (error) {
    return refusalCode(services, error)
  }
}

/** Whoever is no member of a group that does not exist makes one by its commit. */
function groupToCommit(services: Services, request: OffsetCommitRequest, context: RequestContext): Group {
  const group = services.groups.get(request.groupId)
  if (group !== undefined) return group
  if (request.generationIdOrMemberEpoch < 0) return createClassicGroup(services, request.groupId)
  const knowsCode = context.apiVersion >= 9 && !hasOldCoordinator(services)
  throw fail(knowsCode ? 'GROUP_ID_NOT_FOUND' : 'ILLEGAL_GENERATION')
}

function store(
  services: Services,
  request: OffsetCommitRequest,
  topic: Topic,
  partition: OffsetCommitRequestRequestPartition,
): number {
  const stored = offsetToStore(services, topic, partition)
  if (typeof stored === 'number') return stored
  const { retentionTimeMs } = request
  const ownRetention =
    retentionTimeMs === -1n ? {} : { expiresAt: stored.committedAt + Number(retentionTimeMs) }
  services.offsets.put(request.groupId, topic.name, partition.partitionIndex, { ...stored, ...ownRetention })
  return ErrorCode.NONE
}
