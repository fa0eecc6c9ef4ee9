import {
  consumerGroupDescribeApi,
  type ConsumerGroupDescribeResponse,
} from '../wire/generated/client/consumer-group-describe'
import { attempt, type AdminCall } from './admin-call'
import { authorizedOperations } from './authorized-operations'
import { consumerProtocolType, listPartitions } from './group-assignments'
import { parseGroupState, type DescribedGroup, type GroupMember } from './group-types'
import type { Outcome } from './item-result'
import { outcomeOf } from './shards'

/** How brokers say which protocol a member speaks (KIP-1099, Kafka 4.0). */
const unknownMember = -1
const classicMember = 0

/** Groups of the KIP-848 protocol, from their coordinator; others are answered GROUP_ID_NOT_FOUND. */
export async function describeConsumerGroups(
  call: AdminCall,
  nodeId: number,
  groupIds: readonly string[],
  includeAuthorizedOperations: boolean,
): Promise<ReadonlyMap<string, Outcome<DescribedGroup>>> {
  const body = { groupIds, includeAuthorizedOperations }
  const response = await attempt(call, nodeId, consumerGroupDescribeApi, body)
  return new Map(
    response.groups.map((answer) => {
      const { groupId } = answer
      const context = { api: consumerGroupDescribeApi.name, groupId, nodeId }
      const describe = () => describeGroup(answer, nodeId)
      return [groupId, outcomeOf(answer, 'The group could not be described', context, describe)]
    }),
  )
}

type GroupAnswer = ConsumerGroupDescribeResponse['groups'][number]
type MemberAnswer = GroupAnswer['members'][number]

function describeGroup(answer: GroupAnswer, coordinator: number): DescribedGroup {
  return {
    type: 'consumer',
    state: parseGroupState(answer.groupState),
    protocolType: consumerProtocolType,
    assignor: answer.assignorName,
    groupEpoch: answer.groupEpoch,
    assignmentEpoch: answer.assignmentEpoch,
    topology: null,
    members: answer.members.map(describeMember),
    coordinator,
    authorizedOperations: authorizedOperations(answer.authorizedOperations),
  }
}

function describeMember(answer: MemberAnswer): GroupMember {
  return {
    memberId: answer.memberId,
    groupInstanceId: answer.instanceId,
    clientId: answer.clientId,
    clientHost: answer.clientHost,
    rackId: answer.rackId,
    memberEpoch: answer.memberEpoch,
    isClassic: answer.memberType === unknownMember ? null : answer.memberType === classicMember,
    subscribedTopics: answer.subscribedTopicNames,
    // An empty expression is how some brokers say that there is none.
    subscribedTopicRegex: answer.subscribedTopicRegex || null,
    assignment: partitionsOf(answer.assignment),
    targetAssignment: partitionsOf(answer.targetAssignment),
    memberMetadata: null,
    memberAssignment: null,
    streams: null,
  }
}

function partitionsOf({ topicPartitions }: MemberAnswer['assignment']) {
  return listPartitions(
    topicPartitions.map(({ topicName, partitions }) => ({ topic: topicName, partitions })),
  )
}
