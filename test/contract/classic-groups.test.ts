// Guards against a coordinator of classic groups that lets in, keeps, fences or wakes members otherwise than Kafka's.
import { deleteGroupsApi } from '../../src/wire/generated/client/delete-groups'
import { describeGroupsApi } from '../../src/wire/generated/client/describe-groups'
import { findCoordinatorApi } from '../../src/wire/generated/client/find-coordinator'
import { heartbeatApi } from '../../src/wire/generated/client/heartbeat'
import { joinGroupApi, type JoinGroupRequest } from '../../src/wire/generated/client/join-group'
import { leaveGroupApi } from '../../src/wire/generated/client/leave-group'
import { listGroupsApi } from '../../src/wire/generated/client/list-groups'
import { syncGroupApi } from '../../src/wire/generated/client/sync-group'
import { code, describeEachBroker } from './support/describe-each-broker'
import { ClassicMember, newGroup, stableMember, subscription } from './support/groups'
import { only } from './support/log'

describeEachBroker('finding a coordinator', {}, (broker) => {
  it.each([0, 1, 2, 3])('is answered for one key with version %i', async (version) => {
    await newGroup(broker)
    const keyType = version >= 1 ? { keyType: 0 } : {}
    const answer = await broker.raw(findCoordinatorApi, version, { key: 'some-group', ...keyType })
    expect(answer).toMatchObject({ errorCode: 0, nodeId: 1 })
    expect(`${answer.host}:${answer.port}`).toBe(broker.brokers[0])
  })

  it('is answered key by key from version 4 on', async () => {
    await newGroup(broker)
    const { coordinators } = await broker.raw(findCoordinatorApi, 4, {
      keyType: 0,
      coordinatorKeys: ['a', 'b'],
    })
    expect(coordinators.map(({ key, nodeId, errorCode }) => [key, nodeId, errorCode])).toEqual([
      ['a', 1, 0],
      ['b', 1, 0],
    ])
  })

  it('is refused for other kinds of keys', async () => {
    const { coordinators } = await broker.raw(findCoordinatorApi, 4, { keyType: 9, coordinatorKeys: ['a'] })
    expect(coordinators.map(({ errorCode }) => code(errorCode))).toEqual(['INVALID_REQUEST'])
  })
})

describeEachBroker('joining a classic group', {}, (broker) => {
  it.each([4, 5, 7, 9])('takes two steps from version 4 on: version %i', async (version) => {
    const member = await ClassicMember.connect(broker, await newGroup(broker))
    const first = await member.join({}, version)
    expect(first).toMatchObject({ generationId: -1, leader: '', members: [] })
    expect(code(first.errorCode)).toBe('MEMBER_ID_REQUIRED')
    expect(first.memberId).toMatch(/^contract-[0-9a-f-]{36}$/)
    const joined = await member.join({}, version)
    expect(joined).toMatchObject({
      errorCode: 0,
      generationId: 1,
      leader: member.memberId,
      protocolName: 'range',
      protocolType: version >= 7 ? 'consumer' : null,
      skipAssignment: false,
    })
    expect(only(joined.members)).toEqual({
      memberId: member.memberId,
      groupInstanceId: null,
      metadata: subscription(),
    })
  })

  it.each([0, 1, 2, 3])('takes one step before: version %i', async (version) => {
    const member = await ClassicMember.connect(broker, await newGroup(broker))
    const joined = await member.join({}, version)
    expect(joined).toMatchObject({ errorCode: 0, generationId: 1, leader: joined.memberId })
  })

  const refused: [string, Partial<JoinGroupRequest>, string][] = [
    ['an empty group id', { groupId: '' }, 'INVALID_GROUP_ID'],
    ['a session timeout below the smallest', { sessionTimeoutMs: 999 }, 'INVALID_SESSION_TIMEOUT'],
    ['a session timeout above the largest', { sessionTimeoutMs: 1_800_001 }, 'INVALID_SESSION_TIMEOUT'],
    ['a member id it did not give', { memberId: 'somebody' }, 'UNKNOWN_MEMBER_ID'],
    ['a member without protocols', { protocols: [] }, 'INCONSISTENT_GROUP_PROTOCOL'],
    ['a member without protocol type', { protocolType: '' }, 'INCONSISTENT_GROUP_PROTOCOL'],
  ]
  it.each(refused)('is refused for %s', async (_, request, expected) => {
    const member = await ClassicMember.connect(broker, await newGroup(broker))
    const answer = await member.join(request)
    expect([code(answer.errorCode), answer.generationId]).toEqual([expected, -1])
  })

  it('is refused for a protocol that not all members have', async () => {
    const group = await newGroup(broker)
    await stableMember(broker, group)
    const other = await ClassicMember.connect(broker, group)
    const protocols = [{ name: 'roundrobin', metadata: subscription() }]
    expect(code((await other.join({ protocols })).errorCode)).toBe('INCONSISTENT_GROUP_PROTOCOL')
    expect(code((await other.join({ protocolType: 'connect' })).errorCode)).toBe(
      'INCONSISTENT_GROUP_PROTOCOL',
    )
  })

  it('chooses the protocol that all members have', async () => {
    const group = await newGroup(broker)
    const [first, second] = [
      await ClassicMember.connect(broker, group),
      await ClassicMember.connect(broker, group),
    ]
    const both = (...names: string[]): Partial<JoinGroupRequest> => ({
      protocols: names.map((name) => ({ name, metadata: subscription([], name) })),
    })
    await first.enter(both('range', 'sticky'))
    const joining = second.enter(both('roundrobin', 'sticky'))
    await untilRebalance(first)
    const [again, joined] = await Promise.all([first.join(both('range', 'sticky')), joining])
    expect([again.protocolName, joined.protocolName]).toEqual(['sticky', 'sticky'])
    expect(again.generationId).toBe(2)
    const chosen = subscription([], 'sticky')
    expect(again.members.map(({ metadata }) => metadata)).toEqual([chosen, chosen])
    expect(joined.members).toEqual([])
  })
})

describeEachBroker('a classic group at work', {}, (broker) => {
  let group: string
  beforeEach(async () => void (group = await newGroup(broker)))

  it('hands the assignments of the leader to all members', async () => {
    const leader = await stableMember(broker, group)
    const follower = await ClassicMember.connect(broker, group)
    const joining = follower.enter()
    await untilRebalance(leader)
    await Promise.all([leader.join(), joining])
    const waiting = follower.sync()
    const own = await leader.sync({ [leader.memberId]: 'one', [follower.memberId]: 'two' })
    expect([String(own.assignment), String((await waiting).assignment)]).toEqual(['one', 'two'])
    expect([await leader.heartbeat(), await follower.heartbeat()]).toEqual(['NONE', 'NONE'])
  })

  it('names the protocol in the answer to SyncGroup from version 5 on', async () => {
    const member = await ClassicMember.connect(broker, group)
    await member.enter()
    expect(await member.sync({}, {}, 4)).toMatchObject({
      errorCode: 0,
      protocolName: null,
      protocolType: null,
    })
    expect(await member.sync({}, {}, 5)).toMatchObject({ protocolName: 'range', protocolType: 'consumer' })
  })

  it('refuses members and generations it does not know', async () => {
    const member = await stableMember(broker, group)
    expect(await member.heartbeat({ memberId: 'somebody' })).toBe('UNKNOWN_MEMBER_ID')
    expect(await member.heartbeat({ generationId: 7 })).toBe('ILLEGAL_GENERATION')
    const sync = async (more: Parameters<ClassicMember['sync']>[1]): Promise<string> =>
      code((await member.sync({}, more)).errorCode)
    expect(await sync({ memberId: 'somebody' })).toBe('UNKNOWN_MEMBER_ID')
    expect(await sync({ generationId: 7 })).toBe('ILLEGAL_GENERATION')
    expect(await sync({ protocolName: 'roundrobin' })).toBe('INCONSISTENT_GROUP_PROTOCOL')
    expect(await sync({ protocolType: 'connect' })).toBe('INCONSISTENT_GROUP_PROTOCOL')
    expect(await member.heartbeat()).toBe('NONE')
  })

  it('gives a member of a group that is not there the same answers as a stranger', async () => {
    const member = await ClassicMember.connect(broker, group)
    member.memberId = 'somebody'
    expect(await member.heartbeat()).toBe('UNKNOWN_MEMBER_ID')
    expect(code((await member.sync()).errorCode)).toBe('UNKNOWN_MEMBER_ID')
    expect(await member.leave()).toBe('UNKNOWN_MEMBER_ID')
  })

  it('refuses an empty group id', async () => {
    const asked = { groupId: '', generationId: 1, memberId: 'm' }
    expect(code((await broker.raw(heartbeatApi, 3, asked)).errorCode)).toBe('INVALID_GROUP_ID')
    expect(code((await broker.raw(syncGroupApi, 3, { ...asked, assignments: [] })).errorCode)).toBe(
      'INVALID_GROUP_ID',
    )
  })

  it('tells a member to join again while others join or leave', async () => {
    const first = await stableMember(broker, group)
    const second = await ClassicMember.connect(broker, group)
    const joining = second.enter()
    await untilRebalance(first)
    expect(code((await first.sync()).errorCode)).toBe('REBALANCE_IN_PROGRESS')
    await first.join()
    await joining
    expect([await first.heartbeat(), first.generation]).toEqual(['NONE', 2])
    await Promise.all([second.sync(), first.sync({ [first.memberId]: 'x', [second.memberId]: 'y' })])
    expect(await second.leave()).toBe('NONE')
    expect(await first.heartbeat()).toBe('REBALANCE_IN_PROGRESS')
    expect(await first.join()).toMatchObject({
      errorCode: 0,
      generationId: 3,
      members: [{ memberId: first.memberId }],
    })
  })

  it('begins a new generation when its leader joins again, not when another member does', async () => {
    const leader = await stableMember(broker, group)
    const follower = await ClassicMember.connect(broker, group)
    const joining = follower.enter()
    await untilRebalance(leader)
    await Promise.all([leader.join(), joining])
    await Promise.all([follower.sync(), leader.sync({ [leader.memberId]: 'x', [follower.memberId]: 'y' })])
    expect(await follower.join()).toMatchObject({
      errorCode: 0,
      generationId: 2,
      leader: leader.memberId,
      members: [],
    })
    const again = leader.join()
    await untilRebalance(follower)
    await follower.join()
    expect((await again).generationId).toBe(3)
  })

  it('drops a member that is silent for its session timeout', async () => {
    const member = await stableMember(broker, group, { sessionTimeoutMs: 1_000 })
    const other = await ClassicMember.connect(broker, group)
    expect(await other.enter()).toMatchObject({ errorCode: 0, generationId: 2, leader: other.memberId })
    expect(await member.heartbeat()).toBe('UNKNOWN_MEMBER_ID')
  })

  it('lets members leave one by one with versions 0 to 2, many at once from 3 on', async () => {
    const member = await stableMember(broker, group)
    const old = async (memberId: string): Promise<string> =>
      code((await broker.raw(leaveGroupApi, 2, { groupId: group, memberId })).errorCode)
    expect(await old('somebody')).toBe('UNKNOWN_MEMBER_ID')
    expect(await old(member.memberId)).toBe('NONE')
    const fixed = await stableMember(broker, group, { instanceId: 'i-1' })
    const answer = await broker.raw(leaveGroupApi, 5, {
      groupId: group,
      members: [
        { memberId: 'somebody' },
        { memberId: '', groupInstanceId: 'i-1' },
        { memberId: '', groupInstanceId: 'i-2' },
      ],
    })
    expect(answer.errorCode).toBe(0)
    expect(answer.members.map((one) => [one.memberId, one.groupInstanceId, code(one.errorCode)])).toEqual([
      ['somebody', null, 'UNKNOWN_MEMBER_ID'],
      ['', 'i-1', 'NONE'],
      ['', 'i-2', 'UNKNOWN_MEMBER_ID'],
    ])
    expect(await fixed.heartbeat()).toBe('UNKNOWN_MEMBER_ID')
  })
})

describeEachBroker('a static member', {}, (broker) => {
  it('joins in one step, and comes back without a rebalance', async () => {
    const group = await newGroup(broker)
    const first = await ClassicMember.connect(broker, group, 'i-1')
    const joined = await first.join()
    expect(joined).toMatchObject({ errorCode: 0, generationId: 1 })
    expect(joined.memberId).toMatch(/^i-1-[0-9a-f-]{36}$/)
    await first.sync({ [first.memberId]: 'mine' })
    const second = await ClassicMember.connect(broker, group, 'i-1')
    const back = await second.join({}, 9)
    expect(back).toMatchObject({ errorCode: 0, generationId: 1, skipAssignment: true })
    expect(second.memberId).not.toBe(first.memberId)
    expect(String((await second.sync()).assignment)).toBe('mine')
    expect(await first.heartbeat()).toBe('FENCED_INSTANCE_ID')
    expect(code((await first.sync()).errorCode)).toBe('FENCED_INSTANCE_ID')
    expect(code((await first.join()).errorCode)).toBe('FENCED_INSTANCE_ID')
    expect(await first.leave()).toBe('FENCED_INSTANCE_ID')
    expect(await second.heartbeat()).toBe('NONE')
  })

  it('is not known by an instance id that nobody has', async () => {
    const group = await newGroup(broker)
    const member = await stableMember(broker, group, { instanceId: 'i-1' })
    expect(await member.heartbeat({ groupInstanceId: 'i-2' })).toBe('UNKNOWN_MEMBER_ID')
  })
})

describeEachBroker('looking at classic groups', {}, (broker) => {
  it.each(broker.pick({ '3.7': [0, 3, 5], '4.3': [0, 3, 5, 6] }))(
    'describes them with version %i',
    async (version) => {
      const group = await newGroup(broker)
      const member = await stableMember(broker, group)
      const { groups } = await broker.raw(describeGroupsApi, version, { groups: [group, 'no-such-group'] })
      const [described, missing] = [group, 'no-such-group'].map((id) =>
        groups.find((one) => one.groupId === id),
      )
      expect(described).toMatchObject({
        errorCode: 0,
        groupId: group,
        groupState: 'Stable',
        protocolType: 'consumer',
        protocolData: 'range',
        members: [
          {
            memberId: member.memberId,
            groupInstanceId: null,
            clientId: 'contract',
            clientHost: '/127.0.0.1',
          },
        ],
      })
      expect(String(described?.members[0]?.memberAssignment)).toBe('all')
      expect(described?.members[0]?.memberMetadata).toEqual(subscription())
      expect(missing).toMatchObject({ groupState: 'Dead', members: [] })
      expect(code(missing?.errorCode)).toBe(version >= 6 ? 'GROUP_ID_NOT_FOUND' : 'NONE')
    },
  )

  it('lists them, by state too', async () => {
    const group = await newGroup(broker)
    const member = await stableMember(broker, group)
    const list = async (statesFilter: string[]): Promise<unknown> =>
      (await broker.raw(listGroupsApi, 4, { statesFilter })).groups.find(({ groupId }) => groupId === group)
    const listed = { groupId: group, protocolType: 'consumer', groupState: 'Stable', groupType: '' }
    expect(await list([])).toEqual(listed)
    expect(await list(['Stable', 'Empty'])).toEqual(listed)
    expect(await list(['Empty'])).toBeUndefined()
    await member.leave()
    expect(await list(['Empty'])).toEqual({ ...listed, groupState: 'Empty' })
    const old = await broker.raw(listGroupsApi, 1, {})
    expect(old.groups.find(({ groupId }) => groupId === group)).toMatchObject({ protocolType: 'consumer' })
    if (broker.version === '4.3') {
      const typed = await broker.raw(listGroupsApi, 5, { statesFilter: [], typesFilter: ['classic'] })
      expect(typed.groups.find(({ groupId }) => groupId === group)).toMatchObject({ groupType: 'classic' })
    }
  })

  it('deletes empty ones only', async () => {
    const group = await newGroup(broker)
    const member = await stableMember(broker, group)
    const remove = async (name: string): Promise<string> =>
      code(only((await broker.raw(deleteGroupsApi, 2, { groupsNames: [name] })).results).errorCode)
    expect(await remove(group)).toBe('NON_EMPTY_GROUP')
    await member.leave()
    expect(await remove(group)).toBe('NONE')
    expect(await remove(group)).toBe('GROUP_ID_NOT_FOUND')
    expect(await remove('')).toBe('GROUP_ID_NOT_FOUND')
  })

  it('frees the place of a member that never took its id', async () => {
    const group = await newGroup(broker)
    const shy = await ClassicMember.connect(broker, group)
    await shy.join()
    const answer = await broker.raw(joinGroupApi, 7, joinOf(group))
    expect(code(answer.errorCode)).toBe('MEMBER_ID_REQUIRED')
    const member = await stableMember(broker, group)
    expect(await member.heartbeat()).toBe('NONE')
  })
})

function joinOf(groupId: string): JoinGroupRequest {
  return {
    groupId,
    sessionTimeoutMs: 30_000,
    rebalanceTimeoutMs: 30_000,
    memberId: '',
    protocolType: 'consumer',
    protocols: [{ name: 'range', metadata: subscription() }],
  }
}

/** Heartbeats until the member is told of the rebalance that another one began. */
async function untilRebalance(member: ClassicMember): Promise<void> {
  for (;;) {
    const answer = await member.heartbeat()
    if (answer === 'REBALANCE_IN_PROGRESS') return
    expect(answer).toBe('NONE')
  }
}
