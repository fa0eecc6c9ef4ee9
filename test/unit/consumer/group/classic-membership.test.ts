// Guards against a member that works on partitions it no longer owns, or stays out of its group: every answer of
// the coordinator must end in the one right reaction, and no callback may run while another does.
import { Deadline } from '../../../../src/base/deadline'
import { ErrorCode } from '../../../../src/base/error-codes'
import { ConnectionError } from '../../../../src/base/errors'
import { cooperativeStickyAssignor } from '../../../../src/consumer/assignors/sticky/cooperative-sticky-assignor'
import type { PartitionAssignor } from '../../../../src/consumer/assignors/partition-assignor'
import { rangeAssignor } from '../../../../src/consumer/assignors/range-assignor'
import { ClassicMembership } from '../../../../src/consumer/group/classic-membership'
import { encodeSubscription } from '../../../../src/consumer/group/consumer-protocol'
import type { GroupMembershipOptions } from '../../../../src/consumer/group/group-membership'
import type { JoinGroupRequest } from '../../../../src/wire/generated/client/join-group'
import type { SyncGroupRequest } from '../../../../src/wire/generated/client/sync-group'
import { settle } from '../../support/fake-clock'
import { RecordingListener } from './fake-group-cluster'
import { offsetOf, joined, synced, failed, options, setUp } from './membership-setup'

describe('joining', () => {
  it('G3: takes the member id the broker gives and joins again with it', async () => {
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

  it('G5: divides the topics of all members when it leads, also those it does not subscribe to', async () => {
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
  ] as const)('G3: joins again after %s answered %s', async (api, code) => {
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

  it('G3: joins again after requestTimeoutMs when the answer to SyncGroup is lost, not after a whole rebalance', async () => {
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
  ] as const)('G3: ends and tells the user after %s answered %s', async (api, code) => {
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

  it('G14: joins again when the connection to the coordinator died, at the coordinator found anew', async () => {
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

  it('G14 L20: gives up a join that a frozen coordinator keeps, once another broker has become the coordinator', async () => {
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

  it('G3 G14: waits for the answer of JoinGroup as long as the rebalance may take, on a connection of its own', async () => {
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
  ] as const)('G3: react to %s by joining again with member id "%s"', async (code, memberId, events) => {
    const { cluster, listener, join, close } = await inGroup()
    cluster.once('Heartbeat', () => ({ throttleTimeMs: 0, errorCode: ErrorCode[code] }))
    join(2, 1)
    await cluster.clock.advance(3_000)
    expect(listener.events).toEqual(events)
    expect((cluster.requests('JoinGroup') as JoinGroupRequest[])[1]?.memberId).toBe(memberId)
    await close()
  })

  it.each(['FENCED_INSTANCE_ID', 'GROUP_AUTHORIZATION_FAILED'] as const)(
    'G3: end the membership on %s',
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

  it('G14: find a coordinator that moved, and keep the partitions', async () => {
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

  it('G1 L14: report the partitions lost when none was answered for the session timeout', async () => {
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

  it('G2: stop while suspended: partitions are lost and the member leaves; resuming joins again', async () => {
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

describe('closing', () => {
  it('G15: gives the partitions back, with a last commit, and leaves', async () => {
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

  it('G7 G15: leaves a static member in the group, unless asked to leave', async () => {
    for (const leave of ['default', true] as const) {
      const { cluster, membership, join, deadline } = setUp({ groupInstanceId: 'till-1' })
      join(1, 0)
      membership.start({ topics: ['orders'], pattern: null })
      await settle()
      await membership.close(deadline(), { leave })
      expect(cluster.requests('LeaveGroup')).toHaveLength(leave === true ? 1 : 0)
    }
  })

  it('K8: ends within its deadline while a join waits in the broker', async () => {
    const { cluster, listener, membership, close } = setUp()
    membership.start({ topics: ['orders'], pattern: null })
    await settle()
    await close()
    expect(listener.events).toEqual([])
    expect(cluster.clock.pendingTimers).toBe(0)
  })

  it('G15: leaves again when a JoinGroup under way came to the coordinator only after LeaveGroup, and let it in', async () => {
    const { cluster, membership, join, close } = setUp()
    join(1, 0)
    membership.start({ topics: ['orders'], pattern: null })
    await settle()
    membership.enforceRebalance('a test')
    await settle()
    expect(cluster.requests('JoinGroup')).toHaveLength(2)
    cluster.always('LeaveGroup', () => ({ throttleTimeMs: 0, errorCode: 0, members: [] }))
    const closing = close()
    await settle()
    expect(cluster.requests('LeaveGroup')).toHaveLength(1)
    cluster.answerWaiting('JoinGroup', joined(2))
    await closing
    expect(cluster.requests('LeaveGroup')).toEqual(
      Array.from({ length: 2 }, () =>
        expect.objectContaining({ members: [expect.objectContaining({ memberId: 'me' })] }),
      ),
    )
    expect(cluster.clock.pendingTimers).toBe(0)
  })

  it('K8: ends within its deadline while a callback never returns', async () => {
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

  it('G6: is eager while one of the assignors is', async () => {
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
