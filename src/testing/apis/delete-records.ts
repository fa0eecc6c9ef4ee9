import { ErrorCode } from '../../base/error-codes'
import {
  deleteRecordsApi,
  type DeleteRecordsRequest,
  type DeleteRecordsRequestPartition,
  type DeleteRecordsResponse,
  type DeleteRecordsResponsePartitionResult,
} from '../../wire/generated/broker/delete-records'
import type { Topic } from '../contracts/topics'
import { errorCodeOf, fail } from '../contracts/kafka-failure'
import { handler, type ApiHandler, type RequestContext } from '../contracts/api-handler'
import type { Services } from '../contracts/services'

/** What Kafka answers as the low watermark where nothing was deleted. */
const noLowWatermark = -1n

/** Moves the start of partitions' logs: all records before an offset are gone at once, on all replicas. */
export function deleteRecordsHandler(
  services: Services,
): ApiHandler<DeleteRecordsRequest, DeleteRecordsResponse> {
  return handler(deleteRecordsApi, (request, context) => {
    const topics = request.topics.map(({ name, partitions }) => {
      const isAllowed = services.authorizer.allows(context, 'Delete', 'Topic', name)
      const topic = services.topics.byName(name)
      return {
        name,
        partitions: partitions.map((asked) =>
          isAllowed
            ? deleteBefore(topic, asked, context)
            : refused(asked, ErrorCode.TOPIC_AUTHORIZATION_FAILED),
        ),
      }
    })
    return { throttleTimeMs: context.throttleMs, topics }
  })
}

function deleteBefore(
  topic: Topic | undefined,
  asked: DeleteRecordsRequestPartition,
  context: RequestContext,
): DeleteRecordsResponsePartitionResult {
  try {
    const partition = topic?.partitions[asked.partitionIndex]
    if (topic === undefined || partition === undefined) throw fail('UNKNOWN_TOPIC_OR_PARTITION')
    if (topic.isInternal) {
      throw fail('INVALID_TOPIC_EXCEPTION', `Cannot delete records of internal topic ${topic.name}`)
    }
    if (partition.leaderId !== context.broker.id) throw fail('NOT_LEADER_OR_FOLLOWER')
    const lowWatermark = partition.deleteRecordsBefore(asked.offset)
    return { partitionIndex: asked.partitionIndex, lowWatermark, errorCode: ErrorCode.NONE }
  } catch (error) {
    return refused(asked, errorCodeOf(error))
  }
}

function refused(
  { partitionIndex }: DeleteRecordsRequestPartition,
  errorCode: number,
): DeleteRecordsResponsePartitionResult {
  return { partitionIndex, lowWatermark: noLowWatermark, errorCode }
}
