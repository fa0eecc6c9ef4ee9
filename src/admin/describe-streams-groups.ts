import {
  streamsGroupDescribeApi,
  type StreamsGroupDescribeResponse,
} from '../wire/generated/client/streams-group-describe'
import { authorizedOperations } from './authorized-operations'
import { groupDescriber } from './group-describer'
import { parseGroupState, type DescribedGroup, type GroupMember } from './group-types'
import type {
  StreamsAssignment,
  StreamsInternalTopic,
  StreamsTask,
  StreamsTaskOffset,
  StreamsTopology,
} from './streams-group-types'

/** As brokers list streams groups. */
const streamsProtocolType = 'streams'

/** Streams groups (KIP-1071), from their coordinator; others are answered GROUP_ID_NOT_FOUND. */
export const describeStreamsGroups = groupDescriber(streamsGroupDescribeApi, describeGroup)

type GroupAnswer = StreamsGroupDescribeResponse['groups'][number]
type TopologyAnswer = NonNullable<GroupAnswer['topology']>
type SubtopologyAnswer = NonNullable<TopologyAnswer['subtopologies']>[number]
type MemberAnswer = GroupAnswer['members'][number]

function describeGroup(answer: GroupAnswer, coordinator: number): DescribedGroup {
  return {
    type: 'streams',
    state: parseGroupState(answer.groupState),
    protocolType: streamsProtocolType,
    assignor: answer.assignorName ?? '',
    groupEpoch: answer.groupEpoch,
    assignmentEpoch: answer.assignmentEpoch,
    topology: answer.topology === null ? null : describeTopology(answer.topology),
    members: answer.members.map(describeMember),
    coordinator,
    authorizedOperations: authorizedOperations(answer.authorizedOperations),
  }
}

function describeTopology({ epoch, subtopologies }: TopologyAnswer): StreamsTopology {
  return {
    epoch,
    subtopologies: (subtopologies ?? []).map((one) => ({
      subtopologyId: one.subtopologyId,
      sourceTopics: one.sourceTopics,
      repartitionSinkTopics: one.repartitionSinkTopics,
      stateChangelogTopics: one.stateChangelogTopics.map(describeTopic),
      repartitionSourceTopics: one.repartitionSourceTopics.map(describeTopic),
    })),
  }
}

function describeTopic(answer: SubtopologyAnswer['stateChangelogTopics'][number]): StreamsInternalTopic {
  const { name, partitions, replicationFactor, topicConfigs } = answer
  return {
    name,
    partitions: partitions > 0 ? partitions : null,
    replicationFactor: replicationFactor > 0 ? replicationFactor : null,
    configs: recordOf(topicConfigs),
  }
}

/** Members read what their tasks say, not topics of their own choice. */
function describeMember(answer: MemberAnswer): GroupMember {
  const { memberId, instanceId, clientId, clientHost, rackId, memberEpoch, userEndpoint } = answer
  return {
    memberId,
    groupInstanceId: instanceId,
    clientId,
    clientHost,
    rackId,
    memberEpoch,
    isClassic: answer.isClassic,
    subscribedTopics: null,
    subscribedTopicRegex: null,
    assignment: null,
    targetAssignment: null,
    memberMetadata: null,
    memberAssignment: null,
    streams: {
      topologyEpoch: answer.topologyEpoch,
      processId: answer.processId,
      userEndpoint: userEndpoint === null ? null : { host: userEndpoint.host, port: userEndpoint.port },
      clientTags: recordOf(answer.clientTags),
      tasks: describeTasks(answer.assignment),
      targetTasks: describeTasks(answer.targetAssignment),
      taskOffsets: answer.taskOffsets.map(taskOffset),
      taskEndOffsets: answer.taskEndOffsets.map(taskOffset),
    },
  }
}

function describeTasks({
  activeTasks,
  standbyTasks,
  warmupTasks,
}: MemberAnswer['assignment']): StreamsAssignment {
  return {
    active: activeTasks.flatMap(tasksOf),
    standby: standbyTasks.flatMap(tasksOf),
    warmup: warmupTasks.flatMap(tasksOf),
  }
}

function tasksOf(answer: MemberAnswer['assignment']['activeTasks'][number]): StreamsTask[] {
  const { subtopologyId, partitions } = answer
  return partitions.map((partition) => ({ subtopologyId, partition }))
}

function taskOffset({
  subtopologyId,
  partition,
  offset,
}: MemberAnswer['taskOffsets'][number]): StreamsTaskOffset {
  return { subtopologyId, partition, offset }
}

function recordOf(
  pairs: readonly { readonly key: string; readonly value: string }[],
): Record<string, string> {
  return Object.fromEntries(pairs.map(({ key, value }) => [key, value]))
}
