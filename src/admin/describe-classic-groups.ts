import { ErrorCode } from '../base/error-codes'
import { describeGroupsApi, type DescribeGroupsResponse } from '../wire/generated/client/describe-groups'
import { attempt, type AdminCall } from './admin-call'
import { authorizedOperations } from './authorized-operations'
import { consumerProtocolType, decodeAssignment, decodeSubscribedTopics } from './group-assignments'
import { describedGroups, type DescribedGroups } from './group-describer'
import { parseGroupState, type DescribedGroup, type GroupMember } from './group-types'

/** Brokers tell what a client may do with a group since this version (Kafka 2.3). */
const operationsVersion = 3

/** Groups of the classic protocol, from their coordinator. */
export async function describeClassicGroups(
  call: AdminCall,
  nodeId: number,
  groupIds: readonly string[],
  includeAuthorizedOperations: boolean,
): Promise<DescribedGroups> {
  const body = { groups: groupIds, ...(includeAuthorizedOperations ? { includeAuthorizedOperations } : {}) }
  const response = await attempt(call, nodeId, describeGroupsApi, body, {
    minVersion: includeAuthorizedOperations ? operationsVersion : describeGroupsApi.minVersion,
  })
  const answers = response.groups.map((answer) => ({ ...answer, errorCode: effectiveError(answer) }))
  return describedGroups(answers, describeGroupsApi.name, nodeId, describeGroup)
}

type GroupAnswer = DescribeGroupsResponse['groups'][number]
type MemberAnswer = GroupAnswer['members'][number]

/** Before v6 (KIP-1043) a group that does not exist is described as dead. */
function effectiveError({ errorCode, groupState }: GroupAnswer): number {
  const isDead = errorCode === ErrorCode.NONE && parseGroupState(groupState) === 'Dead'
  return isDead ? ErrorCode.GROUP_ID_NOT_FOUND : errorCode
}

function describeGroup(answer: GroupAnswer, coordinator: number): DescribedGroup {
  const isConsumer = answer.protocolType === consumerProtocolType
  return {
    type: 'classic',
    state: parseGroupState(answer.groupState),
    protocolType: answer.protocolType,
    assignor: answer.protocolData,
    groupEpoch: null,
    assignmentEpoch: null,
    topology: null,
    members: answer.members.map((member) => describeMember(member, isConsumer)),
    coordinator,
    authorizedOperations: authorizedOperations(answer.authorizedOperations),
  }
}

function describeMember(answer: MemberAnswer, isConsumer: boolean): GroupMember {
  return {
    memberId: answer.memberId,
    groupInstanceId: answer.groupInstanceId,
    clientId: answer.clientId,
    clientHost: answer.clientHost,
    rackId: null,
    memberEpoch: null,
    isClassic: true,
    subscribedTopics: isConsumer ? decodeSubscribedTopics(answer.memberMetadata) : null,
    subscribedTopicRegex: null,
    assignment: isConsumer ? decodeAssignment(answer.memberAssignment) : null,
    targetAssignment: null,
    memberMetadata: answer.memberMetadata,
    memberAssignment: answer.memberAssignment,
    streams: null,
  }
}
