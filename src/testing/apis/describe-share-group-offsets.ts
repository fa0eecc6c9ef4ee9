import {
  type DescribeShareGroupOffsetsRequest,
  type DescribeShareGroupOffsetsRequestRequestGroup,
  type DescribeShareGroupOffsetsResponse,
  type DescribeShareGroupOffsetsResponseResponseGroup,
  type DescribeShareGroupOffsetsResponseResponsePartition,
  describeShareGroupOffsetsApi,
} from '../../wire/generated/broker/describe-share-group-offsets'
import type { ShareCoordinator } from '../groups/share/share-coordinator'
import { errorCodeOf, errorMessageOf, fail } from '../contracts/kafka-failure'
import { type ApiHandler, type RequestContext, handler } from '../contracts/api-handler'
import type { Services } from '../contracts/services'
import { authorizeGroup } from './group-access'
import { requireShareProtocol } from './share-protocol'
import { zeroUuid } from '../../wire/primitives/uuid'

/** DescribeShareGroupOffsets 0 and 1. Version 1 tells the lag (KIP-1226). */
export function describeShareGroupOffsetsHandler(
  services: Services,
  coordinator: ShareCoordinator,
): ApiHandler<DescribeShareGroupOffsetsRequest, DescribeShareGroupOffsetsResponse> {
  return handler(describeShareGroupOffsetsApi, (request, context) => ({
    throttleTimeMs: 0,
    groups: request.groups.map((group) => {
      try {
        return describe(services, coordinator, group, context)
      } catch (error) {
        const errorMessage = errorMessageOf(error)
        return { groupId: group.groupId, topics: [], errorCode: errorCodeOf(error), errorMessage }
      }
    }),
  }))
}

function describe(
  services: Services,
  coordinator: ShareCoordinator,
  { groupId, topics }: DescribeShareGroupOffsetsRequestRequestGroup,
  context: RequestContext,
): DescribeShareGroupOffsetsResponseResponseGroup {
  requireShareProtocol(services)
  const { authorizer } = services
  authorizeGroup(services, context, 'Describe', groupId)
  services.coordinators.require(context, 'group', groupId)
  const mayDescribe = (topic: string): boolean => authorizer.allows(context, 'Describe', 'Topic', topic)
  const asked =
    topics ?? allTopics(services, coordinator, groupId).filter(({ topicName }) => mayDescribe(topicName))
  const answers = asked.map(({ topicName, partitions }) => {
    const topicId = mayDescribe(topicName) ? (services.topics.byName(topicName)?.id ?? zeroUuid) : zeroUuid
    const describeOne = (index: number) =>
      mayDescribe(topicName)
        ? describePartition(services, coordinator, groupId, topicName, index)
        : { ...unknownPartition(index), errorCode: errorCodeOf(fail('TOPIC_AUTHORIZATION_FAILED')) }
    return { topicName, topicId, partitions: partitions.map(describeOne) }
  })
  return { groupId, topics: answers, errorCode: 0 }
}

function allTopics(services: Services, { states }: ShareCoordinator, groupId: string) {
  return [...states.initialized(groupId)].flatMap(([topicId, count]) => {
    const topicName = services.topics.byId(topicId)?.name
    if (topicName === undefined) return []
    return [{ topicName, partitions: Array.from({ length: count }, (_, index) => index) }]
  })
}

function describePartition(
  services: Services,
  { states }: ShareCoordinator,
  groupId: string,
  topicName: string,
  index: number,
): DescribeShareGroupOffsetsResponseResponsePartition {
  const partition = services.topics.partition(topicName, index)
  const state = partition && states.get(groupId, partition.topicId, index)
  if (partition === undefined || state === undefined) return unknownPartition(index)
  const startOffset = state.storedStartOffset
  const lag = startOffset < 0n ? -1n : partition.highWatermark - startOffset - BigInt(state.storedDoneCount)
  return { partitionIndex: index, startOffset, leaderEpoch: state.leaderEpoch, lag, errorCode: 0 }
}

function unknownPartition(index: number): DescribeShareGroupOffsetsResponseResponsePartition {
  return { partitionIndex: index, startOffset: -1n, leaderEpoch: 0, lag: -1n, errorCode: 0 }
}
