// Guards against a member that works on partitions it no longer owns, or stays out of its group: every answer of
// the coordinator must end in the one right reaction, and no callback may run while another does.
import { Deadline } from '../../../../src/base/deadline'
import { ErrorCode } from '../../../../src/base/error-codes'
import { ConnectionError } from '../../../../src/base/errors'
import { cooperativeStickyAssignor } from '../../../../src/consumer/assignors/sticky/cooperative-sticky-assignor'
import type { PartitionAssignor } from '../../../../src/consumer/assignors/partition-assignor'
import { rangeAssignor } from '../../../../src/consumer/assignors/range-assignor'
import { ClassicMembership } from '../../../../src/consumer/group/classic-membership'
import {
  decodeSubscription,
  encodeAssignment,
  encodeSubscription,
} from '../../../../src/consumer/group/consumer-protocol'
import type { GroupMembershipOptions } from '../../../../src/consumer/group/group-membership'
import type { JoinGroupRequest } from '../../../../src/wire/generated/client/join-group'
import type { OffsetCommitRequest } from '../../../../src/wire/generated/client/offset-commit'
import type { SyncGroupRequest } from '../../../../src/wire/generated/client/sync-group'
import { settle } from '../../support/fake-clock'
import { FakeGroupCluster, RecordingListener } from './fake-group-cluster'

const options: GroupMembershipOptions = {
  groupId: 'shop',
  groupInstanceId: null,
  sessionTimeoutMs: 10_000,
  rebalanceTimeoutMs: 60_000,
  heartbeatIntervalMs: 3_000,
  assignors: [rangeAssignor()],
  rackId: null,
  allowAutoTopicCreation: false,
}

const tp = (partition: number, topic = 'orders') => ({ topic, partition })
const offsetOf = (partition: number, offset = 5n) => ({
  ...tp(partition),
  offset,
  leaderEpoch: 0,
  metadata: '',
})

function joined(generationId: number, extra: object = {}) {
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

const synced = (...partitions: number[]) => ({
  throttleTimeMs: 0,
  errorCode: 0,
  protocolType: null,
  protocolName: null,
  assignment: encodeAssignment({ partitions: partitions.map((partition) => tp(partition)) }),
})

const committedOk = (request: OffsetCommitRequest) => ({
  throttleTimeMs: 0,
  topics: request.topics.map((topic) => ({
    name: topic.name,
    partitions: topic.partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode: 0 })),
  })),
})

const committedWith = (errorCode: number) => (request: OffsetCommitRequest) => ({
  throttleTimeMs: 0,
  topics: request.topics.map((topic) => ({
    name: topic.name,
    partitions: topic.partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode })),
  })),
})

const failed = (errorCode: number) => () => ({ ...joined(-1), errorCode, assignment: Buffer.alloc(0) })

function setUp(change: Partial<GroupMembershipOptions> = {}) {
  const cluster = new FakeGroupCluster()
  cluster.metadata.topics.set('orders', 4)
  cluster.always('Heartbeat', () => ({ throttleTimeMs: 0, errorCode: 0 }))
  cluster.always('LeaveGroup', () => ({ throttleTimeMs: 0, errorCode: 0, members: [] }))
  cluster.always('OffsetCommit', committedOk)
  const listener = new RecordingListener()
  const membership = new ClassicMembership(cluster, { ...options, ...change }, listener)
  const deadline = (ms = 5_000) => new Deadline(cluster.clock, 'test', ms)
  const join = (generationId: number, ...partitions: number[]) =>
    cluster.once('JoinGroup', () => joined(generationId)).once('SyncGroup', () => synced(...partitions))
  const close = () => membership.close(deadline(), { leave: 'default' })
  return { cluster, listener, membership, deadline, join, close }
}

const cooperative: Partial<GroupMembershipOptions> = { assignors: [cooperativeStickyAssignor()] }
const coop = (generationId: number) => joined(generationId, { protocolName: 'cooperative-sticky' })

describe('joining', () => {
  it('takes the member id the broker gives and joins again with it', async () => {
    const { cluster, listener, membership, join, close } = setUp()
    cluster.once('JoinGroup', () => ({
      ...joined(-1),
      errorCode: ErrorCode.MEMBER_ID_REQUIRED,
      memberId: 'given',
    }))
    join(1, 0, 1)
    membership.start({ topics: ['orders'], pattern: null })
    await settle()
    const ids = cluster.requests('JoinGroup').map((request: JoinGroupRequest) => request.memberId)
    expect(ids).toEqual(['', 'given'])
    expect(listener.events).toEqual(['assigned orders-0 orders-1'])
    expect(membership.metadata).toEqual({
      groupId: 'shop',
      groupInstanceId: null,
      memberId: 'me',
      generationId: 1,
    })
    await close()
  })

  it('divides the topics of all members when it leads, also those it does not subscribe to', async () => {
    const { cluster, listener, membership, close } = setUp()
    cluster.metadata.topics.set('clicks', 2)
    const subscription = (topics: string[]) =>
      encodeSubscription({ topics, ownedPartitions: [], generationId: -1, rackId: null, userData: null })
    const members = [
      { memberId: 'me', groupInstanceId: null, metadata: subscription(['orders']) },
      { memberId: 'you', groupInstanceId: null, metadata: subscription(['clicks', 'orders']) },
      { memberId: 'broken', groupInstanceId: null, metadata: Buffer.from([0]) },
    ]
    cluster.once('JoinGroup', () => joined(1, { leader: 'me', members }))
    cluster.once('SyncGroup', (request: SyncGroupRequest) => ({
      ...synced(),
      assignment: request.assignments.find(({ memberId }) => memberId === 'me')?.assignment,
    }))
    membership.start({ topics: ['orders'], pattern: null })
    await settle()
    expect(listener.events).toEqual(['assigned orders-0 orders-1'])
    const [sync] = cluster.requests('SyncGroup') as SyncGroupRequest[]
    expect(sync?.assignments.map(({ memberId }) => memberId)).toEqual(['me', 'you', 'broken'])
    await close()
  })

  it.each([
    ['JoinGroup', 'COORDINATOR_LOAD_IN_PROGRESS'],
    ['JoinGroup', 'COORDINATOR_NOT_AVAILABLE'],
    ['JoinGroup', 'NOT_COORDINATOR'],
    ['JoinGroup', 'REBALANCE_IN_PROGRESS'],
    ['JoinGroup', 'UNKNOWN_MEMBER_ID'],
    ['JoinGroup', 'ILLEGAL_GENERATION'],
    ['SyncGroup', 'NOT_COORDINATOR'],
    ['SyncGroup', 'REBALANCE_IN_PROGRESS'],
    ['SyncGroup', 'UNKNOWN_MEMBER_ID'],
    ['SyncGroup', 'ILLEGAL_GENERATION'],
  ] as const)('joins again after %s answered %s', async (api, code) => {
    const { cluster, listener, membership, join, close } = setUp()
    if (api === 'SyncGroup') cluster.once('JoinGroup', () => joined(1))
    cluster.once(api, failed(ErrorCode[code]))
    join(2, 3)
    membership.start({ topics: ['orders'], pattern: null })
    await cluster.clock.advance(200)
    expect(listener.events).toEqual(['assigned orders-3'])
    const [, second] = cluster.requests('JoinGroup') as JoinGroupRequest[]
    const keepsId = api === 'SyncGroup' && code !== 'UNKNOWN_MEMBER_ID'
    expect(second?.memberId).toBe(keepsId ? 'me' : '')
    const moved = code === 'NOT_COORDINATOR' || code === 'COORDINATOR_NOT_AVAILABLE'
    expect(cluster.coordinatorLookups).toBe(moved ? 2 : 1)
    await close()
  })

  it('joins again after requestTimeoutMs when the answer to SyncGroup is lost, not after a whole rebalance', async () => {
    const { cluster, listener, membership, join, close } = setUp({ rebalanceTimeoutMs: 300_000 })
    cluster.once('JoinGroup', () => joined(1)).once('SyncGroup', () => new Promise(() => {}))
    join(2, 3)
    membership.start({ topics: ['orders'], pattern: null })
    await cluster.clock.advance(31_500)
    expect(listener.events).toEqual(['assigned orders-3'])
    await close()
  })

  it.each([
    ['JoinGroup', 'FENCED_INSTANCE_ID'],
    ['JoinGroup', 'INCONSISTENT_GROUP_PROTOCOL'],
    ['JoinGroup', 'GROUP_MAX_SIZE_REACHED'],
    ['JoinGroup', 'INVALID_SESSION_TIMEOUT'],
    ['JoinGroup', 'GROUP_AUTHORIZATION_FAILED'],
    ['SyncGroup', 'FENCED_INSTANCE_ID'],
    ['SyncGroup', 'GROUP_AUTHORIZATION_FAILED'],
  ] as const)('ends and tells the user after %s answered %s', async (api, code) => {
    const { cluster, listener, membership, close } = setUp()
    if (api === 'SyncGroup') cluster.once('JoinGroup', () => joined(1))
    cluster.once(api, failed(ErrorCode[code]))
    membership.start({ topics: ['orders'], pattern: null })
    await cluster.clock.advance(2_000)
    expect(listener.fatal.map((error) => error.code)).toEqual([code])
    expect(cluster.requests('JoinGroup')).toHaveLength(1)
    expect(cluster.clock.pendingTimers).toBe(0)
    await close()
  })

  it('joins again when the connection to the coordinator died, at the coordinator found anew', async () => {
    const { cluster, listener, membership, join, close } = setUp()
    cluster.once('JoinGroup', () => {
      cluster.coordinatorNode = 2
      throw new ConnectionError('CONNECTION_CLOSED', 'gone', { maybeWritten: true })
    })
    join(1, 0)
    membership.start({ topics: ['orders'], pattern: null })
    await cluster.clock.advance(200)
    expect(listener.events).toEqual(['assigned orders-0'])
    expect(cluster.sent.filter(({ api }) => api === 'JoinGroup').map(({ nodeId }) => nodeId)).toEqual([1, 2])
    await close()
  })

  it('gives up a join that a frozen coordinator keeps, once another broker has become the coordinator', async () => {
    const { cluster, listener, membership, join, close } = setUp()
    cluster.once('JoinGroup', () => new Promise(() => {}))
    membership.start({ topics: ['orders'], pattern: null })
    await cluster.clock.advance(10_000)
    expect(cluster.requests('JoinGroup')).toHaveLength(1)
    cluster.coordinatorNode = 2
    join(1, 0)
    await cluster.clock.advance(5_500)
    expect(listener.events).toEqual(['assigned orders-0'])
    expect(cluster.sent.filter(({ api }) => api === 'JoinGroup').map(({ nodeId }) => nodeId)).toEqual([1, 2])
    expect(cluster.closedConnections).toHaveLength(1)
    await close()
  })

  it('waits for the answer of JoinGroup as long as the rebalance may take, on a connection of its own', async () => {
    const { cluster, listener, membership, close } = setUp()
    let answer: (response: unknown) => void = () => {}
    cluster.once('JoinGroup', () => new Promise((resolve) => (answer = resolve)))
    cluster.once('SyncGroup', () => synced(1))
    membership.start({ topics: ['orders'], pattern: null })
    await cluster.clock.advance(60_000)
    answer(joined(1))
    await cluster.clock.advance(3_000)
    expect(listener.events).toEqual(['assigned orders-1'])
    const connections = new Map(cluster.sent.map(({ api, connection }) => [api, connection]))
    expect(connections.get('JoinGroup')).not.toBe(connections.get('Heartbeat'))
    const other = new ClassicMembership(cluster, options, new RecordingListener())
    cluster.once('JoinGroup', () => joined(2))
    other.start({ topics: ['orders'], pattern: null })
    await settle()
    const joins = cluster.sent.filter(({ api }) => api === 'JoinGroup').map(({ connection }) => connection)
    expect(new Set(joins).size).toBe(2)
    await other.close(new Deadline(cluster.clock, 'close', 100), { leave: false })
    await close()
  })
})

describe('rebalancing', () => {
  it('gives up everything before it joins again when the protocol is eager', async () => {
    const { cluster, listener, membership, join, close } = setUp()
    join(1, 0, 1)
    membership.start({ topics: ['orders'], pattern: null })
    await settle()
    cluster.once('Heartbeat', () => ({ throttleTimeMs: 0, errorCode: ErrorCode.REBALANCE_IN_PROGRESS }))
    join(2, 1, 2)
    await cluster.clock.advance(3_000)
    expect(listener.events).toEqual([
      'assigned orders-0 orders-1',
      'revoked orders-0 orders-1',
      'assigned orders-1 orders-2',
    ])
    const [, second] = cluster.requests('JoinGroup') as JoinGroupRequest[]
    const told = decodeSubscription('me', null, second?.protocols[0]?.metadata as Uint8Array)
    expect(told.ownedPartitions).toEqual([])
    await close()
  })

  it('keeps what stays, gives up the rest after the sync and joins again at once when it is cooperative', async () => {
    const { cluster, listener, membership, close } = setUp(cooperative)
    cluster.once('JoinGroup', () => coop(1)).once('SyncGroup', () => synced(0, 1))
    membership.start({ topics: ['orders'], pattern: null })
    await settle()
    cluster.once('Heartbeat', () => ({ throttleTimeMs: 0, errorCode: ErrorCode.REBALANCE_IN_PROGRESS }))
    cluster.once('JoinGroup', () => coop(2)).once('SyncGroup', () => synced(0))
    cluster.once('JoinGroup', () => coop(3)).once('SyncGroup', () => synced(0, 3))
    await cluster.clock.advance(3_000)
    expect(listener.events).toEqual([
      'assigned orders-0 orders-1',
      'revoked orders-1',
      'assigned',
      'assigned orders-3',
    ])
    const told = (cluster.requests('JoinGroup') as JoinGroupRequest[]).map((request) => {
      const member = decodeSubscription('me', null, request.protocols[0]?.metadata as Uint8Array)
      return [member.generationId, member.ownedPartitions.map(({ partition }) => partition)]
    })
    expect(told).toEqual([
      [-1, []],
      [1, [0, 1]],
      [2, [0]],
    ])
    await close()
  })

  it('gives up partitions of a topic that is no longer subscribed to before a cooperative join', async () => {
    const { cluster, listener, membership, close } = setUp(cooperative)
    cluster
      .once('JoinGroup', () => coop(1))
      .once('SyncGroup', () => ({
        ...synced(),
        assignment: encodeAssignment({ partitions: [tp(0), tp(0, 'clicks')] }),
      }))
    membership.start({ topics: ['orders', 'clicks'], pattern: null })
    await settle()
    cluster.once('JoinGroup', () => coop(2)).once('SyncGroup', () => synced(0))
    membership.subscribe({ topics: ['orders'], pattern: null })
    await settle()
    expect(listener.events).toEqual(['assigned orders-0 clicks-0', 'revoked clicks-0', 'assigned'])
    await close()
  })

  it('does not run a callback while another runs, and sends heartbeats meanwhile', async () => {
    const { cluster, listener, membership, join, close } = setUp()
    join(1, 0)
    membership.start({ topics: ['orders'], pattern: null })
    await settle()
    let release: () => void = () => {}
    listener.during.onRevoked = () => new Promise<void>((resolve) => (release = resolve))
    membership.enforceRebalance('test')
    join(2, 1)
    await cluster.clock.advance(9_000)
    expect(listener.events).toEqual(['assigned orders-0', 'revoked orders-0'])
    expect(cluster.requests('JoinGroup')).toHaveLength(1)
    expect(cluster.requests('Heartbeat').length).toBeGreaterThanOrEqual(3)
    release()
    await settle()
    expect(listener.events).toEqual([
      'assigned orders-0',
      'revoked orders-0',
      'revoked done',
      'assigned orders-1',
    ])
    listener.during = {}
    await close()
  })

  it('goes on with the rebalance and surfaces the error when a callback throws', async () => {
    const { cluster, listener, membership, join, close } = setUp()
    join(1, 0)
    membership.start({ topics: ['orders'], pattern: null })
    await settle()
    listener.during.onRevoked = () => Promise.reject(new TypeError('user code'))
    membership.enforceRebalance('test')
    join(2, 1)
    await settle()
    expect(listener.events).toEqual(['assigned orders-0', 'revoked orders-0', 'assigned orders-1'])
    expect(listener.errors.map((error) => error.message)).toEqual([expect.stringContaining('user code')])
    expect(cluster.requests('SyncGroup')).toHaveLength(2)
    listener.during = {}
    await close()
  })

  it('lets the group go on when a callback takes longer than the rebalance timeout', async () => {
    const { cluster, listener, membership, join, close } = setUp({ rebalanceTimeoutMs: 5_000 })
    join(1, 0)
    membership.start({ topics: ['orders'], pattern: null })
    await settle()
    let release: () => void = () => {}
    listener.during.onRevoked = () => new Promise<void>((resolve) => (release = resolve))
    membership.enforceRebalance('test')
    join(2, 1)
    await cluster.clock.advance(5_500)
    expect(cluster.requests('SyncGroup')).toHaveLength(2)
    expect(listener.errors.map((error) => error.code)).toEqual(['REBALANCE_CALLBACK_TIMEOUT'])
    expect(listener.events.at(-1)).toBe('revoked orders-0')
    release()
    await settle()
    expect(listener.events.at(-1)).toBe('assigned orders-1')
    listener.during = {}
    await close()
  })

  it('leaves the assignment alone when it led before it was restarted, and metadata comes only now', async () => {
    const { cluster, listener, membership, close } = setUp({ groupInstanceId: 'till-1' })
    cluster.metadata.topics.clear()
    cluster.metadata.refresh = () => {
      cluster.metadata.set('orders', 4)
      return Promise.resolve()
    }
    const metadata = encodeSubscription({
      topics: ['orders'],
      ownedPartitions: [],
      generationId: -1,
      rackId: null,
      userData: null,
    })
    const members = [{ memberId: 'me', groupInstanceId: 'till-1', metadata }]
    cluster.once('JoinGroup', () => joined(1, { leader: 'me', members, skipAssignment: true }))
    cluster.once('SyncGroup', () => synced(0, 1))
    membership.start({ topics: ['orders'], pattern: null })
    await settle()
    expect(listener.events).toEqual(['assigned orders-0 orders-1'])
    expect((cluster.requests('SyncGroup') as SyncGroupRequest[])[0]?.assignments).toEqual([])
    cluster.metadata.set('orders', 4)
    await settle()
    expect(cluster.requests('JoinGroup')).toHaveLength(1)
    cluster.metadata.set('orders', 5)
    await settle()
    expect(cluster.requests('JoinGroup')).toHaveLength(2)
    await close()
  })

  it('holds back what another member still owns, whatever a custom assignor says, and refuses nonsense', async () => {
    const all = [0, 1, 2, 3].map((partition) => tp(partition))
    const custom = (given: Record<string, typeof all>): PartitionAssignor => ({
      name: 'custom',
      supportedProtocols: ['cooperative'],
      assign: () =>
        new Map(Object.entries(given).map(([memberId, partitions]) => [memberId, { partitions }])),
    })
    const subscription = (ownedPartitions: typeof all) =>
      encodeSubscription({
        topics: ['orders'],
        ownedPartitions,
        generationId: 1,
        rackId: null,
        userData: null,
      })
    const members = [
      { memberId: 'me', groupInstanceId: null, metadata: subscription([tp(0)]) },
      { memberId: 'you', groupInstanceId: null, metadata: subscription([tp(1), tp(2)]) },
    ]
    const lead = async (given: Record<string, typeof all>) => {
      const parts = setUp({ assignors: [custom(given)] })
      parts.cluster.once('JoinGroup', () => joined(1, { leader: 'me', members, protocolName: 'custom' }))
      parts.cluster.once('SyncGroup', (request: SyncGroupRequest) => ({
        ...synced(),
        assignment: request.assignments[0]?.assignment,
      }))
      parts.membership.start({ topics: ['orders'], pattern: null })
      await settle()
      await parts.close()
      return parts.listener
    }
    expect((await lead({ me: all, you: [] })).events[0]).toBe('assigned orders-0 orders-3')
    const twice = await lead({ me: all, you: [tp(3)] })
    expect(twice.fatal.map((error) => [error.code, error.message])).toEqual([
      ['INVALID_ASSIGNMENT', "Assignor 'custom' gave orders-3 to 'me' and to 'you'"],
    ])
    const foreign = await lead({ me: [tp(0, 'clicks')] })
    expect(foreign.fatal.map((error) => error.code)).toEqual(['INVALID_ASSIGNMENT'])
  })

  it('joins again when it leads and a topic gets partitions or appears', async () => {
    const { cluster, membership, close } = setUp()
    const metadata = encodeSubscription({
      topics: ['orders', 'later'],
      ownedPartitions: [],
      generationId: -1,
      rackId: null,
      userData: null,
    })
    const members = [{ memberId: 'me', groupInstanceId: null, metadata }]
    cluster.always('JoinGroup', () => joined(1, { leader: 'me', members }))
    cluster.always('SyncGroup', (request: SyncGroupRequest) => ({
      ...synced(),
      assignment: request.assignments[0]?.assignment,
    }))
    membership.start({ topics: ['orders', 'later'], pattern: null })
    await settle()
    expect(membership.assignment()).toHaveLength(4)
    cluster.metadata.set('orders', 6)
    await settle()
    expect(membership.assignment()).toHaveLength(6)
    cluster.metadata.set('later', 1)
    await settle()
    expect(membership.assignment()).toHaveLength(7)
    expect(cluster.requests('JoinGroup')).toHaveLength(3)
    await close()
    expect(cluster.metadata.listenerCount).toBe(0)
  })
})

describe('heartbeats', () => {
  const inGroup = async (change: Partial<GroupMembershipOptions> = {}) => {
    const all = setUp(change)
    all.join(1, 0)
    all.membership.start({ topics: ['orders'], pattern: null })
    await settle()
    return all
  }

  it.each([
    ['ILLEGAL_GENERATION', 'me', ['assigned orders-0', 'lost orders-0', 'assigned orders-1']],
    ['UNKNOWN_MEMBER_ID', '', ['assigned orders-0', 'lost orders-0', 'assigned orders-1']],
    ['REBALANCE_IN_PROGRESS', 'me', ['assigned orders-0', 'revoked orders-0', 'assigned orders-1']],
  ] as const)('react to %s by joining again with member id "%s"', async (code, memberId, events) => {
    const { cluster, listener, join, close } = await inGroup()
    cluster.once('Heartbeat', () => ({ throttleTimeMs: 0, errorCode: ErrorCode[code] }))
    join(2, 1)
    await cluster.clock.advance(3_000)
    expect(listener.events).toEqual(events)
    expect((cluster.requests('JoinGroup') as JoinGroupRequest[])[1]?.memberId).toBe(memberId)
    await close()
  })

  it.each(['FENCED_INSTANCE_ID', 'GROUP_AUTHORIZATION_FAILED'] as const)(
    'end the membership on %s',
    async (code) => {
      const { cluster, listener, membership, close } = await inGroup()
      cluster.once('Heartbeat', () => ({ throttleTimeMs: 0, errorCode: ErrorCode[code] }))
      await cluster.clock.advance(20_000)
      expect(listener.events).toEqual(['assigned orders-0', 'lost orders-0', 'fatal'])
      expect(listener.fatal.map((error) => error.code)).toEqual([code])
      expect(membership.metadata.memberId).toBe('')
      expect(cluster.clock.pendingTimers).toBe(0)
      await close()
    },
  )

  it('find a coordinator that moved, and keep the partitions', async () => {
    const { cluster, listener, close } = await inGroup()
    cluster.once('Heartbeat', () => {
      cluster.coordinatorNode = 2
      return { throttleTimeMs: 0, errorCode: ErrorCode.NOT_COORDINATOR }
    })
    await cluster.clock.advance(3_300)
    const nodes = cluster.sent.filter(({ api }) => api === 'Heartbeat').map(({ nodeId }) => nodeId)
    expect(nodes).toEqual([1, 2])
    expect(listener.events).toEqual(['assigned orders-0'])
    await close()
  })

  it('report the partitions lost when none was answered for the session timeout', async () => {
    const { cluster, listener, join, membership, deadline, close } = await inGroup()
    cluster.always('Heartbeat', () => {
      throw new ConnectionError('CONNECTION_CLOSED', 'gone')
    })
    await cluster.clock.advance(9_000)
    expect(listener.events).toEqual(['assigned orders-0'])
    join(2, 0)
    await cluster.clock.advance(1_200)
    expect(listener.events).toEqual(['assigned orders-0', 'lost orders-0', 'assigned orders-0'])
    cluster.always('Heartbeat', () => ({ throttleTimeMs: 0, errorCode: 0 }))
    await membership.commit([offsetOf(0)], deadline())
    await close()
  })

  it('stop while suspended: partitions are lost and the member leaves; resuming joins again', async () => {
    const { cluster, listener, membership, join, deadline, close } = await inGroup()
    membership.suspend('max.poll.interval.ms exceeded')
    const commit = membership.commit([offsetOf(0)], deadline())
    await expect(commit).rejects.toMatchObject({ code: 'COMMIT_FAILED' })
    await cluster.clock.advance(30_000)
    expect(listener.events).toEqual(['assigned orders-0', 'lost orders-0'])
    expect(cluster.requests('LeaveGroup')).toHaveLength(1)
    expect(cluster.requests('Heartbeat')).toHaveLength(0)
    join(2, 2)
    membership.resume()
    await settle()
    expect(listener.events.at(-1)).toBe('assigned orders-2')
    await close()
  })
})

describe('committing', () => {
  const inGroup = async (change: Partial<GroupMembershipOptions> = {}) => {
    const all = setUp(change)
    all.cluster
      .once('JoinGroup', () => (change.assignors ? coop(1) : joined(1)))
      .once('SyncGroup', () => synced(0, 1))
    all.membership.start({ topics: ['orders'], pattern: null })
    await settle()
    return all
  }

  it('stamps the generation and retries what may pass', async () => {
    const { cluster, membership, deadline, close } = await inGroup()
    cluster.once('OffsetCommit', committedWith(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS))
    cluster.once('OffsetCommit', committedWith(ErrorCode.NOT_COORDINATOR))
    const commit = membership.commit([offsetOf(0), offsetOf(1)], deadline())
    await cluster.clock.advance(1_000)
    await commit
    const requests = cluster.requests('OffsetCommit') as OffsetCommitRequest[]
    expect(requests).toHaveLength(3)
    expect(requests[2]).toMatchObject({ generationIdOrMemberEpoch: 1, memberId: 'me' })
    expect(cluster.coordinatorLookups).toBe(2)
    await close()
  })

  it.each([
    ['ILLEGAL_GENERATION', 'COMMIT_FAILED', 'lost orders-0 orders-1'],
    ['UNKNOWN_MEMBER_ID', 'COMMIT_FAILED', 'lost orders-0 orders-1'],
    ['FENCED_INSTANCE_ID', 'COMMIT_FAILED', 'lost orders-0 orders-1'],
    ['OFFSET_METADATA_TOO_LARGE', 'OFFSET_METADATA_TOO_LARGE', undefined],
    ['TOPIC_AUTHORIZATION_FAILED', 'TOPIC_AUTHORIZATION_FAILED', undefined],
    ['GROUP_AUTHORIZATION_FAILED', 'GROUP_AUTHORIZATION_FAILED', undefined],
  ] as const)('answers %s with %s', async (answered, code, event) => {
    const { cluster, listener, membership, deadline, close } = await inGroup()
    cluster.once('OffsetCommit', committedWith(ErrorCode[answered]))
    await expect(membership.commit([offsetOf(0)], deadline())).rejects.toMatchObject({ code })
    await settle()
    expect(listener.events[1]).toBe(event)
    await close()
  })

  it('is serial, and waits for one that its caller gave up', async () => {
    const { cluster, membership, deadline, close } = await inGroup()
    let answer: () => void = () => {}
    cluster.once(
      'OffsetCommit',
      (request: OffsetCommitRequest) =>
        new Promise((resolve) => (answer = () => resolve(committedOk(request)))),
    )
    const first = membership.commit([offsetOf(0, 5n)], deadline(1_000))
    const givenUp = expect(first).rejects.toMatchObject({ code: 'COMMIT_TIMEOUT', maybeWritten: true })
    const second = membership.commit([offsetOf(0, 9n)], deadline(5_000))
    await cluster.clock.advance(1_000)
    await givenUp
    expect(cluster.requests('OffsetCommit')).toHaveLength(1)
    answer()
    await second
    const offsets = (cluster.requests('OffsetCommit') as OffsetCommitRequest[]).map(
      (request) => request.topics[0]?.partitions[0]?.committedOffset,
    )
    expect(offsets).toEqual([5n, 9n])
    await close()
  })

  it('refuses a partition that is not owned without asking the broker, and stores the others', async () => {
    const { cluster, membership, deadline, close } = await inGroup()
    const commit = membership.commit([offsetOf(3), offsetOf(0)], deadline())
    await expect(commit).rejects.toMatchObject({ code: 'COMMIT_FAILED', context: { partition: 3 } })
    const [request] = cluster.requests('OffsetCommit') as OffsetCommitRequest[]
    expect(request?.topics[0]?.partitions.map(({ partitionIndex }) => partitionIndex)).toEqual([0])
    await close()
  })

  it('works inside the revoked callback, before the member joins again', async () => {
    const { cluster, listener, membership, join, deadline, close } = await inGroup()
    listener.during.onRevoked = () => membership.commit([offsetOf(0)], deadline())
    join(2, 2)
    membership.enforceRebalance('test')
    await settle()
    expect(listener.errors).toEqual([])
    const order = cluster.sent.map(({ api }) => api)
    expect(order.indexOf('OffsetCommit')).toBeLessThan(order.lastIndexOf('JoinGroup'))
    await close()
  })

  it('waits for a join under way and then stamps the new generation, when the partition was kept', async () => {
    const { cluster, listener, membership, deadline, close } = await inGroup(cooperative)
    let answer: (response: unknown) => void = () => {}
    cluster.once('JoinGroup', () => new Promise((resolve) => (answer = resolve)))
    cluster.once('SyncGroup', () => synced(0, 1, 2))
    membership.enforceRebalance('test')
    await settle()
    const commit = membership.commit([offsetOf(0)], deadline())
    await settle()
    expect(cluster.requests('OffsetCommit')).toHaveLength(0)
    answer(coop(2))
    await settle()
    await commit
    expect((cluster.requests('OffsetCommit') as OffsetCommitRequest[])[0]?.generationIdOrMemberEpoch).toBe(2)
    expect(listener.events).toEqual(['assigned orders-0 orders-1', 'assigned orders-2'])
    await close()
  })

  it('never writes a position of an ownership that has ended, even if the partition came back', async () => {
    const { cluster, membership, join, deadline, close } = await inGroup()
    cluster.once('OffsetCommit', committedWith(ErrorCode.REBALANCE_IN_PROGRESS))
    join(2, 0, 1)
    const commit = membership.commit([offsetOf(0)], deadline())
    const refused = expect(commit).rejects.toMatchObject({ code: 'COMMIT_FAILED' })
    await cluster.clock.advance(1_000)
    await refused
    expect(membership.metadata.generationId).toBe(2)
    expect(cluster.requests('OffsetCommit')).toHaveLength(1)
    await close()
  })
})

describe('closing', () => {
  it('gives the partitions back, with a last commit, and leaves', async () => {
    const { cluster, listener, membership, join, deadline, close } = setUp()
    join(1, 0)
    membership.start({ topics: ['orders'], pattern: null })
    await settle()
    listener.during.onRevoked = () => membership.commit([offsetOf(0)], deadline())
    await close()
    await close()
    expect(listener.events).toEqual(['assigned orders-0', 'revoked orders-0', 'revoked done'])
    expect(cluster.sent.slice(-2).map(({ api }) => api)).toEqual(['OffsetCommit', 'LeaveGroup'])
    expect(cluster.clock.pendingTimers).toBe(0)
    expect(cluster.closedConnections.length).toBeGreaterThan(0)
  })

  it('leaves a static member in the group, unless asked to leave', async () => {
    for (const leave of ['default', true] as const) {
      const { cluster, membership, join, deadline } = setUp({ groupInstanceId: 'till-1' })
      join(1, 0)
      membership.start({ topics: ['orders'], pattern: null })
      await settle()
      await membership.close(deadline(), { leave })
      expect(cluster.requests('LeaveGroup')).toHaveLength(leave === true ? 1 : 0)
    }
  })

  it('ends within its deadline while a join waits in the broker', async () => {
    const { cluster, listener, membership, close } = setUp()
    membership.start({ topics: ['orders'], pattern: null })
    await settle()
    await close()
    expect(listener.events).toEqual([])
    expect(cluster.clock.pendingTimers).toBe(0)
  })

  it('ends within its deadline while a callback never returns', async () => {
    const { cluster, listener, membership, join, deadline } = setUp()
    join(1, 0)
    membership.start({ topics: ['orders'], pattern: null })
    await settle()
    listener.during.onRevoked = () => new Promise<void>(() => {})
    const closing = membership.close(deadline(2_000), { leave: 'default' })
    await cluster.clock.advance(2_000)
    await closing
    expect(cluster.clock.pendingTimers).toBe(0)
  })
})

describe('the rebalance protocol', () => {
  const only = (name: string, ...supportedProtocols: ('eager' | 'cooperative')[]): PartitionAssignor => ({
    ...rangeAssignor(),
    name,
    supportedProtocols,
  })

  it('refuses assignors that have none in common', () => {
    const assignors = [only('a', 'eager'), only('b', 'cooperative')]
    expect(() => setUp({ assignors })).toThrow(/no rebalance protocol in common/)
  })

  it('is eager while one of the assignors is', async () => {
    const { cluster, listener, membership, join, close } = setUp({
      assignors: [cooperativeStickyAssignor(), rangeAssignor()],
    })
    join(1, 0)
    membership.start({ topics: ['orders'], pattern: null })
    await settle()
    const [request] = cluster.requests('JoinGroup') as JoinGroupRequest[]
    expect(request?.protocols.map(({ name }) => name)).toEqual(['cooperative-sticky', 'range'])
    join(2, 0)
    membership.enforceRebalance('test')
    await settle()
    expect(listener.events).toEqual(['assigned orders-0', 'revoked orders-0', 'assigned orders-0'])
    await close()
  })
})
