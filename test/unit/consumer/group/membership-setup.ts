import { Deadline } from '../../../../src/base/deadline'
import { ErrorCode } from '../../../../src/base/error-codes'
import { cooperativeStickyAssignor } from '../../../../src/consumer/assignors/sticky/cooperative-sticky-assignor'
import { rangeAssignor } from '../../../../src/consumer/assignors/range-assignor'
import { ClassicMembership } from '../../../../src/consumer/group/classic-membership'
import { encodeAssignment } from '../../../../src/consumer/group/consumer-protocol'
import type { GroupMembershipOptions } from '../../../../src/consumer/group/group-membership'
import type { OffsetCommitRequest } from '../../../../src/wire/generated/client/offset-commit'
import { FakeGroupCluster, RecordingListener } from './fake-group-cluster'

/** What members of these tests are made with, unless a test says otherwise. */
export const options: GroupMembershipOptions = {
  groupId: 'shop',
  groupInstanceId: null,
  sessionTimeoutMs: 10_000,
  rebalanceTimeoutMs: 60_000,
  heartbeatIntervalMs: 3_000,
  assignors: [rangeAssignor()],
  rackId: null,
  allowAutoTopicCreation: false,
}

export const tp = (partition: number, topic = 'orders') => ({ topic, partition })
/** A committed offset of `orders`. */
export const offsetOf = (partition: number, offset = 5n) => ({
  ...tp(partition),
  offset,
  leaderEpoch: 0,
  metadata: '',
})

/** An answer to JoinGroup for a follower. */
export function joined(generationId: number, extra: object = {}) {
  return {
    throttleTimeMs: 0,
    errorCode: 0,
    generationId,
    protocolType: 'consumer',
    protocolName: 'range',
    leader: 'other',
    skipAssignment: false,
    memberId: 'me',
    members: [],
    ...extra,
  }
}

/** An answer to SyncGroup that assigns partitions of `orders`. */
export const synced = (...partitions: number[]) => ({
  throttleTimeMs: 0,
  errorCode: 0,
  protocolType: null,
  protocolName: null,
  assignment: encodeAssignment({ partitions: partitions.map((partition) => tp(partition)) }),
})

/** Answers a commit with one code for all partitions. */
export const committedWith = (errorCode: number) => (request: OffsetCommitRequest) => ({
  throttleTimeMs: 0,
  topics: request.topics.map((topic) => ({
    name: topic.name,
    partitions: topic.partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode })),
  })),
})

/** An answer to JoinGroup, or to SyncGroup, with an error. */
export const failed = (errorCode: number) => () => ({ ...joined(-1), errorCode, assignment: Buffer.alloc(0) })

/** A member on a coordinator whose answers the test gives. */
export function setUp(change: Partial<GroupMembershipOptions> = {}) {
  const cluster = new FakeGroupCluster()
  cluster.metadata.topics.set('orders', 4)
  cluster.always('Heartbeat', () => ({ throttleTimeMs: 0, errorCode: 0 }))
  cluster.always('LeaveGroup', () => {
    cluster.answerWaiting('JoinGroup', failed(ErrorCode.UNKNOWN_MEMBER_ID)())
    return { throttleTimeMs: 0, errorCode: 0, members: [] }
  })
  cluster.always('OffsetCommit', committedWith(ErrorCode.NONE))
  const listener = new RecordingListener()
  const membership = new ClassicMembership(cluster, { ...options, ...change }, listener)
  const deadline = (ms = 5_000) => new Deadline(cluster.clock, 'test', ms)
  const join = (generationId: number, ...partitions: number[]) =>
    cluster.once('JoinGroup', () => joined(generationId)).once('SyncGroup', () => synced(...partitions))
  const close = () => membership.close(deadline(), { leave: 'default' })
  return { cluster, listener, membership, deadline, join, close }
}

export const cooperative: Partial<GroupMembershipOptions> = { assignors: [cooperativeStickyAssignor()] }
export const coop = (generationId: number) => joined(generationId, { protocolName: 'cooperative-sticky' })
