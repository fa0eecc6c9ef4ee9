// Guards against a member that works on partitions it no longer owns: what is given up when, and no callback while
// another runs.
import { ErrorCode } from '../../../../src/base/error-codes'
import type { PartitionAssignor } from '../../../../src/consumer/assignors/partition-assignor'
import {
  decodeSubscription,
  encodeAssignment,
  encodeSubscription,
} from '../../../../src/consumer/group/consumer-protocol'
import type { JoinGroupRequest } from '../../../../src/wire/generated/client/join-group'
import type { SyncGroupRequest } from '../../../../src/wire/generated/client/sync-group'
import { settle } from '../../support/fake-clock'
import { tp, joined, synced, setUp, cooperative, coop } from './membership-setup'

describe('rebalancing', () => {
  it('G4: gives up everything before it joins again when the protocol is eager', async () => {
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

  it('G4: keeps what stays, gives up the rest after the sync and joins again at once when it is cooperative', async () => {
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

  it('G4 G16: gives up partitions of a topic that is no longer subscribed to before a cooperative join', async () => {
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

  it('K1 K10: does not run a callback while another runs, and sends heartbeats meanwhile', async () => {
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

  it('G8: goes on with the rebalance and surfaces the error when a callback throws', async () => {
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

  it('G8: lets the group go on when a callback takes longer than the rebalance timeout', async () => {
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

  it('G7: leaves the assignment alone when it led before it was restarted, and metadata comes only now', async () => {
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

  it('G4 G5: holds back what another member still owns, whatever a custom assignor says, and refuses nonsense', async () => {
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

  it('G13: joins again when it leads and a topic gets partitions or appears', async () => {
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
