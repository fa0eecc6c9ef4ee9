import {
  consumerGroupDescribeApi,
  type ConsumerGroupDescribeResponse,
} from '../wire/generated/client/consumer-group-describe'
import { authorizedOperations } from './authorized-operations'
import { consumerProtocolType, listPartitions } from './group-assignments'
import { groupDescriber } from './group-describer'
import { parseGroupState, type DescribedGroup, type GroupMember } from './group-types'

/** How brokers say which protocol a member speaks (KIP-1099, Kafka 4.0). */
const unknownMember = -1
const classicMember = 0

/** Groups of the KIP-848 protocol, from their coordinator; others are answered GROUP_ID_NOT_FOUND. */
export const describeConsumerGroups = groupDescriber(consumerGroupDescribeApi, describeGroup)

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
