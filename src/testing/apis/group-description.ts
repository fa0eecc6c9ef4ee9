import type { RequestContext } from '../contracts/api-handler'
import { errorCodeOf, errorMessageOf, fail } from '../contracts/kafka-failure'
import type { Services } from '../contracts/services'
import {
  type EpochedPartitions,
  type PartitionSet,
  listPartitions,
} from '../groups/consumer/assignors/partition-sets'

/** Partitions of a member, as descriptions of consumer and share groups list them. */
export interface DescribedAssignment {
  readonly topicPartitions: readonly {
    readonly topicId: string
    readonly topicName: string
    readonly partitions: readonly number[]
  }[]
}

interface DescribeRequest {
  readonly groupIds: readonly string[]
  readonly includeAuthorizedOperations: boolean
}

interface DescribedMember {
  readonly subscribedTopicNames: readonly string[]
  readonly assignment: DescribedAssignment
  readonly targetAssignment?: DescribedAssignment
}

/** What is the same of a group that is described and of one that is refused. */
interface DescribedGroup {
  readonly groupId: string
  readonly members: readonly DescribedMember[]
}

/**
 * Answers a request that describes consumer groups or share groups, each by itself: nobody is told about a group with
 * topics that he may not describe.
 * @param describe describes one group; it has to ask whether the caller may describe the group itself
 */
export function describeEach<Group extends DescribedGroup>(
  services: Services,
  { groupIds, includeAuthorizedOperations }: DescribeRequest,
  context: RequestContext,
  describe: (groupId: string) => Group,
) {
  const describeOne = (groupId: string) => {
    const group = describe(groupId)
    authorizeTopics(services, context, group.members)
    if (!includeAuthorizedOperations) return group
    const authorizedOperations = services.authorizer.authorizedOperations(context, 'Group', groupId)
    return { ...group, authorizedOperations }
  }
  const groups = groupIds.map((groupId) => {
    try {
      return describeOne(groupId)
    } catch (error) {
      return refused(groupId, error)
    }
  })
  return { throttleTimeMs: 0, groups }
}

/** The partitions of topics that there still are, with the topics' names. */
export function describeAssignment(
  services: Services,
  assignment: PartitionSet | EpochedPartitions,
): DescribedAssignment {
  const topicPartitions = listPartitions(assignment).flatMap(({ topicId, partitions }) => {
    const topic = services.topics.byId(topicId)
    return topic === undefined ? [] : [{ topicId, topicName: topic.name, partitions }]
  })
  return { topicPartitions }
}

function authorizeTopics(
  { authorizer }: Services,
  context: RequestContext,
  members: readonly DescribedMember[],
): void {
  const names = members.flatMap(({ subscribedTopicNames, assignment, targetAssignment }) => [
    ...subscribedTopicNames,
    ...assignment.topicPartitions.map((topic) => topic.topicName),
    ...(targetAssignment?.topicPartitions ?? []).map((topic) => topic.topicName),
  ])
  if ([...new Set(names)].every((topic) => authorizer.allows(context, 'Describe', 'Topic', topic))) return
  throw fail(
    'TOPIC_AUTHORIZATION_FAILED',
    'The group has described topic(s) that the client is not authorized to describe.',
  )
}

function refused(groupId: string, error: unknown) {
  return {
    errorCode: errorCodeOf(error),
    errorMessage: errorMessageOf(error),
    groupId,
    groupState: '',
    groupEpoch: 0,
    assignmentEpoch: 0,
    assignorName: '',
    members: [],
  }
}
