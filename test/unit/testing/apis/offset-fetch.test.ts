// Guards what a consumer starts from: an offset that is not there yet, not stable yet or not the caller's must not be told.
import { errorCodeName } from '../../../../src/base/error-codes'
import type { CommittedOffset } from '../../../../src/testing/contracts/group'
import { ClassicGroup } from '../../../../src/testing/groups/classic/classic-group'
import {
  offsetFetchApi,
  type OffsetFetchRequest,
  type OffsetFetchResponse,
} from '../../../../src/wire/generated/client/offset-fetch'
import { FakeGroupCluster } from '../support/fake-group-cluster'
import { GroupClient } from '../support/group-client'

const zeroId = 'AAAAAAAAAAAAAAAAAAAAAA'

let cluster: FakeGroupCluster
let client: GroupClient
let topicId: string

beforeEach(() => {
  cluster = new FakeGroupCluster()
  client = new GroupClient(cluster)
  topicId = cluster.addTopic('topic').id
  cluster.registry.add(new ClassicGroup('group', cluster.services))
  put(0, 5n)
})

afterEach(() => cluster.close())

function put(partition: number, offset: bigint, topic = 'topic'): void {
  cluster.services.offsets.put('group', topic, partition, at(offset, topicId))
}

function at(offset: bigint, id = zeroId): CommittedOffset {
  return { offset, leaderEpoch: 3, metadata: 'm', committedAt: 0, topicId: id }
}

interface Asked {
  readonly groupId?: string
  readonly partitions?: number[] | null
  readonly requireStable?: boolean
}

function fetch(
  version: number,
  { groupId = 'group', partitions = [0, 1], requireStable = false }: Asked = {},
): Promise<OffsetFetchResponse> {
  const named = version >= 10 ? { topicId } : { name: 'topic' }
  const topics = partitions === null ? null : [{ ...named, partitionIndexes: partitions }]
  const old = partitions === null ? null : [{ name: 'topic', partitionIndexes: partitions }]
  const request: OffsetFetchRequest =
    version >= 8 ? { groups: [{ groupId, topics }], requireStable } : { groupId, topics: old, requireStable }
  return client.send(offsetFetchApi, request, version)
}

/** The same for all versions: the error of the whole, and the partitions. */
async function read(version: number, asked: Asked = {}) {
  const response = await fetch(version, asked)
  const group = version >= 8 ? response.groups[0] : response
  const topics = version >= 8 ? response.groups[0]?.topics : response.topics
  return {
    error: errorCodeName(group?.errorCode ?? 0),
    topics: topics?.map((topic) => ('topicId' in topic && version >= 10 ? topic.topicId : topic.name)),
    offsets: topics?.flatMap((topic) =>
      topic.partitions.map((p) => `${p.partitionIndex}:${p.committedOffset}:${errorCodeName(p.errorCode)}`),
    ),
  }
}

test.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])(
  'OffsetFetch %i tells what was committed, and -1 for what was not',
  async (version) => {
    expect(await read(version)).toEqual({
      error: 'NONE',
      topics: [version >= 10 ? topicId : 'topic'],
      offsets: ['0:5:NONE', '1:-1:NONE'],
    })
  },
)

test.each([2, 7, 8, 9, 10])('OffsetFetch %i tells all offsets when asked for no topics', async (version) => {
  put(7, 8n)
  expect((await read(version, { partitions: null })).offsets).toEqual(['0:5:NONE', '7:8:NONE'])
})

test('A group that is not there has committed nothing, and that is no error', async () => {
  expect(await read(9, { groupId: 'nobody' })).toMatchObject({
    error: 'NONE',
    offsets: ['0:-1:NONE', '1:-1:NONE'],
  })
  expect(await read(9, { groupId: 'nobody', partitions: null })).toMatchObject({ error: 'NONE', topics: [] })
})

test('Leader epoch and metadata come with the offset', async () => {
  const { groups } = await fetch(9)
  expect(groups[0]?.topics[0]?.partitions).toMatchObject([
    { committedLeaderEpoch: 3, metadata: 'm' },
    { committedLeaderEpoch: -1, metadata: '' },
  ])
})

test('Who asks for stable offsets waits for open transactions, who does not gets the old offset', async () => {
  cluster.services.offsets.putPending(7n, 'group', 'topic', 0, at(9n))
  expect((await read(7)).offsets).toEqual(['0:5:NONE', '1:-1:NONE'])
  expect((await read(7, { requireStable: true })).offsets).toEqual([
    '0:-1:UNSTABLE_OFFSET_COMMIT',
    '1:-1:NONE',
  ])
  expect((await read(9, { requireStable: true, partitions: null })).offsets).toEqual([
    '0:-1:UNSTABLE_OFFSET_COMMIT',
  ])
})

test('Many groups are answered one by one', async () => {
  const topics = [{ name: 'topic', partitionIndexes: [0] }]
  cluster.denied.add('Describe Group secret')
  const request = { groups: ['group', 'secret', 'nobody'].map((groupId) => ({ groupId, topics })) }
  const { groups } = await client.send(offsetFetchApi, request, 8)
  expect(groups.map((group) => [group.groupId, errorCodeName(group.errorCode), group.topics.length])).toEqual(
    [
      ['group', 'NONE', 1],
      ['secret', 'GROUP_AUTHORIZATION_FAILED', 0],
      ['nobody', 'NONE', 1],
    ],
  )
})

test('An error of the whole stands where the version has it', async () => {
  cluster.askedBrokerId = 2
  expect(await read(1)).toMatchObject({
    error: 'NONE',
    offsets: ['0:-1:NOT_COORDINATOR', '1:-1:NOT_COORDINATOR'],
  })
  expect(await read(5)).toMatchObject({ error: 'NOT_COORDINATOR', topics: [] })
  expect(await read(8)).toMatchObject({ error: 'NOT_COORDINATOR', topics: [] })
})

test('What the caller may not see is refused by name and left out of all', async () => {
  cluster.denied.add('Describe Topic topic')
  expect((await read(9)).offsets).toEqual([
    '0:-1:TOPIC_AUTHORIZATION_FAILED',
    '1:-1:TOPIC_AUTHORIZATION_FAILED',
  ])
  expect((await read(9, { partitions: null })).topics).toEqual([])
})

test('An id that no topic has is refused, and by id no offset of an older topic of the name is told', async () => {
  const groups = [
    {
      groupId: 'group',
      topics: [{ topicId: Buffer.alloc(16, 99).toString('base64url'), partitionIndexes: [0] }],
    },
  ]
  const response = await client.send(offsetFetchApi, { groups }, 10)
  expect(errorCodeName(response.groups[0]?.topics[0]?.partitions[0]?.errorCode ?? 0)).toBe('UNKNOWN_TOPIC_ID')
  cluster.services.offsets.put('group', 'topic', 0, at(5n, Buffer.alloc(16, 50).toString('base64url')))
  expect((await read(10, { partitions: [0] })).offsets).toEqual(['0:-1:NONE'])
})
