// Guards who may commit what: a commit that Kafka refuses and the broker takes would hide a lost rebalance.
import { errorCodeName } from '../../../../src/base/error-codes'
import {
  offsetCommitApi,
  type OffsetCommitRequest,
  type OffsetCommitResponse,
} from '../../../../src/wire/generated/client/offset-commit'
import { settle } from '../../support/fake-clock'
import { FakeGroupCluster } from '../support/fake-group-cluster'
import { GroupClient, type Joined } from '../support/group-client'

let cluster: FakeGroupCluster
let client: GroupClient
let topicId: string

beforeEach(() => {
  cluster = new FakeGroupCluster()
  client = new GroupClient(cluster)
  topicId = cluster.addTopic('topic').id
})

afterEach(() => cluster.close())

function commit(request: Partial<OffsetCommitRequest> = {}, version = 9): Promise<OffsetCommitResponse> {
  const partitions = [
    { partitionIndex: 0, committedOffset: 5n, committedLeaderEpoch: 3, committedMetadata: 'm' },
  ]
  const full: OffsetCommitRequest = {
    groupId: 'group',
    memberId: '',
    topics: [version >= 10 ? { topicId, partitions } : { name: 'topic', partitions }],
    ...request,
  }
  return client.send(offsetCommitApi, full, version)
}

const codes = async (response: Promise<OffsetCommitResponse>) =>
  (await response).topics.flatMap((topic) => topic.partitions.map((p) => errorCodeName(p.errorCode)))
const by = ({ memberId, generationId }: Joined) => ({ memberId, generationIdOrMemberEpoch: generationId })
const stored = () => cluster.services.offsets.get('group', 'topic', 0)

async function member(): Promise<Joined> {
  const [joined] = await client.stable(1)
  if (joined === undefined) throw new TypeError('A member was asked for')
  return joined
}

test('Whoever is no member commits to a group that is not there, and so makes one without a protocol', async () => {
  expect(await codes(commit())).toEqual(['NONE'])
  expect(stored()).toEqual({
    offset: 5n,
    leaderEpoch: 3,
    metadata: 'm',
    committedAt: cluster.clock.wallTime(),
    topicId,
  })
  expect(cluster.registry.get('group')).toMatchObject({ kind: 'classic', state: 'Empty', protocolType: '' })
})

test.each([2, 3, 4, 5, 6, 7, 8, 9, 10])(
  'OffsetCommit %i names the topic as it was asked',
  async (version) => {
    const { topics } = await commit({}, version)
    expect(topics).toHaveLength(1)
    expect(version >= 10 ? topics[0]?.topicId : topics[0]?.name).toBe(version >= 10 ? topicId : 'topic')
    expect(stored()?.leaderEpoch).toBe(version >= 6 ? 3 : -1)
  },
)

test('A member commits with its generation', async () => {
  const joined = await member()
  expect(await codes(commit(by(joined)))).toEqual(['NONE'])
  expect(await codes(commit({ ...by(joined), generationIdOrMemberEpoch: 0 }))).toEqual(['ILLEGAL_GENERATION'])
  expect(await codes(commit({ ...by(joined), memberId: 'stranger' }))).toEqual(['UNKNOWN_MEMBER_ID'])
})

test('While a group has members, nobody else commits', async () => {
  await member()
  expect(await codes(commit())).toEqual(['UNKNOWN_MEMBER_ID'])
})

test('A member of a group that is gone is told so, in the words of its version', async () => {
  const stranger = { memberId: 'stranger', generationIdOrMemberEpoch: 3 }
  expect(await codes(commit(stranger, 8))).toEqual(['ILLEGAL_GENERATION'])
  expect(await codes(commit(stranger, 9))).toEqual(['GROUP_ID_NOT_FOUND'])
})

test('A static member is fenced when another took its instance id', async () => {
  const joining = client.join({ groupInstanceId: 'a' })
  await cluster.clock.advance(3000)
  const joined = await joining
  await client.syncAll([joined])
  await client.join({ groupInstanceId: 'a' })
  expect(await codes(commit({ ...by(joined), groupInstanceId: 'a' }))).toEqual(['FENCED_INSTANCE_ID'])
})

test('Between join and sync a commit is refused, before the join is complete it is taken', async () => {
  const joined = await member()
  const rejoin = client.join({ memberId: joined.memberId })
  await settle()
  const next = by(await rejoin)
  expect(await codes(commit(by(joined)))).toEqual(['ILLEGAL_GENERATION'])
  expect(await codes(commit(next))).toEqual(['REBALANCE_IN_PROGRESS'])
  await client.syncAll([await rejoin])
  void client.join({ sessionTimeoutMs: 6000 })
  await settle()
  void client.join({ memberId: joined.memberId })
  await settle()
  expect(cluster.registry.get('group')?.state).toBe('PreparingRebalance')
  expect(await codes(commit(next))).toEqual(['NONE'])
})

test('A commit keeps the member alive as a heartbeat does', async () => {
  const joined = await member()
  for (let i = 0; i < 3; i++) {
    await cluster.clock.advance(9000)
    expect(await codes(commit(by(joined)))).toEqual(['NONE'])
  }
  expect(await client.heartbeat(joined)).toBe('NONE')
})

test('Each partition is judged by itself: its topic, its metadata', async () => {
  const partition = (partitionIndex: number, committedMetadata: string | null) => ({
    partitionIndex,
    committedOffset: 1n,
    committedMetadata,
  })
  const topics = [
    {
      name: 'topic',
      partitions: [
        partition(0, 'x'.repeat(4097)),
        partition(1, 'x'.repeat(4096)),
        partition(2, null),
        partition(10, ''),
      ],
    },
    { name: 'missing', partitions: [partition(0, '')] },
  ]
  expect(await codes(commit({ topics }))).toEqual([
    'OFFSET_METADATA_TOO_LARGE',
    'NONE',
    'NONE',
    'UNKNOWN_TOPIC_OR_PARTITION',
    'UNKNOWN_TOPIC_OR_PARTITION',
  ])
  expect(cluster.services.offsets.get('group', 'topic', 2)?.metadata).toBe('')
})

test('An id that no topic has is refused as such', async () => {
  const partitions = [{ partitionIndex: 0, committedOffset: 1n, committedMetadata: '' }]
  const unknown = Buffer.alloc(16, 99).toString('base64url')
  expect(await codes(commit({ topics: [{ topicId: unknown, partitions }] }, 10))).toEqual([
    'UNKNOWN_TOPIC_ID',
  ])
})

test('Without rights on the group or the topic nothing is committed', async () => {
  cluster.denied.add('Read Topic topic')
  expect(await codes(commit())).toEqual(['TOPIC_AUTHORIZATION_FAILED'])
  expect(cluster.registry.get('group')).toBeUndefined()
  cluster.denied.add('Read Group group')
  expect(await codes(commit())).toEqual(['GROUP_AUTHORIZATION_FAILED'])
})

test('Another broker does not commit', async () => {
  cluster.askedBrokerId = 2
  expect(await codes(commit())).toEqual(['NOT_COORDINATOR'])
})
