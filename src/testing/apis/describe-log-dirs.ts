import { ErrorCode } from '../../base/error-codes'
import {
  describeLogDirsApi,
  type DescribeLogDirsRequest,
  type DescribeLogDirsResponse,
  type DescribeLogDirsResponseTopic,
} from '../../wire/generated/broker/describe-log-dirs'
import { logDirOf } from '../cluster/log-dir'
import { handler, type ApiHandler } from '../contracts/api-handler'
import { clusterResource } from '../contracts/security'
import type { Services } from '../contracts/services'

/** Tells the sizes of the logs that the asked broker holds; each broker has one directory. */
export function describeLogDirsHandler(
  services: Services,
): ApiHandler<DescribeLogDirsRequest, DescribeLogDirsResponse> {
  return handler(describeLogDirsApi, (request, context) => {
    if (!services.authorizer.allows(context, 'Describe', 'Cluster', clusterResource)) {
      return { throttleTimeMs: 0, errorCode: ErrorCode.CLUSTER_AUTHORIZATION_FAILED, results: [] }
    }
    const brokerId = context.broker.id
    const wanted = request.topics ?? [...services.topics.all].map(({ name }) => ({ topic: name }))
    const topics = wanted.flatMap((topic) => logsOf(services, brokerId, topic))
    const result = { errorCode: 0, logDir: logDirOf(brokerId), topics }
    return { throttleTimeMs: 0, errorCode: 0, results: [result] }
  })
}

function logsOf(
  services: Services,
  brokerId: number,
  wanted: { readonly topic: string; readonly partitions?: readonly number[] },
): DescribeLogDirsResponseTopic[] {
  const found = services.topics.byName(wanted.topic)?.partitions ?? []
  const partitions = found
    .filter(({ index }) => wanted.partitions?.includes(index) ?? true)
    .flatMap((partition) => {
      const log = partition.log(brokerId)
      if (log === undefined) return []
      const lag = partition.highWatermarkOn(brokerId) - log.endOffset
      return [
        {
          partitionIndex: partition.index,
          partitionSize: BigInt(log.sizeInBytes),
          offsetLag: lag > 0n ? lag : 0n,
          isFutureKey: false,
        },
      ]
    })
  return partitions.length > 0 ? [{ name: wanted.topic, partitions }] : []
}
