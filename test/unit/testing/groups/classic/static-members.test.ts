// Guards static membership (KIP-345, KIP-814): a restart without a rebalance, and fencing of whoever is the older one.
import { errorCodeName } from '../../../../../src/base/error-codes'
import type { JoinGroupResponse } from '../../../../../src/wire/generated/client/join-group'
import { settle } from '../../../support/fake-clock'
import { FakeGroupCluster } from '../../support/fake-group-cluster'
import { GroupClient, subscription, type JoinOptions } from '../../support/group-client'

let cluster: FakeGroupCluster
let client: GroupClient

beforeEach(() => {
  cluster = new FakeGroupCluster()
  client = new GroupClient(cluster)
})

afterEach(() => cluster.close())

const group = () => cluster.classicGroup()

const joinPair = (options: JoinOptions = {}) =>
  client.joinPair({ ...options, groupInstanceId: 'a' }, { ...options, groupInstanceId: 'b' })

/** A stable group of the static members `a`, which leads, and `b`. */
async function stable(options: JoinOptions = {}): Promise<[JoinGroupResponse, JoinGroupResponse]> {
  const members = await joinPair(options)
  await client.syncAll(members)
  return members
}

test('A static member is let in without being given an id first, and its id begins with its instance id', async () => {
  const joining = client.join({ groupInstanceId: 'a' })
  await cluster.clock.advance(3000)
  const { errorCode, memberId, members } = await joining
  expect(errorCode).toBe(0)
  expect(memberId).toMatch(/^a-/)
  expect(members).toEqual([expect.objectContaining({ memberId, groupInstanceId: 'a' })])
})

test('A static member that comes back gets another id and its old assignment, without a rebalance', async () => {
  const [, b] = await stable()
  const back = await client.join({ groupInstanceId: 'b' })
  expect(back).toMatchObject({ errorCode: 0, generationId: 1, skipAssignment: false, members: [] })
  expect(back.memberId).not.toBe(b.memberId)
  expect(group().state).toBe('Stable')
  const synced = await client.sync(back, {}, { groupInstanceId: 'b' })
  expect(synced.assignment.toString()).toBe(`of ${b.memberId}`)
})

test('Whoever uses the old id of a static member is fenced', async () => {
  const [, b] = await stable()
  const back = await client.join({ groupInstanceId: 'b' })
  expect(await client.heartbeat(b, 'b')).toBe('FENCED_INSTANCE_ID')
  expect(await client.heartbeat(b)).toBe('UNKNOWN_MEMBER_ID')
  expect(await client.heartbeat(back, 'b')).toBe('NONE')
  const rejoin = await client.join({ memberId: b.memberId, groupInstanceId: 'b' })
  expect(errorCodeName(rejoin.errorCode)).toBe('FENCED_INSTANCE_ID')
  const sync = await client.sync(b, {}, { groupInstanceId: 'b' })
  expect(errorCodeName(sync.errorCode)).toBe('FENCED_INSTANCE_ID')
  const { members } = await client.leave({ memberId: b.memberId, groupInstanceId: 'b' })
  expect(members.map((member) => errorCodeName(member.errorCode))).toEqual(['FENCED_INSTANCE_ID'])
})

test('A request whose instance id nobody has is of an unknown member', async () => {
  const [, b] = await stable()
  expect(await client.heartbeat(b, 'c')).toBe('UNKNOWN_MEMBER_ID')
})

test('A leader that comes back with version 9 is told the members and not to assign', async () => {
  const [a] = await stable()
  const back = await client.join({ groupInstanceId: 'a' })
  expect(back).toMatchObject({ errorCode: 0, generationId: 1, skipAssignment: true, leader: back.memberId })
  expect(back.members).toHaveLength(2)
  expect((await client.sync(back)).assignment.toString()).toBe(`of ${a.memberId}`)
  expect(group().state).toBe('Stable')
})

test('A leader that comes back with an older version is told that its old id leads', async () => {
  const [a] = await stable()
  const back = await client.join({ groupInstanceId: 'a', version: 8 })
  expect(back).toMatchObject({ errorCode: 0, leader: a.memberId, members: [] })
  expect(group().leaderId).toBe(back.memberId)
})

test('A static member that comes back with another choice of protocol begins a rebalance', async () => {
  const metadata = subscription('topic')
  const both = [
    { name: 'range', metadata },
    { name: 'sticky', metadata },
  ]
  const joining = client.join({ groupInstanceId: 'a', protocols: both })
  await cluster.clock.advance(3000)
  await client.syncAll([await joining])
  const back = client.join({ groupInstanceId: 'a', protocols: [...both].reverse() })
  await settle()
  expect(await back).toMatchObject({ generationId: 2, protocolName: 'sticky' })
})

test('A static member that comes back while the leader assigns begins another round', async () => {
  const [a] = await joinPair()
  const back = client.join({ groupInstanceId: 'b' })
  await settle()
  expect(group().state).toBe('PreparingRebalance')
  const assigned = await client.sync(a, { [a.memberId]: 'x' }, { groupInstanceId: 'a' })
  expect(errorCodeName(assigned.errorCode)).toBe('REBALANCE_IN_PROGRESS')
  const rejoin = client.join({ memberId: a.memberId, groupInstanceId: 'a' })
  expect((await Promise.all([rejoin, back])).map((answer) => answer.generationId)).toEqual([2, 2])
})

test('A duplicate that still waits for its join is fenced by the one that comes after', async () => {
  const first = client.join({ groupInstanceId: 'a' })
  await settle()
  const second = client.join({ groupInstanceId: 'a' })
  expect(errorCodeName((await first).errorCode)).toBe('FENCED_INSTANCE_ID')
  await cluster.clock.advance(3000)
  expect((await second).members).toHaveLength(1)
})

test('In a rebalance that a static member misses, it stays a member and its session decides', async () => {
  const options = { rebalanceTimeoutMs: 6000, sessionTimeoutMs: 30_000 }
  const [a, b] = await stable(options)
  const rejoin = client.join({ ...options, memberId: a.memberId, groupInstanceId: 'a' })
  await cluster.clock.advance(6000)
  expect((await rejoin).members.map((member) => member.groupInstanceId)).toEqual(['a', 'b'])
  expect(group().members.map((member) => member.memberId)).toEqual([a.memberId, b.memberId])
})

test('The admin removes a static member by its instance id alone', async () => {
  const [a, b] = await stable()
  const { members } = await client.leave({ groupInstanceId: 'b' })
  expect(members).toEqual([expect.objectContaining({ memberId: '', groupInstanceId: 'b', errorCode: 0 })])
  expect(await client.heartbeat(b, 'b')).toBe('UNKNOWN_MEMBER_ID')
  expect(await client.heartbeat(a, 'a')).toBe('REBALANCE_IN_PROGRESS')
})
