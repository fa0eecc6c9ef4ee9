// Guards against a coordinator that hands a partition to two members, or to none, or lets a zombie go on.
import { codeName } from '../../support/group-fixture'
import { GroupDriver, given } from './group-driver'

describe('a KIP-848 group', () => {
  let group: GroupDriver
  let topicId: string

  beforeEach(() => {
    group = new GroupDriver()
    topicId = group.cluster.createTopic('t', 4).id
  })

  afterEach(() => group.cluster.close())

  const owned = (...partitions: number[]) => (partitions.length === 0 ? [] : [{ topicId, partitions }])

  test('gives its first member everything, and says when to come again', async () => {
    const response = await group.join('a', ['t'])
    expect(response).toMatchObject({
      throttleTimeMs: 0,
      errorCode: 0,
      memberId: 'a',
      memberEpoch: 2,
      heartbeatIntervalMs: 5000,
      assignment: { topicPartitions: [{ topicId, partitions: [0, 1, 2, 3] }] },
    })
    expect(await group.heartbeat({ memberId: 'a', memberEpoch: 2 })).toMatchObject({
      memberEpoch: 2,
      assignment: null,
    })
    expect((await group.describe()).groupState).toBe('Stable')
  })

  test('moves partitions only after their owner said that it gave them up', async () => {
    await group.join('a', ['t'])
    const b = await group.join('b', ['t'])
    expect(b.memberEpoch).toBe(3)
    expect(given(b)).toEqual([])

    const a = await group.heartbeat({ memberId: 'a', memberEpoch: 2, topicPartitions: owned(0, 1, 2, 3) })
    expect(a.memberEpoch).toBe(2)
    expect(given(a)).toEqual([0, 1])
    expect(given(await group.heartbeat({ memberId: 'b', memberEpoch: 3 }))).toBeUndefined()
    expect((await group.describe()).groupState).toBe('Reconciling')

    expect(
      (await group.heartbeat({ memberId: 'a', memberEpoch: 2, topicPartitions: owned(0, 1) })).memberEpoch,
    ).toBe(3)
    expect(given(await group.heartbeat({ memberId: 'b', memberEpoch: 3 }))).toEqual([2, 3])
    expect((await group.describe()).groupState).toBe('Stable')
  })

  test('takes what a leaving member had to the others, with their next heartbeats', async () => {
    await group.join('a', ['t'])
    await group.join('b', ['t'])
    await group.heartbeat({ memberId: 'a', memberEpoch: 2, topicPartitions: owned(0, 1) })
    await group.heartbeat({ memberId: 'a', memberEpoch: 2, topicPartitions: owned(0, 1) })
    expect(await group.heartbeat({ memberId: 'b', memberEpoch: -1 })).toMatchObject({
      errorCode: 0,
      memberEpoch: -1,
    })
    const a = await group.heartbeat({ memberId: 'a', memberEpoch: 3, topicPartitions: owned(0, 1) })
    expect(a.memberEpoch).toBe(4)
    expect(given(a)).toEqual([0, 1, 2, 3])
  })

  test('refuses epochs that a member can not have, and forgives a lost answer', async () => {
    await group.join('a', ['t'])
    const ahead = await group.heartbeat({ memberId: 'a', memberEpoch: 5 })
    expect(codeName(ahead.errorCode)).toBe('FENCED_MEMBER_EPOCH')
    expect(ahead.errorMessage).toContain('greater member epoch (5)')
    group.cluster.services.topics.addPartitions('t', 6)
    expect(
      (await group.heartbeat({ memberId: 'a', memberEpoch: 2, topicPartitions: owned(0) })).memberEpoch,
    ).toBe(3)
    const again = await group.heartbeat({ memberId: 'a', memberEpoch: 2, topicPartitions: owned(0, 1) })
    expect(again).toMatchObject({ errorCode: 0, memberEpoch: 3 })
    const foreign = await group.heartbeat({ memberId: 'a', memberEpoch: 2, topicPartitions: owned(9) })
    expect(codeName(foreign.errorCode)).toBe('FENCED_MEMBER_EPOCH')
  })

  test('knows who is a member and which groups there are', async () => {
    const none = await group.heartbeat({ memberId: 'a', memberEpoch: 2 })
    expect(codeName(none.errorCode)).toBe('GROUP_ID_NOT_FOUND')
    expect([...group.cluster.services.groups.all]).toEqual([])
    await group.join('a', ['t'])
    const other = await group.heartbeat({ memberId: 'x', memberEpoch: 2 })
    expect(codeName(other.errorCode)).toBe('UNKNOWN_MEMBER_ID')
    expect(other.errorMessage).toBe('Member x is not a member of group g.')
  })

  test('drops a member that is silent for its session timeout', async () => {
    await group.join('a', ['t'])
    await group.cluster.clock.advance(44_999)
    expect((await group.describe()).members).toHaveLength(1)
    await group.cluster.clock.advance(1)
    expect(await group.describe()).toMatchObject({ groupState: 'Empty', members: [] })
    expect(codeName((await group.heartbeat({ memberId: 'a', memberEpoch: 2 })).errorCode)).toBe(
      'UNKNOWN_MEMBER_ID',
    )
  })

  test('drops a member that does not give partitions up within its rebalance timeout', async () => {
    await group.join('a', ['t'], { rebalanceTimeoutMs: 10_000 })
    await group.join('b', ['t'])
    await group.heartbeat({ memberId: 'a', memberEpoch: 2, topicPartitions: owned(0, 1, 2, 3) })
    await group.cluster.clock.advance(9_999)
    await group.heartbeat({ memberId: 'a', memberEpoch: 2, topicPartitions: owned(0, 1, 2, 3) })
    await group.cluster.clock.advance(1)
    expect((await group.describe()).members.map(({ memberId }) => memberId)).toEqual(['b'])
    expect(given(await group.heartbeat({ memberId: 'b', memberEpoch: 3 }))).toEqual([0, 1, 2, 3])
  })

  test('keeps a static member that leaves for a while, and gives its partitions to the one that comes back', async () => {
    await group.join('a', ['t'], { instanceId: 'i' })
    await group.join('b', ['t'])
    const busy = await group.join('c', ['t'], { instanceId: 'i' })
    expect(codeName(busy.errorCode)).toBe('UNRELEASED_INSTANCE_ID')

    expect(await group.heartbeat({ memberId: 'a', memberEpoch: -2, instanceId: 'i' })).toMatchObject({
      errorCode: 0,
      memberEpoch: -2,
    })
    const back = await group.join('c', ['t'], { instanceId: 'i' })
    expect(back).toMatchObject({ errorCode: 0, memberEpoch: 3 })
    expect(given(back)).toEqual([0, 1])
    const old = await group.heartbeat({ memberId: 'a', memberEpoch: 2, instanceId: 'i' })
    expect(codeName(old.errorCode)).toBe('FENCED_INSTANCE_ID')
    const unknown = await group.heartbeat({ memberId: 'a', memberEpoch: 2, instanceId: 'j' })
    expect(unknown.errorMessage).toBe('Instance id j is unknown.')
  })

  test('drops a static member that does not come back in time', async () => {
    await group.join('a', ['t'], { instanceId: 'i' })
    await group.heartbeat({ memberId: 'a', memberEpoch: -2, instanceId: 'i' })
    await group.cluster.clock.advance(45_000)
    expect((await group.describe()).groupState).toBe('Empty')
  })

  test('spreads new partitions, and takes partitions of deleted topics away', async () => {
    group.cluster.createTopic('u', 1)
    await group.join('a', ['t', 'u'])
    group.cluster.services.topics.addPartitions('t', 5)
    const more = await group.heartbeat({ memberId: 'a', memberEpoch: 2 })
    expect(more.memberEpoch).toBe(3)
    expect(given(more)).toHaveLength(6)
    group.cluster.services.topics.delete('u')
    const fewer = await group.heartbeat({
      memberId: 'a',
      memberEpoch: 3,
      topicPartitions: owned(0, 1, 2, 3, 4),
    })
    expect(fewer.memberEpoch).toBe(4)
    expect(given(fewer)).toHaveLength(5)
  })

  test('takes what is no longer read at once, before there is a new target', async () => {
    const slow = new GroupDriver({})
    const t = slow.cluster.createTopic('t', 1).id
    slow.cluster.createTopic('u', 1)
    await slow.join('a', ['t', 'u'])
    const narrowed = await slow.heartbeat({ memberId: 'a', memberEpoch: 2, subscribedTopicNames: ['t'] })
    expect(narrowed.memberEpoch).toBe(2)
    expect(narrowed.assignment).toEqual({ topicPartitions: [{ topicId: t, partitions: [0] }] })
    slow.cluster.close()
  })

  test('lets members that join together share a target', async () => {
    const grouped = new GroupDriver({})
    grouped.cluster.createTopic('t', 4)
    expect((await grouped.join('a', ['t'])).memberEpoch).toBe(2)
    await grouped.cluster.clock.advance(999)
    expect((await grouped.join('b', ['t'])).memberEpoch).toBe(2)
    expect((await grouped.describe()).groupState).toBe('Assigning')
    await grouped.cluster.clock.advance(1)
    expect((await grouped.heartbeat({ memberId: 'b', memberEpoch: 2 })).memberEpoch).toBe(3)
    grouped.cluster.close()
  })

  test('tells all of the assignment to a member that says all of itself', async () => {
    await group.join('a', ['t'])
    const full = await group.heartbeat({
      memberId: 'a',
      memberEpoch: 2,
      rebalanceTimeoutMs: 60_000,
      subscribedTopicNames: ['t'],
      topicPartitions: owned(0, 1, 2, 3),
    })
    expect(full).toMatchObject({ memberEpoch: 2 })
    expect(given(full)).toEqual([0, 1, 2, 3])
  })

  test('makes the id of a member of version 0, and refuses a full group', async () => {
    const small = new GroupDriver({ 'group.consumer.max.size': '1' })
    small.cluster.createTopic('t', 1)
    const join = { rebalanceTimeoutMs: 1000, subscribedTopicNames: ['t'], topicPartitions: [] }
    const made = await small.heartbeat(join, 0)
    expect(made.memberId).toMatch(/^[\w-]{22}$/)
    expect((await small.heartbeat({ ...join, memberId: made.memberId as string }, 1)).errorCode).toBe(0)
    const full = await small.heartbeat({ ...join, memberId: 'b' }, 1)
    expect(codeName(full.errorCode)).toBe('GROUP_MAX_SIZE_REACHED')
    expect(full.errorMessage).toBe('The consumer group has reached its maximum capacity of 1 members.')
    small.cluster.close()
  })

  test('gives all members their time again when the coordinator moves', async () => {
    await group.join('a', ['t'])
    await group.cluster.clock.advance(40_000)
    group.cluster.moveCoordinator()
    await group.cluster.clock.advance(40_000)
    expect((await group.describe()).members).toHaveLength(1)
  })

  test('judges commits by member and epoch', async () => {
    await group.join('a', ['t'])
    group.cluster.services.topics.addPartitions('t', 5)
    await group.heartbeat({ memberId: 'a', memberEpoch: 2 })
    const found = group.cluster.services.groups.get('g')
    const by = (memberId: string, generationOrEpoch: number, apiVersion = 10) => ({
      memberId,
      generationOrEpoch,
      apiVersion,
      groupInstanceId: null,
      isTransactional: false,
    })
    expect(() => found?.validateCommit(by('a', 3))).not.toThrow()
    expect(() => found?.validateCommit(by('a', 2))).not.toThrow()
    expect(() => found?.validateCommit(by('a', 4))).toThrow(
      expect.objectContaining({
        brokerMessage: 'Received member epoch 4 is newer than current member epoch 3.',
      }),
    )
    expect(() => found?.validateCommit(by('x', 2))).toThrow(/UNKNOWN_MEMBER_ID/)
    expect(() => found?.validateCommit(by('a', 3, 8))).toThrow(/UNSUPPORTED_VERSION/)
    expect(() => found?.validatePartitionCommit?.(by('a', 2), 't', 0)).not.toThrow()
    expect(() => found?.validatePartitionCommit?.(by('a', 2), 't', 4)).toThrow(/STALE_MEMBER_EPOCH/)
    expect(() => found?.validatePartitionCommit?.(by('a', 2), 'other', 0)).toThrow(/STALE_MEMBER_EPOCH/)
    expect(() => found?.validateFetch('a', 1)).toThrow(/STALE_MEMBER_EPOCH/)
    expect(() => found?.validateFetch(null, -1)).not.toThrow()
    expect(() => found?.validateDelete()).toThrow(/NON_EMPTY_GROUP/)
    expect(found?.isSubscribedTo('t')).toBe(true)
  })
})
