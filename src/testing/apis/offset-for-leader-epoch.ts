import { ErrorCode } from '../../base/error-codes'
import {
  offsetForLeaderEpochApi,
  type OffsetForLeaderEpochRequest,
  type OffsetForLeaderEpochRequestOffsetForLeaderPartition,
  type OffsetForLeaderEpochResponse,
  type OffsetForLeaderEpochResponseEpochEndOffset,
} from '../../wire/generated/broker/offset-for-leader-epoch'
import type { Partition } from '../contracts/partition'
import { errorCodeOf, fail } from '../contracts/kafka-failure'
import { handler, type ApiHandler, type RequestContext } from '../contracts/api-handler'
import type { Services } from '../contracts/services'
import { checkLeaderEpoch } from './leader-epoch-check'

/** Where the records of a leader's time end: how a client finds out that its position was truncated (KIP-320). */
export function offsetForLeaderEpochHandler(
  services: Services,
): ApiHandler<OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse> {
  return handler(offsetForLeaderEpochApi, (request, context) => {
    const topics = request.topics.map(({ topic, partitions }) => {
      const isAllowed = services.authorizer.allows(context, 'Describe', 'Topic', topic)
      return {
        topic,
        partitions: partitions.map((asked) =>
          isAllowed
            ? answer(services.topics.partition(topic, asked.partition), asked, context)
            : { partition: asked.partition, errorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED },
        ),
      }
    })
    return { throttleTimeMs: context.throttleMs, topics }
  })
}

function answer(
  partition: Partition | undefined,
  asked: OffsetForLeaderEpochRequestOffsetForLeaderPartition,
  context: RequestContext,
): OffsetForLeaderEpochResponseEpochEndOffset {
  try {
    if (partition === undefined) throw fail('UNKNOWN_TOPIC_OR_PARTITION')
    const log = partition.log(context.broker.id)
    if (log === undefined) throw fail('NOT_LEADER_OR_FOLLOWER')
    checkLeaderEpoch(partition, asked.currentLeaderEpoch)
    if (partition.leaderId !== context.broker.id) throw fail('NOT_LEADER_OR_FOLLOWER')
    const { leaderEpoch, endOffset } = log.endOffsetForEpoch(asked.leaderEpoch)
    return { partition: asked.partition, errorCode: ErrorCode.NONE, leaderEpoch, endOffset }
  } catch (error) {
    return { partition: asked.partition, errorCode: errorCodeOf(error) }
  }
}
