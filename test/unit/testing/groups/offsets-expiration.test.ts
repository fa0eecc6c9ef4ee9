// Guards retention: offsets that expire too early make a service read everything again, and those that never do hide that
// its users' would.
import { offsetCommitApi } from '../../../../src/wire/generated/client/offset-commit'
import { FakeGroupCluster } from '../support/fake-group-cluster'
import { GroupClient, type Joined } from '../support/group-client'

const day = 86_400_000
const check = 600_000

let cluster: FakeGroupCluster
let client: GroupClient

beforeEach(() => use({}))

function use(configs: Record<string, string>): void {
  cluster = new FakeGroupCluster(configs)
  client = new GroupClient(cluster)
  cluster.addTopic('topic')
  cluster.addTopic('other')
}

afterEach(() => cluster.close())

function commit(topic: string, member?: Joined, retentionTimeMs = -1n, version = 9): Promise<unknown> {
  const partitions = [{ partitionIndex: 0, committedOffset: 5n, committedMetadata: '' }]
  const request = {
    groupId: 'group',
    generationIdOrMemberEpoch: member?.generationId ?? -1,
    memberId: member?.memberId ?? '',
    retentionTimeMs,
    topics: [{ name: topic, partitions }],
  }
  return client.send(offsetCommitApi, request, version)
}

const topics = () => [...cluster.services.offsets.list('group').keys()]

async function liveOn(ms: number, member: Joined): Promise<void> {
  for (let passed = 0; passed < ms; passed += 1_000_000) {
    await cluster.clock.advance(1_000_000)
    await client.heartbeat(member)
  }
}

async function stable(): Promise<Joined> {
  const [member] = await client.stable(1, { sessionTimeoutMs: 1_800_000 })
  if (member === undefined) throw new TypeError('A member was asked for')
  return member
}

test('Offsets of a consumer without a group expire after their commit, and the group goes with the last', async () => {
  await commit('topic')
  await cluster.clock.advance(6 * day)
  await commit('other')
  await cluster.clock.advance(day + check)
  expect(topics()).toEqual(['other'])
  expect(cluster.registry.get('group')?.state).toBe('Empty')
  await cluster.clock.advance(6 * day + check)
  expect(topics()).toEqual([])
  expect(cluster.registry.get('group')).toBeUndefined()
  expect(cluster.clock.pendingTimers).toBe(0)
})

test('The offsets of a group that was left expire after it became empty, however old they are', async () => {
  const member = await stable()
  await commit('topic', member)
  await liveOn(3 * day, member)
  await client.leave({ memberId: member.memberId })
  await cluster.clock.advance(5 * day)
  expect(topics()).toEqual(['topic'])
  await cluster.clock.advance(2 * day + check)
  expect(topics()).toEqual([])
  expect(cluster.registry.get('group')).toBeUndefined()
})

test('While members read a topic its offsets stay, and those of other topics expire', async () => {
  use({ 'offsets.retention.minutes': '60' })
  const member = await stable()
  await commit('topic', member)
  await commit('other', member)
  await liveOn(6_000_000, member)
  expect(topics()).toEqual(['topic'])
  expect(cluster.registry.get('group')?.state).toBe('Stable')
})

test('A commit with a retention of its own expires by it', async () => {
  await commit('topic', undefined, 3_600_000n, 4)
  await cluster.clock.advance(3_600_000 - 1)
  expect(topics()).toEqual(['topic'])
  await cluster.clock.advance(check)
  expect(topics()).toEqual([])
})

test('Offsets with a pending transaction stay', async () => {
  await commit('topic')
  const offset = { offset: 1n, leaderEpoch: -1, metadata: '', committedAt: 0, topicId: '' }
  cluster.services.offsets.putPending(7n, 'group', 'topic', 0, offset)
  await cluster.clock.advance(30 * day)
  expect(topics()).toEqual(['topic'])
})

test('An empty group without offsets goes at the next look', async () => {
  const member = await stable()
  await client.leave({ memberId: member.memberId })
  await cluster.clock.advance(check)
  expect(cluster.registry.get('group')).toBeUndefined()
})
