import type { GroupDescription as CoreGroup, GroupMemberDescription, TopicPartition } from '../../index'
import type { Assignment, ConsumerGroupState, GroupDescription, MemberDescription } from '../types/group'
import { AssignerProtocol } from './assigner-protocol'

const states: ReadonlySet<string> = new Set<ConsumerGroupState>([
  'PreparingRebalance',
  'CompletingRebalance',
  'Stable',
  'Dead',
  'Empty',
])

/** Not declared, but there in KafkaJS's answers. */
const described = { errorCode: 0 }

/** A group as KafkaJS describes it; states that it does not know are those of a group that divides its partitions. */
export function describeGroup(group: CoreGroup): GroupDescription {
  const { groupId, state, protocolType, assignor, members } = group
  const isRebalancing = state === 'Assigning' || state === 'Reconciling'
  return {
    ...described,
    groupId,
    members: members.map(describeMember),
    protocol: assignor,
    protocolType,
    state: isRebalancing
      ? 'CompletingRebalance'
      : states.has(state)
        ? (state as ConsumerGroupState)
        : 'Unknown',
  }
}

/** KafkaJS shows a group that does not exist as one that is dead. */
export function deadGroup(groupId: string): GroupDescription {
  return { ...described, groupId, members: [], protocol: '', protocolType: '', state: 'Dead' }
}

/** What members of KIP-848 groups have no bytes for is written as those of other groups would have written it. */
function describeMember(member: GroupMemberDescription): MemberDescription {
  const { memberId, clientId, clientHost, subscribedTopics, assignment } = member
  const userData = Buffer.alloc(0)
  return {
    memberId,
    clientId,
    clientHost,
    memberMetadata:
      member.memberMetadata ??
      AssignerProtocol.MemberMetadata.encode({
        version: 0,
        topics: [...(subscribedTopics ?? [])],
        userData,
      }),
    memberAssignment:
      member.memberAssignment ??
      AssignerProtocol.MemberAssignment.encode({
        version: 0,
        assignment: assignmentOf(assignment ?? []),
        userData,
      }),
  }
}

function assignmentOf(partitions: readonly TopicPartition[]): Assignment {
  const assignment = Object.create(null) as Assignment
  for (const { topic, partition } of partitions) (assignment[topic] ??= []).push(partition)
  return assignment
}
