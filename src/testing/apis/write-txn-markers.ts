import { ErrorCode } from '../../base/error-codes'
import {
  writeTxnMarkersApi,
  type WriteTxnMarkersRequest,
  type WriteTxnMarkersRequestWritableTxnMarker,
  type WriteTxnMarkersResponse,
} from '../../wire/generated/broker/write-txn-markers'
import { errorCodeOf, fail } from '../contracts/kafka-failure'
import { handler, type ApiHandler, type RequestContext } from '../contracts/api-handler'
import { clusterResource } from '../contracts/security'
import type { TransactionApiServices } from '../transactions/transaction-services'
import { offsetsTopic } from '../transactions/marker-delivery'

const replicationTimeoutMs = 30_000

/** WriteTxnMarkers: what coordinators send to leaders, and an admin to end a transaction that hangs (KIP-664). */
export function writeTxnMarkersHandler(
  services: TransactionApiServices,
): ApiHandler<WriteTxnMarkersRequest, WriteTxnMarkersResponse> {
  return handler(writeTxnMarkersApi, async (request, context) => {
    const isAllowed =
      services.authorizer.allows(context, 'Alter', 'Cluster', clusterResource) ||
      services.authorizer.allows(context, 'ClusterAction', 'Cluster', clusterResource)
    const write = async (marker: WriteTxnMarkersRequestWritableTxnMarker, topic: string, index: number) => {
      if (!isAllowed) return ErrorCode.CLUSTER_AUTHORIZATION_FAILED
      try {
        await writeMarker(services, context, marker, topic, index)
        return ErrorCode.NONE
      } catch (error) {
        return errorCodeOf(error)
      }
    }
    const markers = request.markers.map(async (marker) => ({
      producerId: marker.producerId,
      topics: await Promise.all(
        marker.topics.map(async ({ name, partitionIndexes }) => ({
          name,
          partitions: await Promise.all(
            partitionIndexes.map(async (partitionIndex) => ({
              partitionIndex,
              errorCode: await write(marker, name, partitionIndex),
            })),
          ),
        })),
      ),
    }))
    return { markers: await Promise.all(markers) }
  })
}

async function writeMarker(
  services: TransactionApiServices,
  context: RequestContext,
  marker: WriteTxnMarkersRequestWritableTxnMarker,
  topic: string,
  index: number,
): Promise<void> {
  const partition = services.topics.partition(topic, index)
  if (partition?.log(context.broker.id) === undefined) throw fail('UNKNOWN_TOPIC_OR_PARTITION')
  if (partition.leaderId !== context.broker.id) throw fail('NOT_LEADER_OR_FOLLOWER')
  const { producerId, producerEpoch, transactionResult: committed, coordinatorEpoch } = marker
  const transactionVersion = marker.transactionVersion >= 2 ? 2 : 1
  const { lastOffset } = partition.appendMarker({
    producerId,
    producerEpoch,
    committed,
    coordinatorEpoch,
    transactionVersion,
  })
  if (partition.highWatermark <= lastOffset) await partition.whenReplicated(lastOffset, replicationTimeoutMs)
  if (topic === offsetsTopic) services.offsets.completeTransaction(producerId, index, committed)
}
