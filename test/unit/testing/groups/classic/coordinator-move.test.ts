// Guards what survives a change of the coordinator: only what Kafka writes to its log; a group that kept more would hide
// faults in how a client comes back.
import { errorCodeName } from '../../../../../src/base/error-codes'
import { settle } from '../../../support/fake-clock'
import { FakeGroupCluster } from '../../support/fake-group-cluster'
import { GroupClient, subscription } from '../../support/group-client'

let cluster: FakeGroupCluster
let client: GroupClient

beforeEach(() => {
  cluster = new FakeGroupCluster()
  client = new GroupClient(cluster)
})

afterEach(() => cluster.close())

const group = () => cluster.classicGroup()

const move = () => cluster.moveCoordinator('group')

test('A stable group goes on under its new coordinator with the same generation and assignments', async () => {
  const [leader, follower] = await client.stablePair()
  move()
  expect(await client.heartbeat(leader)).toBe('NONE')
  expect((await client.sync(follower)).assignment.toString()).toBe(`of ${follower.memberId}`)
  expect(group()).toMatchObject({ state: 'Stable', generationId: 1, leaderId: leader.memberId })
})

test('Sessions begin anew at the new coordinator', async () => {
  const [member] = await client.stable(1)
  await cluster.clock.advance(9000)
  move()
  await cluster.clock.advance(9000)
  expect(await client.heartbeat(member ?? { memberId: '', generationId: 0 })).toBe('NONE')
  await cluster.clock.advance(10_000)
  expect(group().state).toBe('Empty')
})

test('Joins and syncs that wait are sent to the new coordinator, and an unfinished round is lost', async () => {
  const [leader] = await client.stablePair()
  const rejoin = client.join({ memberId: leader.memberId })
  const newcomer = client.joinDynamic()
  await settle()
  move()
  expect(errorCodeName((await rejoin).errorCode)).toBe('NOT_COORDINATOR')
  expect(errorCodeName((await newcomer).errorCode)).toBe('NOT_COORDINATOR')
  expect(group()).toMatchObject({ state: 'Stable', generationId: 1 })
  expect(group().members).toHaveLength(2)
  const { memberId } = await newcomer
  expect(errorCodeName((await client.join({ memberId })).errorCode)).toBe('UNKNOWN_MEMBER_ID')
})

test('A sync that waits is sent to the new coordinator, which knows nothing of its generation', async () => {
  const [, follower] = await client.joinPair()
  const waiting = client.sync(follower)
  await settle()
  move()
  expect(errorCodeName((await waiting).errorCode)).toBe('NOT_COORDINATOR')
  expect(group()).toMatchObject({ state: 'Empty', generationId: 0 })
  expect(await client.heartbeat(follower)).toBe('UNKNOWN_MEMBER_ID')
})

test('Ids that were given out are forgotten', async () => {
  const { memberId } = await client.join()
  move()
  expect(errorCodeName((await client.join({ memberId })).errorCode)).toBe('UNKNOWN_MEMBER_ID')
})

test('Of the protocols the new coordinator knows the chosen one, so a follower with more begins a rebalance', async () => {
  const metadata = subscription('topic')
  const protocols = ['range', 'sticky'].map((name) => ({ name, metadata }))
  const [, follower] = await client.stable(2, { protocols })
  move()
  void client.join({ memberId: follower?.memberId ?? '', protocols })
  await settle()
  expect(group().state).toBe('PreparingRebalance')
})

test('Groups of other partitions are not touched', async () => {
  const other = new GroupClient(cluster, 'another')
  const joining = other.joinDynamic()
  await settle()
  move()
  await cluster.clock.advance(3000)
  expect((await joining).generationId).toBe(1)
})
