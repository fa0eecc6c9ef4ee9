// Guards the round of JoinGroup and SyncGroup against time, failure and leaving: who is waited for, who is out, and what
// the others are told.
import { errorCodeName } from '../../../../../src/base/error-codes'
import type { JoinGroupResponse } from '../../../../../src/wire/generated/client/join-group'
import { settle } from '../../../support/fake-clock'
import { FakeGroupCluster } from '../../support/fake-group-cluster'
import { GroupClient, isSettled } from '../../support/group-client'

let cluster: FakeGroupCluster
let client: GroupClient

beforeEach(() => {
  cluster = new FakeGroupCluster()
  client = new GroupClient(cluster)
})

afterEach(() => cluster.close())

const group = () => cluster.classicGroup()

const ids = () => group().members.map((member) => member.memberId)

/** Lets time pass for some, who heartbeat, and not for others. */
async function liveOn(ms: number, ...members: JoinGroupResponse[]): Promise<void> {
  for (let passed = 0; passed < ms; passed += 1000) {
    await cluster.clock.advance(1000)
    for (const member of members) await client.heartbeat(member)
  }
}

test('Followers wait for the leader, and each gets its own assignment', async () => {
  const [leader, follower] = await client.joinPair()
  const waiting = client.sync(follower)
  expect(await isSettled(waiting)).toBe(false)
  expect(group().state).toBe('CompletingRebalance')
  const led = await client.sync(leader, { [leader.memberId]: 'a', [follower.memberId]: 'b' })
  expect(led.assignment.toString()).toBe('a')
  const followed = await waiting
  expect(followed).toMatchObject({ errorCode: 0, protocolType: 'consumer', protocolName: 'range' })
  expect(followed.assignment.toString()).toBe('b')
  expect(group().state).toBe('Stable')
})

test('A member that the leader forgot gets an empty assignment', async () => {
  const [leader, follower] = await client.joinPair()
  await client.sync(leader, { [leader.memberId]: 'all' })
  expect((await client.sync(follower)).assignment).toHaveLength(0)
})

test('A sync in a stable group answers what was assigned', async () => {
  const [, follower] = await client.stablePair()
  expect((await client.sync(follower)).assignment.toString()).toBe(`of ${follower.memberId}`)
})

test('A sync is refused by what is wrong with it', async () => {
  const [leader] = await client.stablePair()
  const code = async (response: Promise<{ errorCode: number }>) => errorCodeName((await response).errorCode)
  expect(await code(client.sync({ ...leader, generationId: 0 }))).toBe('ILLEGAL_GENERATION')
  expect(await code(client.sync({ ...leader, memberId: 'stranger' }))).toBe('UNKNOWN_MEMBER_ID')
  const wrong = 'INCONSISTENT_GROUP_PROTOCOL'
  expect(await code(client.sync(leader, {}, { protocolName: 'sticky' }))).toBe(wrong)
  expect(await code(client.sync(leader, {}, { protocolType: 'connect' }))).toBe(wrong)
  expect(await code(client.sync(leader, {}, { protocolType: null }))).toBe(wrong)
  expect(await code(client.sync(leader, {}, { protocolName: 'sticky', version: 4 }))).toBe('NONE')
  void client.join({ memberId: leader.memberId })
  await settle()
  expect(await code(client.sync(leader))).toBe('REBALANCE_IN_PROGRESS')
})

test('A heartbeat says what the member has to do', async () => {
  const [leader, follower] = await client.stablePair()
  expect(await client.heartbeat(follower)).toBe('NONE')
  expect(await client.heartbeat({ ...follower, generationId: 7 })).toBe('ILLEGAL_GENERATION')
  expect(await client.heartbeat({ ...follower, memberId: 'stranger' })).toBe('UNKNOWN_MEMBER_ID')
  void client.join({ memberId: leader.memberId })
  await settle()
  expect(await client.heartbeat(follower)).toBe('REBALANCE_IN_PROGRESS')
})

test('A heartbeat to a group that is not there knows no such member', async () => {
  expect(await client.heartbeat({ memberId: 'm', generationId: 1 })).toBe('UNKNOWN_MEMBER_ID')
})

test('A member without heartbeats is out after its session timeout, and the rest rebalance', async () => {
  const [leader, follower] = await client.stablePair()
  await liveOn(9000, leader)
  expect(ids()).toEqual([leader.memberId, follower.memberId])
  await cluster.clock.advance(1000)
  expect(ids()).toEqual([leader.memberId])
  expect(group().state).toBe('PreparingRebalance')
  expect(await client.heartbeat(follower)).toBe('UNKNOWN_MEMBER_ID')
  expect((await client.join({ memberId: leader.memberId })).generationId).toBe(2)
})

test('A failed leader is replaced by a member that is there', async () => {
  const [leader, follower] = await client.stablePair()
  await liveOn(10_000, follower)
  expect(ids()).not.toContain(leader.memberId)
  const rejoined = await client.join({ memberId: follower.memberId })
  expect(rejoined.leader).toBe(follower.memberId)
  expect(rejoined.members).toHaveLength(1)
})

test('Members that do not rejoin within the rebalance timeout are out although they heartbeat', async () => {
  const [leader, follower] = await client.stablePair()
  const rejoin = client.join({ memberId: leader.memberId })
  await settle()
  await liveOn(59_000, follower)
  expect(await isSettled(rejoin)).toBe(false)
  await liveOn(1000, follower)
  expect((await rejoin).members.map((member) => member.memberId)).toEqual([leader.memberId])
  expect(await client.heartbeat(follower)).toBe('UNKNOWN_MEMBER_ID')
})

test('A member whose JoinGroup waits needs no heartbeats', async () => {
  const [leader, follower] = await client.stablePair()
  const rejoin = client.join({ memberId: leader.memberId })
  await settle()
  await liveOn(50_000, follower)
  expect(ids()).toContain(leader.memberId)
  const second = client.join({ memberId: follower.memberId })
  expect((await Promise.all([rejoin, second])).map((answer) => answer.generationId)).toEqual([2, 2])
})

test('A new member whose JoinGroup waits is given up after five minutes', async () => {
  const options = { rebalanceTimeoutMs: 1_000_000, sessionTimeoutMs: 1_000_000 }
  await client.stable(1, options)
  const joining = client.joinDynamic(options)
  await cluster.clock.advance(299_999)
  expect(await isSettled(joining)).toBe(false)
  await cluster.clock.advance(1)
  expect(errorCodeName((await joining).errorCode)).toBe('UNKNOWN_MEMBER_ID')
})

test('Members that do not sync within the rebalance timeout are out although they heartbeat', async () => {
  const [leader, follower] = await client.stablePair()
  const [led, followed] = await Promise.all([
    client.join({ memberId: leader.memberId }),
    client.join({ memberId: follower.memberId }),
  ])
  await client.sync(led, { [led.memberId]: 'all' })
  await liveOn(60_000, led, followed)
  expect(ids()).toEqual([led.memberId])
  expect(group().state).toBe('PreparingRebalance')
})

test('When the leader fails before its assignment, those who wait have to join again', async () => {
  const [, follower] = await client.joinPair()
  const waiting = client.sync(follower)
  await cluster.clock.advance(10_000)
  expect(errorCodeName((await waiting).errorCode)).toBe('REBALANCE_IN_PROGRESS')
  const rejoined = await client.join({ memberId: follower.memberId })
  expect(rejoined).toMatchObject({ generationId: 2, leader: follower.memberId })
})

test('A new member interrupts a round that waits for its assignment', async () => {
  const [leader, follower] = await client.joinPair()
  const waiting = client.sync(follower)
  await settle()
  void client.joinDynamic()
  expect(errorCodeName((await waiting).errorCode)).toBe('REBALANCE_IN_PROGRESS')
  const late = await client.sync(leader, { [leader.memberId]: 'stale' })
  expect(errorCodeName(late.errorCode)).toBe('REBALANCE_IN_PROGRESS')
})

test('A member that leaves is not waited for, and the group rebalances at once', async () => {
  const [leader, follower] = await client.stablePair()
  const left = await client.leave({ memberId: follower.memberId })
  expect(left).toMatchObject({ errorCode: 0, members: [{ memberId: follower.memberId, errorCode: 0 }] })
  expect(await client.heartbeat(leader)).toBe('REBALANCE_IN_PROGRESS')
  expect((await client.join({ memberId: leader.memberId })).members).toHaveLength(1)
})

test('A member that leaves during a rebalance completes it', async () => {
  const [leader, follower] = await client.stablePair()
  const rejoin = client.join({ memberId: leader.memberId })
  await settle()
  await client.leave({ memberId: follower.memberId })
  expect((await rejoin).generationId).toBe(2)
})

test('The group is empty when all have left, and its generation goes on from there', async () => {
  const [leader, follower] = await client.stablePair()
  await client.leave({ memberId: leader.memberId }, { memberId: follower.memberId })
  expect(group()).toMatchObject({
    state: 'Empty',
    generationId: 2,
    protocolType: 'consumer',
    protocolName: null,
  })
  const joining = client.joinDynamic()
  await cluster.clock.advance(3000)
  expect((await joining).generationId).toBe(3)
})

test('Leaving answers each member by itself', async () => {
  const [leader] = await client.stablePair()
  const { memberId: pending } = await client.join()
  const { members } = await client.leave(
    { memberId: 'stranger' },
    { groupInstanceId: 'nobody' },
    { memberId: pending },
    { memberId: leader.memberId },
  )
  expect(members.map((member) => errorCodeName(member.errorCode))).toEqual([
    'UNKNOWN_MEMBER_ID',
    'UNKNOWN_MEMBER_ID',
    'NONE',
    'NONE',
  ])
})

test('No timer is left when the group is empty and closed', async () => {
  const [leader, follower] = await client.stablePair()
  await client.leave({ memberId: leader.memberId }, { memberId: follower.memberId })
  cluster.registry.remove('group')
  expect(cluster.clock.pendingTimers).toBe(0)
})
