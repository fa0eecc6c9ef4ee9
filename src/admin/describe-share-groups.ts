import {
  shareGroupDescribeApi,
  type ShareGroupDescribeResponse,
} from '../wire/generated/client/share-group-describe'
import { authorizedOperations } from './authorized-operations'
import { listPartitions } from './group-assignments'
import { groupDescriber } from './group-describer'
import { parseGroupState, type DescribedGroup, type GroupMember } from './group-types'

/** As brokers list share groups. */
const shareProtocolType = 'share'

/** Share groups (KIP-932), from their coordinator; others are answered GROUP_ID_NOT_FOUND. */
export const describeShareGroups = groupDescriber(shareGroupDescribeApi, describeGroup)

type GroupAnswer = ShareGroupDescribeResponse['groups'][number]
type MemberAnswer = GroupAnswer['members'][number]

function describeGroup(answer: GroupAnswer, coordinator: number): DescribedGroup {
  return {
    type: 'share',
    state: parseGroupState(answer.groupState),
    protocolType: shareProtocolType,
    assignor: answer.assignorName,
    groupEpoch: answer.groupEpoch,
    assignmentEpoch: answer.assignmentEpoch,
    topology: null,
    members: answer.members.map(describeMember),
    coordinator,
    authorizedOperations: authorizedOperations(answer.authorizedOperations),
  }
}

/** Members of share groups have no names that outlive them, no patterns, and nothing to wait for before they read. */
function describeMember(answer: MemberAnswer): GroupMember {
  return {
    memberId: answer.memberId,
    groupInstanceId: null,
    clientId: answer.clientId,
    clientHost: answer.clientHost,
    rackId: answer.rackId,
    memberEpoch: answer.memberEpoch,
    isClassic: false,
    subscribedTopics: answer.subscribedTopicNames,
    subscribedTopicRegex: null,
    assignment: listPartitions(
      answer.assignment.topicPartitions.map(({ topicName, partitions }) => ({
        topic: topicName,
        partitions,
      })),
    ),
    targetAssignment: null,
    memberMetadata: null,
    memberAssignment: null,
    streams: null,
  }
}
