// Guards against a KIP-848 member that works on partitions it no longer owns, tells the coordinator too early that it gave
// them up, or stays out of its group: every answer must end in the one right reaction.
import { Deadline } from '../../../../src/base/deadline'
import { ErrorCode } from '../../../../src/base/error-codes'
import { ConnectionError } from '../../../../src/base/errors'
import {
  ConsumerMembership,
  type ConsumerMembershipOptions,
} from '../../../../src/consumer/group/consumer-membership'
import type { Subscription } from '../../../../src/consumer/group/group-membership'
import type { ConsumerGroupHeartbeatRequest } from '../../../../src/wire/generated/client/consumer-group-heartbeat'
import { settle } from '../../support/fake-clock'
import { FakeGroupCluster, RecordingListener } from './fake-group-cluster'
import { committedWith, offsetOf } from './membership-setup'

const options: ConsumerMembershipOptions = {
  groupId: 'shop',
  groupInstanceId: null,
  rackId: 'r1',
  rebalanceTimeoutMs: 60_000,
  groupRemoteAssignor: null,
  allowAutoTopicCreation: false,
}

const intervalMs = 5_000
const ordersId = 'orders-id'
const clicksId = 'clicks-id'
const named = (...topics: string[]): Subscription => ({ topics, pattern: null })

/** An answer to a heartbeat; `assigned` are partitions by topic id. */
const answer = (memberEpoch: number, assigned?: Record<string, number[]>, extra: object = {}) => ({
  throttleTimeMs: 0,
  errorCode: 0,
  errorMessage: null,
  memberId: null,
  memberEpoch,
  heartbeatIntervalMs: intervalMs,
  assignment:
    assigned === undefined
      ? null
      : {
          topicPartitions: Object.entries(assigned).map(([topicId, partitions]) => ({
            topicId,
            partitions,
          })),
        },
  ...extra,
})

const refused = (errorCode: number) => answer(0, undefined, { errorCode, errorMessage: 'no' })

function setUp(change: Partial<ConsumerMembershipOptions> = {}) {
  const cluster = new FakeGroupCluster()
  const { metadata, clock } = cluster
  metadata.topics.set('orders', 4).set('clicks', 2)
  metadata.names.set(ordersId, 'orders').set(clicksId, 'clicks')
  cluster.always('OffsetCommit', committedWith(ErrorCode.NONE))
  const listener = new RecordingListener()
  const membership = new ConsumerMembership(cluster, { ...options, ...change }, listener)
  const deadline = (ms = 5_000) => new Deadline(clock, 'test', ms)
  const heartbeats = () => cluster.requests('ConsumerGroupHeartbeat') as ConsumerGroupHeartbeatRequest[]
  const last = () => heartbeats().at(-1)
  /** What the next heartbeat gets. */
  const next = (...args: Parameters<typeof answer>) =>
    cluster.once('ConsumerGroupHeartbeat', () => answer(...args))
  const always = (...args: Parameters<typeof answer>) =>
    cluster.always('ConsumerGroupHeartbeat', () => answer(...args))
  const join = async (...partitions: number[]) => {
    always(1)
    next(1, { [ordersId]: partitions })
    membership.start(named('orders'))
    await settle()
  }
  const close = async () => {
    cluster.always('ConsumerGroupHeartbeat', () => answer(-1))
    await membership.close(deadline(), { leave: 'default' })
    expect(clock.pendingTimers).toBe(0)
  }
  return {
    cluster,
    clock,
    metadata,
    listener,
    membership,
    deadline,
    heartbeats,
    last,
    next,
    always,
    join,
    close,
  }
}

describe('a member of the KIP-848 protocol', () => {
  it('G11: joins with everything there is to say under an id of its own, then says only what has changed', async () => {
    const { join, clock, heartbeats, membership, close } = setUp()
    await join(0, 1)
    const [first, second] = heartbeats()
    expect(first).toMatchObject({
      memberEpoch: 0,
      rackId: 'r1',
      rebalanceTimeoutMs: 60_000,
      subscribedTopicNames: ['orders'],
      topicPartitions: [],
    })
    expect(first?.memberId).toMatch(/^[\w-]{22}$/)
    // The first heartbeat after the assignment acknowledges it, and nothing else.
    expect(second).toEqual({
      groupId: 'shop',
      memberId: first?.memberId,
      memberEpoch: 1,
      instanceId: null,
      topicPartitions: [{ topicId: ordersId, partitions: [0, 1] }],
    })
    await clock.advance(intervalMs)
    expect(heartbeats()).toHaveLength(3)
    expect(heartbeats()[2]).not.toHaveProperty('topicPartitions')
    expect(membership.metadata).toMatchObject({ generationId: 1, memberId: first?.memberId })
    await close()
  })

  it('K5, G11: tells of a revocation only after callback and commits, and takes what is new afterwards', async () => {
    const { cluster, join, listener, membership, deadline, heartbeats, last, next, always, clock, close } =
      setUp()
    await join(0, 1)
    let release: () => void = () => {}
    listener.during.onRevoked = async () => {
      await membership.commit([offsetOf(1)], deadline())
      await new Promise<void>((resolve) => (release = resolve))
    }
    next(2, { [ordersId]: [0, 2] })
    always(2)
    await clock.advance(intervalMs)
    await clock.advance(intervalMs)
    expect(listener.events).toEqual(['assigned orders-0 orders-1', 'revoked orders-1'])
    expect(membership.assignment()).toHaveLength(2)
    const during = heartbeats().slice(2)
    expect(during.length).toBeGreaterThan(1)
    expect(during.every(({ topicPartitions }) => topicPartitions === undefined)).toBe(true)
    release()
    await settle()
    expect(listener.events.slice(2)).toEqual(['revoked done', 'assigned orders-2'])
    expect(last()?.topicPartitions).toEqual([{ topicId: ordersId, partitions: [0, 2] }])
    expect(cluster.requests('OffsetCommit')).toMatchObject([{ generationIdOrMemberEpoch: 2 }])
    listener.during = {}
    await close()
  })

  it.each(['FENCED_MEMBER_EPOCH', 'UNKNOWN_MEMBER_ID'] as const)(
    'G11, K6: loses its partitions at %s, and joins again under the same id with epoch 0',
    async (code) => {
      const { cluster, join, listener, membership, deadline, heartbeats, next, clock, close } = setUp()
      await join(0)
      cluster.once('ConsumerGroupHeartbeat', () => refused(ErrorCode[code]))
      next(7, { [ordersId]: [1] })
      let committed: unknown
      listener.during.onLost = async () => {
        committed = await membership.commit([offsetOf(0)], deadline()).catch((error: unknown) => error)
      }
      await clock.advance(intervalMs)
      await clock.advance(1_000)
      expect(listener.events).toEqual([
        'assigned orders-0',
        'lost orders-0',
        'lost done',
        'assigned orders-1',
      ])
      expect(committed).toMatchObject({ code: 'COMMIT_FAILED' })
      const rejoin = heartbeats()
        .slice(1)
        .find(({ memberEpoch }) => memberEpoch === 0)
      expect(rejoin).toMatchObject({
        memberId: heartbeats()[0]?.memberId,
        subscribedTopicNames: ['orders'],
        topicPartitions: [],
      })
      listener.during = {}
      await close()
    },
  )

  it('L14, G1: gives its partitions up when no heartbeat was taken for as long as a session lasts', async () => {
    const { cluster, join, listener, clock, membership, next, close } = setUp()
    await join(0)
    cluster.always('ConsumerGroupHeartbeat', () => {
      throw new ConnectionError('DISCONNECTED', 'gone')
    })
    await clock.advance(8 * intervalMs)
    expect(listener.events).toEqual(['assigned orders-0'])
    await clock.advance(intervalMs)
    expect(listener.events).toEqual(['assigned orders-0', 'lost orders-0'])
    expect(membership.metadata.generationId).toBe(-1)
    next(3, { [ordersId]: [0] })
    await clock.advance(3_000)
    expect(listener.events.at(-1)).toBe('assigned orders-0')
    await close()
  })

  it('G14: looks for another coordinator at once, and says everything again after a failure', async () => {
    const { cluster, join, clock, heartbeats, close } = setUp()
    await join(0)
    const lookups = cluster.coordinatorLookups
    const count = heartbeats().length
    cluster.once('ConsumerGroupHeartbeat', () => refused(ErrorCode.NOT_COORDINATOR))
    await clock.advance(intervalMs)
    expect(cluster.coordinatorLookups).toBe(lookups + 1)
    expect(heartbeats().slice(count)).toMatchObject([
      { memberEpoch: 1 },
      {
        memberEpoch: 1,
        subscribedTopicNames: ['orders'],
        topicPartitions: [{ topicId: ordersId, partitions: [0] }],
      },
    ])
    await close()
  })

  it('G9: commits again with the epoch that the next heartbeat brings', async () => {
    const { cluster, join, membership, deadline, next, clock, close } = setUp()
    await join(0)
    cluster.once('OffsetCommit', committedWith(ErrorCode.STALE_MEMBER_EPOCH))
    next(2)
    const commit = membership.commit([offsetOf(0)], deadline())
    await clock.advance(1_000)
    await commit
    expect(cluster.requests('OffsetCommit')).toMatchObject([
      { generationIdOrMemberEpoch: 1 },
      { generationIdOrMemberEpoch: 2 },
    ])
    await close()
  })

  it('G11: asks for the names of topics that it knows by id alone, and takes the others meanwhile', async () => {
    const { cluster, metadata, listener, membership, next, always, last, clock, close } = setUp()
    metadata.names.delete(clicksId)
    always(1)
    next(1, { [ordersId]: [0], [clicksId]: [1] })
    const nobody = { topics: [{ errorCode: ErrorCode.UNKNOWN_TOPIC_ID, topicId: clicksId, name: null }] }
    cluster
      .once('Metadata', () => nobody)
      .once('Metadata', () => ({ topics: [{ errorCode: 0, topicId: clicksId, name: 'clicks' }] }))
    membership.start(named('orders', 'clicks'))
    await settle()
    expect(listener.events).toEqual(['assigned orders-0'])
    expect(last()?.topicPartitions).toEqual([{ topicId: ordersId, partitions: [0] }])
    await clock.advance(500)
    expect(listener.events).toEqual(['assigned orders-0', 'assigned clicks-1'])
    expect(last()?.topicPartitions).toEqual([
      { topicId: clicksId, partitions: [1] },
      { topicId: ordersId, partitions: [0] },
    ])
    await close()
  })

  it('takes a topic that was created anew for another one', async () => {
    const { metadata, join, listener, next, clock, last, close } = setUp()
    await join(0)
    metadata.names.set('orders-2', 'orders')
    next(2, { 'orders-2': [0] })
    await clock.advance(intervalMs)
    expect(listener.events).toEqual(['assigned orders-0', 'revoked orders-0', 'assigned orders-0'])
    expect(last()?.topicPartitions).toEqual([{ topicId: 'orders-2', partitions: [0] }])
    await close()
  })

  it('G16: revokes what is not subscribed any more at once, and takes none of it however late the brokers are', async () => {
    const { join, listener, membership, heartbeats, next, always, clock, close } = setUp()
    await join(0, 1)
    const count = heartbeats().length
    // The coordinator still has the old subscription in mind.
    next(2, { [ordersId]: [0, 1] })
    next(2, { [ordersId]: [0, 1, 2] })
    always(2)
    membership.subscribe(named('clicks'))
    await settle()
    expect(listener.events).toEqual(['assigned orders-0 orders-1', 'revoked orders-0 orders-1', 'assigned'])
    expect(heartbeats()[count]).toMatchObject({ subscribedTopicNames: ['clicks'] })
    next(3, { [clicksId]: [0] })
    await clock.advance(intervalMs)
    expect(listener.events.slice(3).filter((event) => event !== 'assigned')).toEqual(['assigned clicks-0'])
    await close()
  })

  it('G12: leaves a pattern to the brokers, and takes it back with an empty one', async () => {
    const { listener, membership, heartbeats, last, next, always, clock, close } = setUp()
    always(1)
    next(1, { [ordersId]: [0] })
    membership.start({ topics: [], pattern: /^ord/i })
    await settle()
    expect(heartbeats()[0]).toMatchObject({ subscribedTopicNames: [], subscribedTopicRegex: '(?i)ord.*' })
    // What it matches is for the brokers to say.
    next(2, { [ordersId]: [0], [clicksId]: [0] })
    await clock.advance(intervalMs)
    expect(listener.events).toEqual(['assigned orders-0', 'assigned clicks-0'])
    membership.subscribe(named('clicks'))
    await settle()
    const change = heartbeats().find(({ subscribedTopicRegex }) => subscribedTopicRegex === '')
    expect(change).toMatchObject({ subscribedTopicNames: ['clicks'] })
    expect(listener.events.slice(2)).toEqual(['revoked orders-0', 'assigned'])
    expect(last()?.topicPartitions).toEqual([{ topicId: clicksId, partitions: [0] }])
    await close()
  })

  it('leaves while nothing is subscribed to, and joins again afterwards', async () => {
    const { join, listener, membership, last, next, always, clock, close } = setUp()
    await join(0)
    always(-1)
    membership.subscribe(named())
    await settle()
    expect(listener.events).toEqual(['assigned orders-0', 'revoked orders-0'])
    expect(last()).toMatchObject({ memberEpoch: -1 })
    await clock.advance(60_000)
    expect(last()).toMatchObject({ memberEpoch: -1 })
    always(4)
    next(4, { [ordersId]: [2] })
    membership.subscribe(named('orders'))
    await settle()
    expect(listener.events.at(-1)).toBe('assigned orders-2')
    await close()
  })

  it.each([
    [null, -1],
    ['till-1', -2],
  ])('G2: leaves while the user is away (instance id %s: epoch %s)', async (groupInstanceId, epoch) => {
    const { join, listener, membership, last, next, always, close } = setUp({ groupInstanceId })
    await join(0)
    always(epoch)
    membership.suspend('too slow')
    await settle()
    expect(listener.events).toEqual(['assigned orders-0', 'lost orders-0'])
    expect(last()).toMatchObject({ memberEpoch: epoch, instanceId: groupInstanceId })
    always(2)
    next(2, { [ordersId]: [1] })
    membership.resume()
    await settle()
    expect(listener.events.at(-1)).toBe('assigned orders-1')
    await close()
  })

  it.each<[string | null, boolean | 'default', number | undefined]>([
    [null, 'default', -1],
    [null, false, undefined],
    ['till-1', 'default', -2],
    ['till-1', true, -1],
  ])(
    'G7, G15: closes (instance id %s, leave %s): revokes, then says epoch %s',
    async (groupInstanceId, leave, epoch) => {
      const { cluster, join, listener, membership, deadline, heartbeats, always } = setUp({ groupInstanceId })
      await join(0)
      always(-1)
      const count = heartbeats().length
      await membership.close(deadline(), { leave })
      expect(listener.events).toEqual(['assigned orders-0', 'revoked orders-0'])
      expect(
        heartbeats()
          .slice(count)
          .map(({ memberEpoch }) => memberEpoch),
      ).toEqual(epoch === undefined ? [] : [epoch])
      expect(cluster.clock.pendingTimers).toBe(0)
    },
  )

  it('K8: tries to leave again, and ends in time when nobody answers', async () => {
    const { cluster, clock, join, membership, deadline, heartbeats } = setUp()
    await join(0)
    const count = heartbeats().length
    cluster.always('ConsumerGroupHeartbeat', () => refused(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS))
    let isClosed = false
    const closing = membership.close(deadline(3_000), { leave: 'default' }).then(() => (isClosed = true))
    await clock.advance(3_000)
    expect(isClosed).toBe(true)
    expect(heartbeats().length).toBeGreaterThan(count + 1)
    await closing
    expect(clock.pendingTimers).toBe(0)
  })

  it.each([
    'UNRELEASED_INSTANCE_ID',
    'FENCED_INSTANCE_ID',
    'UNSUPPORTED_ASSIGNOR',
    'INVALID_REGULAR_EXPRESSION',
    'GROUP_MAX_SIZE_REACHED',
    'GROUP_AUTHORIZATION_FAILED',
    'GROUP_ID_NOT_FOUND',
    'INVALID_REQUEST',
  ] as const)('K7, G12: ends with %s, and tells the user', async (code) => {
    const { cluster, clock, listener, membership, heartbeats, deadline } = setUp()
    cluster.once('ConsumerGroupHeartbeat', () => refused(ErrorCode[code]))
    membership.start(named('orders'))
    await clock.advance(60_000)
    expect(listener.events).toEqual(['fatal'])
    expect(listener.fatal).toMatchObject([{ code }])
    expect(heartbeats()).toHaveLength(1)
    await membership.close(deadline(), { leave: 'default' })
    expect(clock.pendingTimers).toBe(0)
  })

  it('tells the user of topics that it may not describe, and goes on asking', async () => {
    const { cluster, clock, listener, membership, next, always, close } = setUp()
    always(1)
    const code = ErrorCode.TOPIC_AUTHORIZATION_FAILED
    cluster.once('ConsumerGroupHeartbeat', () => answer(0, undefined, { errorCode: code }))
    next(1, { [ordersId]: [0] })
    membership.start(named('orders'))
    await settle()
    expect(listener.errors).toMatchObject([{ code: 'TOPIC_AUTHORIZATION_FAILED' }])
    await clock.advance(intervalMs)
    expect(listener.events).toEqual(['assigned orders-0'])
    expect(listener.fatal).toEqual([])
    await close()
  })

  it('G8: goes on with the rebalance and tells the error when a callback throws or takes too long', async () => {
    const { join, listener, next, clock, close } = setUp({ rebalanceTimeoutMs: 3_000 })
    await join(0, 1)
    listener.during.onRevoked = () => Promise.reject(new TypeError('broken'))
    next(2, { [ordersId]: [1] })
    await clock.advance(intervalMs)
    expect(listener.errors.map(({ message }) => message).join()).toContain('broken')
    let release: () => void = () => {}
    listener.during = { onAssigned: () => new Promise((resolve) => (release = resolve)) }
    next(3, { [ordersId]: [1, 2] })
    await clock.advance(intervalMs)
    expect(listener.events.at(-1)).toBe('assigned orders-2')
    await clock.advance(3_000)
    expect(listener.errors.at(-1)).toMatchObject({ code: 'REBALANCE_CALLBACK_TIMEOUT' })
    listener.during = {}
    release()
    await close()
  })
})
