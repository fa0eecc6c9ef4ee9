import { ErrorCode } from '../../base/error-codes'
import {
  alterReplicaLogDirsApi,
  type AlterReplicaLogDirsRequest,
  type AlterReplicaLogDirsResponse,
} from '../../wire/generated/broker/alter-replica-log-dirs'
import { logDirOf } from '../cluster/log-dir'
import { handler, type ApiHandler } from '../contracts/api-handler'
import { clusterResource } from '../contracts/security'
import type { Services } from '../contracts/services'

/** Moves replicas between a broker's directories. There is one, where they are already. */
export function alterReplicaLogDirsHandler(
  services: Services,
): ApiHandler<AlterReplicaLogDirsRequest, AlterReplicaLogDirsResponse> {
  return handler(alterReplicaLogDirsApi, (request, context) => {
    const isAllowed = services.authorizer.allows(context, 'Alter', 'Cluster', clusterResource)
    const results = new Map<string, { partitionIndex: number; errorCode: number }[]>()
    for (const { path, topics } of request.dirs) {
      for (const { name, partitions } of topics) {
        let result = results.get(name)
        if (result === undefined) results.set(name, (result = []))
        for (const partitionIndex of partitions) {
          const errorCode = isAllowed
            ? moveError(services, context.broker.id, path, name, partitionIndex)
            : ErrorCode.CLUSTER_AUTHORIZATION_FAILED
          result.push({ partitionIndex, errorCode })
        }
      }
    }
    const byTopic = [...results].map(([topicName, partitions]) => ({ topicName, partitions }))
    return { throttleTimeMs: 0, results: byTopic }
  })
}

function moveError(services: Services, brokerId: number, path: string, topic: string, index: number): number {
  if (path !== logDirOf(brokerId)) return ErrorCode.LOG_DIR_NOT_FOUND
  const partition = services.topics.partition(topic, index)
  if (partition === undefined) return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
  return partition.log(brokerId) === undefined ? ErrorCode.REPLICA_NOT_AVAILABLE : 0
}
