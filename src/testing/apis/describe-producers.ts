import { ErrorCode } from '../../base/error-codes'
import {
  describeProducersApi,
  type DescribeProducersRequest,
  type DescribeProducersResponse,
  type DescribeProducersResponsePartitionResponse,
} from '../../wire/generated/broker/describe-producers'
import type { Partition } from '../contracts/partition'
import { errorCodeOf, fail } from '../contracts/kafka-failure'
import { handler, type ApiHandler, type RequestContext } from '../contracts/api-handler'
import type { Services } from '../contracts/services'

/** Which producers a partition's leader knows, and since when they have a transaction open (KIP-664). */
export function describeProducersHandler(
  services: Services,
): ApiHandler<DescribeProducersRequest, DescribeProducersResponse> {
  return handler(describeProducersApi, (request, context) => {
    const topics = request.topics.map(({ name, partitionIndexes }) => {
      const isAllowed = services.authorizer.allows(context, 'Read', 'Topic', name)
      return {
        name,
        partitions: partitionIndexes.map((index) =>
          isAllowed
            ? describe(services.topics.partition(name, index), index, context)
            : refused(index, ErrorCode.TOPIC_AUTHORIZATION_FAILED),
        ),
      }
    })
    return { throttleTimeMs: context.throttleMs, topics }
  })
}

function describe(
  partition: Partition | undefined,
  partitionIndex: number,
  context: RequestContext,
): DescribeProducersResponsePartitionResponse {
  try {
    if (partition === undefined) throw fail('UNKNOWN_TOPIC_OR_PARTITION')
    if (partition.leaderId !== context.broker.id) throw fail('NOT_LEADER_OR_FOLLOWER')
    const activeProducers = partition.leaderLog.activeProducers().map((producer) => ({
      ...producer,
      lastTimestamp: BigInt(producer.lastTimestamp),
    }))
    return { partitionIndex, errorCode: ErrorCode.NONE, activeProducers }
  } catch (error) {
    return refused(partitionIndex, errorCodeOf(error))
  }
}

function refused(partitionIndex: number, errorCode: number): DescribeProducersResponsePartitionResponse {
  return { partitionIndex, errorCode, activeProducers: [] }
}
