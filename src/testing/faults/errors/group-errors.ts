import { noMessage, nothing, noOffset, unthrottled, type ErrorResponses } from './error-response'

const emptyBytes = new Uint8Array(0)

/** Of members of consumer and share groups. */
const heartbeatError = (_: unknown, errorCode: number) => ({
  ...unthrottled,
  errorCode,
  memberEpoch: 0,
  heartbeatIntervalMs: 0,
})

/** Of consumer and share groups that are described. */
const describeError = ({ groupIds }: { readonly groupIds: readonly string[] }, errorCode: number) => ({
  ...unthrottled,
  groups: groupIds.map((groupId) => ({
    groupId,
    errorCode,
    groupState: '',
    groupEpoch: 0,
    assignmentEpoch: 0,
    assignorName: '',
    members: [],
  })),
})

/** Of requests that change the state of share partitions. */
const stateError = (
  {
    topics,
  }: {
    readonly topics: readonly {
      readonly topicId: string
      readonly partitions: readonly { readonly partition: number }[]
    }[]
  },
  errorCode: number,
) => ({
  results: topics.map(({ topicId, partitions }) => ({
    topicId,
    partitions: partitions.map(({ partition }) => ({ partition, errorCode })),
  })),
})

/** Groups of every kind, and their offsets. */
export const groupErrors: ErrorResponses<
  | 'FindCoordinator'
  | 'JoinGroup'
  | 'SyncGroup'
  | 'Heartbeat'
  | 'LeaveGroup'
  | 'ConsumerGroupHeartbeat'
  | 'ConsumerGroupDescribe'
  | 'OffsetCommit'
  | 'OffsetFetch'
  | 'OffsetDelete'
  | 'ListGroups'
  | 'DescribeGroups'
  | 'DeleteGroups'
> = {
  FindCoordinator: ({ coordinatorKeys }, errorCode, version) =>
    version >= 4
      ? {
          ...unthrottled,
          coordinators: coordinatorKeys.map((key) => ({
            key,
            nodeId: nothing,
            host: '',
            port: nothing,
            errorCode,
            errorMessage: noMessage,
          })),
        }
      : { ...unthrottled, errorCode, nodeId: nothing, host: '', port: nothing },
  // The protocol's name may be null since version 7 only.
  JoinGroup: ({ memberId }, errorCode, version) => ({
    ...unthrottled,
    errorCode,
    generationId: nothing,
    protocolName: version >= 7 ? null : '',
    leader: '',
    memberId,
    members: [],
  }),
  SyncGroup: (_, errorCode) => ({ ...unthrottled, errorCode, assignment: emptyBytes }),
  Heartbeat: (_, errorCode) => ({ ...unthrottled, errorCode }),
  LeaveGroup: (_, errorCode) => ({ ...unthrottled, errorCode }),
  ConsumerGroupHeartbeat: heartbeatError,
  ConsumerGroupDescribe: describeError,
  OffsetCommit: ({ topics }, errorCode) => ({
    ...unthrottled,
    topics: topics.map(({ name, topicId, partitions }) => ({
      name,
      topicId,
      partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode })),
    })),
  }),
  // A group's error stands by partition in version 1, for all in 2 to 7, by group since 8.
  OffsetFetch: ({ groups, topics }, errorCode, version) => {
    if (version >= 8) return { groups: groups.map(({ groupId }) => ({ groupId, topics: [], errorCode })) }
    if (version >= 2) return { topics: [], errorCode }
    return {
      topics: (topics ?? []).map(({ name, partitionIndexes }) => ({
        name,
        partitions: partitionIndexes.map((partitionIndex) => ({
          partitionIndex,
          committedOffset: noOffset,
          metadata: '',
          errorCode,
        })),
      })),
    }
  },
  OffsetDelete: (_, errorCode) => ({ ...unthrottled, errorCode, topics: [] }),
  ListGroups: (_, errorCode) => ({ ...unthrottled, errorCode, groups: [] }),
  DescribeGroups: ({ groups }, errorCode) => ({
    ...unthrottled,
    groups: groups.map((groupId) => ({
      groupId,
      errorCode,
      groupState: '',
      protocolType: '',
      protocolData: '',
      members: [],
    })),
  }),
  DeleteGroups: ({ groupsNames }, errorCode) => ({
    ...unthrottled,
    results: groupsNames.map((groupId) => ({ groupId, errorCode })),
  }),
}

/** Share groups (KIP-932) and streams groups (KIP-1071). */
export const otherGroupErrors: ErrorResponses<
  | 'ShareGroupHeartbeat'
  | 'ShareGroupDescribe'
  | 'ShareFetch'
  | 'ShareAcknowledge'
  | 'DescribeShareGroupOffsets'
  | 'AlterShareGroupOffsets'
  | 'DeleteShareGroupOffsets'
  | 'InitializeShareGroupState'
  | 'ReadShareGroupState'
  | 'WriteShareGroupState'
  | 'DeleteShareGroupState'
  | 'ReadShareGroupStateSummary'
  | 'StreamsGroupHeartbeat'
  | 'StreamsGroupDescribe'
  | 'StreamsGroupTopologyDescriptionUpdate'
> = {
  ShareGroupHeartbeat: heartbeatError,
  ShareGroupDescribe: describeError,
  ShareFetch: (_, errorCode) => ({
    ...unthrottled,
    errorCode,
    acquisitionLockTimeoutMs: 0,
    responses: [],
    nodeEndpoints: [],
  }),
  ShareAcknowledge: (_, errorCode) => ({ ...unthrottled, errorCode, responses: [], nodeEndpoints: [] }),
  DescribeShareGroupOffsets: ({ groups }, errorCode) => ({
    ...unthrottled,
    groups: groups.map(({ groupId }) => ({ groupId, topics: [], errorCode })),
  }),
  AlterShareGroupOffsets: (_, errorCode) => ({ ...unthrottled, errorCode, responses: [] }),
  DeleteShareGroupOffsets: (_, errorCode) => ({ ...unthrottled, errorCode, responses: [] }),
  InitializeShareGroupState: stateError,
  ReadShareGroupState: ({ topics }, errorCode) => ({
    results: topics.map(({ topicId, partitions }) => ({
      topicId,
      partitions: partitions.map(({ partition }) => ({
        partition,
        errorCode,
        stateEpoch: 0,
        startOffset: 0n,
        stateBatches: [],
      })),
    })),
  }),
  WriteShareGroupState: stateError,
  DeleteShareGroupState: stateError,
  ReadShareGroupStateSummary: ({ topics }, errorCode) => ({
    results: topics.map(({ topicId, partitions }) => ({
      topicId,
      partitions: partitions.map(({ partition }) => ({
        partition,
        errorCode,
        stateEpoch: 0,
        leaderEpoch: 0,
        startOffset: 0n,
      })),
    })),
  }),
  StreamsGroupHeartbeat: ({ memberId }, errorCode) => ({
    ...unthrottled,
    errorCode,
    memberId,
    memberEpoch: 0,
    heartbeatIntervalMs: 0,
    taskOffsetIntervalMs: 0,
    endpointInformationEpoch: 0,
    status: null,
  }),
  StreamsGroupDescribe: ({ groupIds }, errorCode) => ({
    ...unthrottled,
    groups: groupIds.map((groupId) => ({
      groupId,
      errorCode,
      groupState: '',
      groupEpoch: 0,
      assignmentEpoch: 0,
      topology: null,
      members: [],
    })),
  }),
  StreamsGroupTopologyDescriptionUpdate: (_, errorCode) => ({ ...unthrottled, errorCode }),
}
