// Guards the way into a classic group: a broker that lets members in too early, too late or under wrong terms would
// let faults of the client's join pass.
import { ErrorCode, errorCodeName } from '../../../../../src/base/error-codes'
import { settle } from '../../../support/fake-clock'
import { FakeGroupCluster } from '../../support/fake-group-cluster'
import { GroupClient, isSettled, subscription } from '../../support/group-client'

let cluster: FakeGroupCluster
let client: GroupClient

beforeEach(() => use({}))

afterEach(() => cluster.close())

function use(configs: Record<string, string>): void {
  cluster = new FakeGroupCluster(configs)
  client = new GroupClient(cluster)
}

const group = () => cluster.classicGroup()

const codeOf = async (response: Promise<{ readonly errorCode: number }>) =>
  errorCodeName((await response).errorCode)

test('A new member gets an id first, in the form of client id and UUID, and joins with it', async () => {
  const first = await client.join()
  expect(errorCodeName(first.errorCode)).toBe('MEMBER_ID_REQUIRED')
  expect(first.memberId).toMatch(/^client-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/)
  expect(first.generationId).toBe(-1)
  const second = client.join({ memberId: first.memberId })
  await cluster.clock.advance(3000)
  expect(await second).toMatchObject({
    errorCode: 0,
    memberId: first.memberId,
    leader: first.memberId,
    generationId: 1,
    protocolType: 'consumer',
    protocolName: 'range',
    skipAssignment: false,
  })
})

test('Before version 4 a new member is let in at once under an id it learns from the answer', async () => {
  const joining = client.join({ version: 3 })
  await cluster.clock.advance(3000)
  const { errorCode, memberId, leader, members } = await joining
  expect(errorCode).toBe(0)
  expect(leader).toBe(memberId)
  expect(members.map((member) => member.memberId)).toEqual([memberId])
})

test('The first rebalance waits for more members, as long as there come some', async () => {
  const first = client.joinDynamic()
  await cluster.clock.advance(2000)
  const second = client.joinDynamic()
  await cluster.clock.advance(1000)
  expect(await isSettled(first)).toBe(false)
  await cluster.clock.advance(3000)
  const answers = await Promise.all([first, second])
  expect(answers.map((answer) => answer.generationId)).toEqual([1, 1])
  expect(answers[0].members.map((member) => member.memberId)).toEqual(answers.map((a) => a.memberId))
  expect(answers[1].members).toEqual([])
  expect(answers[1].leader).toBe(answers[0].memberId)
})

test('The first rebalance is prolonged no longer than the rebalance timeout', async () => {
  const options = { rebalanceTimeoutMs: 7000 }
  const joins = [client.joinDynamic(options)]
  for (let i = 0; i < 3; i++) {
    await cluster.clock.advance(2000)
    joins.push(client.joinDynamic(options))
  }
  await cluster.clock.advance(999)
  expect(await isSettled(joins[0] ?? Promise.resolve())).toBe(false)
  await cluster.clock.advance(1)
  expect((await Promise.all(joins)).map((answer) => answer.generationId)).toEqual([1, 1, 1, 1])
})

test('Without an initial delay the first member is let in at once', async () => {
  use({ 'group.initial.rebalance.delay.ms': '0' })
  const joining = client.joinDynamic()
  await cluster.clock.advance(0)
  expect((await joining).generationId).toBe(1)
})

test('An id that nobody comes back with is forgotten after the session timeout', async () => {
  const { memberId } = await client.join()
  expect(group().pendingMemberIds).toEqual([memberId])
  await cluster.clock.advance(10_000)
  expect(group().pendingMemberIds).toEqual([])
  expect(await codeOf(client.join({ memberId }))).toBe('UNKNOWN_MEMBER_ID')
})

test('An id that was given to a dynamic member can not be made static', async () => {
  const { memberId } = await client.join()
  expect(await codeOf(client.join({ memberId, groupInstanceId: 'a' }))).toBe('UNKNOWN_SERVER_ERROR')
  expect(group().pendingMemberIds).toEqual([memberId])
})

test('A rebalance waits for those who were given an id, until their session ends', async () => {
  const [leader] = await client.stable(1)
  await client.join()
  const rejoin = client.join({ memberId: leader?.memberId ?? '' })
  await cluster.clock.advance(9_999)
  expect(await isSettled(rejoin)).toBe(false)
  await cluster.clock.advance(1)
  expect((await rejoin).generationId).toBe(2)
})

test.each([
  ['a session timeout below the least', { sessionTimeoutMs: 5999 }, 'INVALID_SESSION_TIMEOUT'],
  ['a session timeout above the greatest', { sessionTimeoutMs: 1_800_001 }, 'INVALID_SESSION_TIMEOUT'],
  ['no protocol type', { protocolType: '' }, 'INCONSISTENT_GROUP_PROTOCOL'],
  ['no protocols', { protocols: [] }, 'INCONSISTENT_GROUP_PROTOCOL'],
  ['no group id', { groupId: '' }, 'INVALID_GROUP_ID'],
  ['a member id of a group that is not there', { memberId: 'stranger' }, 'UNKNOWN_MEMBER_ID'],
])('A join with %s is refused', async (_what, request, code) => {
  expect(await codeOf(client.join(request))).toBe(code)
})

test('A join without the right to read the group is refused', async () => {
  cluster.denied.add('Read Group group')
  expect(await codeOf(client.join())).toBe('GROUP_AUTHORIZATION_FAILED')
})

test('A join at another broker is sent to the coordinator', async () => {
  cluster.askedBrokerId = 2
  expect(await codeOf(client.join())).toBe('NOT_COORDINATOR')
  expect(cluster.registry.get('group')).toBeUndefined()
})

test('A member of another protocol type, or without a protocol that all know, is refused', async () => {
  await client.stable(1)
  expect(await codeOf(client.join({ protocolType: 'connect' }))).toBe('INCONSISTENT_GROUP_PROTOCOL')
  const protocols = [{ name: 'sticky', metadata: subscription('topic') }]
  expect(await codeOf(client.join({ protocols }))).toBe('INCONSISTENT_GROUP_PROTOCOL')
})

test('The protocol is the one most members like best among those that all know', async () => {
  const protocols = (...names: string[]) => names.map((name) => ({ name, metadata: Buffer.from(name) }))
  const joins = [
    client.joinDynamic({ protocols: protocols('own', 'range', 'sticky') }),
    client.joinDynamic({ protocols: protocols('sticky', 'range') }),
    client.joinDynamic({ protocols: protocols('sticky', 'range') }),
  ]
  await cluster.clock.advance(6000)
  const [leader] = await Promise.all(joins)
  expect(leader?.protocolName).toBe('sticky')
  expect(leader?.members.map((member) => member.metadata.toString())).toEqual(['sticky', 'sticky', 'sticky'])
})

test('More members than group.max.size are refused, and the group goes on without them', async () => {
  use({ 'group.max.size': '2' })
  const members = await client.stable(2)
  const third = await client.join()
  expect(errorCodeName(third.errorCode)).toBe('GROUP_MAX_SIZE_REACHED')
  expect(third.memberId).toBe('')
  expect(group().state).toBe('Stable')
  // During a rebalance the places go to those who rejoin first.
  const rejoin = client.join({ memberId: members[0]?.memberId ?? '' })
  const late = client.joinDynamic()
  await settle()
  const last = client.join({ memberId: members[1]?.memberId ?? '' })
  expect(await codeOf(last)).toBe('GROUP_MAX_SIZE_REACHED')
  await cluster.clock.advance(60_000)
  expect((await late).generationId).toBe(2)
  expect((await rejoin).generationId).toBe(2)
})

test('A follower that rejoins a stable group unchanged gets the current generation', async () => {
  const [, follower] = await client.stable(2)
  const again = await client.join({ memberId: follower?.memberId ?? '' })
  expect(again).toMatchObject({ errorCode: 0, generationId: 1, members: [] })
  expect(group().state).toBe('Stable')
})

test('A follower that rejoins with other metadata begins a rebalance', async () => {
  const [, follower] = await client.stable(2)
  const protocols = [{ name: 'range', metadata: subscription('other') }]
  void client.join({ memberId: follower?.memberId ?? '', protocols })
  await settle()
  expect(group().state).toBe('PreparingRebalance')
})

test('A leader that rejoins begins a rebalance, changed or not', async () => {
  const [leader, follower] = await client.stable(2)
  const rejoin = client.join({ memberId: leader?.memberId ?? '' })
  await settle()
  expect(group().state).toBe('PreparingRebalance')
  const second = client.join({ memberId: follower?.memberId ?? '' })
  const answers = await Promise.all([rejoin, second])
  expect(answers.map((answer) => answer.generationId)).toEqual([2, 2])
  expect(answers[0].members).toHaveLength(2)
})

test('A member that lost its answer and rejoins before the sync gets the same generation again', async () => {
  const joining = client.joinDynamic()
  await cluster.clock.advance(3000)
  const { memberId } = await joining
  const again = await client.join({ memberId })
  expect(again).toMatchObject({ errorCode: 0, generationId: 1, leader: memberId })
  expect(again.members).toHaveLength(1)
})

test.each([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])(
  'JoinGroup %i has its own fields, and errors fit into it',
  async (version) => {
    const refused = await client.join({ version, protocols: [] })
    expect(refused).toMatchObject({
      errorCode: ErrorCode.INCONSISTENT_GROUP_PROTOCOL,
      protocolName: version >= 7 ? null : '',
      generationId: -1,
      leader: '',
      members: [],
    })
    const joining = version >= 4 ? client.joinDynamic({ version }) : client.join({ version })
    await cluster.clock.advance(3000)
    expect(await joining).toMatchObject({ errorCode: 0, protocolName: 'range', generationId: 1 })
  },
)

test('Version 0 takes the session timeout as the rebalance timeout', async () => {
  const options = { version: 0, sessionTimeoutMs: 6000 }
  const first = client.join(options)
  await cluster.clock.advance(3000)
  await client.syncAll([await first])
  void client.join(options)
  await settle()
  expect(group().state).toBe('PreparingRebalance')
  const heartbeat = await client.heartbeat(await first)
  expect(heartbeat).toBe('REBALANCE_IN_PROGRESS')
  await cluster.clock.advance(6000)
  expect(group().members.map((member) => member.memberId)).not.toContain((await first).memberId)
})
