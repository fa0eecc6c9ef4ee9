import {
  type AlterShareGroupOffsetsRequest,
  type AlterShareGroupOffsetsResponse,
  alterShareGroupOffsetsApi,
} from '../../wire/generated/broker/alter-share-group-offsets'
import type { ShareCoordinator } from '../groups/share/share-coordinator'
import { fail } from '../contracts/kafka-failure'
import { type ApiHandler, type RequestContext, handler } from '../contracts/api-handler'
import type { Services } from '../contracts/services'
import { authorizeGroup } from './group-access'
import { refusal, refusedOffsets, unknownPartition } from './share-group-offsets'
import { requireShareProtocol } from './share-protocol'
import { zeroUuid } from '../../wire/primitives/uuid'

/** AlterShareGroupOffsets 0: where a group without members begins to read. */
export function alterShareGroupOffsetsHandler(
  services: Services,
  coordinator: ShareCoordinator,
): ApiHandler<AlterShareGroupOffsetsRequest, AlterShareGroupOffsetsResponse> {
  return handler(alterShareGroupOffsetsApi, (request, context) => {
    try {
      return alter(services, coordinator, request, context)
    } catch (error) {
      return refusedOffsets(error)
    }
  })
}

function alter(
  services: Services,
  { groups, states }: ShareCoordinator,
  { groupId, topics }: AlterShareGroupOffsetsRequest,
  context: RequestContext,
): AlterShareGroupOffsetsResponse {
  requireShareProtocol(services)
  const { authorizer } = services
  authorizeGroup(services, context, 'Read', groupId)
  services.coordinators.require(context, 'group', groupId)
  // A group that is not there comes into being by this, as at Kafka's brokers.
  groups.getOrCreate(groupId).validateDelete()
  const responses = topics.map(({ topicName, partitions }) => {
    const mayRead = authorizer.allows(context, 'Read', 'Topic', topicName)
    const topic = mayRead ? services.topics.byName(topicName) : undefined
    const answers = partitions.map(({ partitionIndex, startOffset }) => {
      if (!mayRead) return { partitionIndex, ...refusal(fail('TOPIC_AUTHORIZATION_FAILED')) }
      const partition = topic?.partitions[partitionIndex]
      if (partition === undefined) return { partitionIndex, ...refusal(unknownPartition()) }
      states.initialize(groupId, partition.topicId, topic?.partitions.length ?? 0)
      states.get(groupId, partition.topicId, partitionIndex)?.reset(startOffset)
      return { partitionIndex, errorCode: 0 }
    })
    return { topicName, topicId: topic?.id ?? zeroUuid, partitions: answers }
  })
  return { throttleTimeMs: 0, errorCode: 0, responses }
}
