// Guards against pages that miss partitions, tell one twice or never end.
import { ErrorCode } from '../../../../src/base/error-codes'
import { describeTopicPartitionsApi } from '../../../../src/wire/generated/client/describe-topic-partitions'
import { ClusterFixture } from '../support/cluster-fixture'

let cluster: ClusterFixture

beforeEach(() => {
  cluster = new ClusterFixture()
  const counts = { b: 3, a: 2, c: 4 }
  for (const [name, partitions] of Object.entries(counts))
    cluster.services.topics.create({ name, partitions })
})

afterEach(() => cluster.close())

type Cursor = { topicName: string; partitionIndex: number } | null

function ask(names: readonly string[], responsePartitionLimit = 2000, cursor: Cursor = null) {
  const topics = names.map((name) => ({ name }))
  return cluster.ask(describeTopicPartitionsApi, 0, { topics, responsePartitionLimit, cursor })
}

test.each([1, 2, 3, 100])('tells each partition once, in pages of %i', async (limit) => {
  const seen: string[] = []
  let cursor: Cursor = null
  do {
    const page = await ask([], limit, cursor)
    const partitions = page.topics.flatMap((one) => one.partitions.map((partition) => `${one.name ?? ''} ${partition.partitionIndex}`)) // prettier-ignore
    expect(partitions.length).toBeLessThanOrEqual(limit)
    seen.push(...partitions)
    cursor = page.nextCursor
  } while (cursor !== null)
  expect(seen).toEqual(['a 0', 'a 1', 'b 0', 'b 1', 'b 2', 'c 0', 'c 1', 'c 2', 'c 3'])
})

test('goes on at the cursor, and leaves out what comes before', async () => {
  const { topics, nextCursor } = await ask(['c', 'a', 'b'], 3, { topicName: 'b', partitionIndex: 1 })
  expect(
    topics.map((one) => [one.name, one.partitions.map((partition) => partition.partitionIndex)]),
  ).toEqual([
    ['b', [1, 2]],
    ['c', [0]],
  ])
  expect(nextCursor).toMatchObject({ topicName: 'c', partitionIndex: 1 })
})

test('tells replicas, leaders and no eligible ones besides', async () => {
  const { topics } = await ask(['a'])
  expect(topics).toMatchObject([
    {
      errorCode: 0,
      topicId: cluster.services.topics.byName('a')?.id,
      isInternal: false,
      topicAuthorizedOperations: 3576,
      partitions: [
        {
          errorCode: 0,
          leaderId: 1,
          leaderEpoch: 0,
          replicaNodes: [1],
          isrNodes: [1],
          eligibleLeaderReplicas: [],
          lastKnownElr: [],
          offlineReplicas: [],
        },
        {},
      ],
    },
  ])
})

test('tells topics that there are not when they are named', async () => {
  expect((await ask(['nope', 'bad name'])).topics).toMatchObject([
    { name: 'bad name', errorCode: ErrorCode.INVALID_TOPIC_EXCEPTION, partitions: [] },
    { name: 'nope', errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, partitions: [] },
  ])
})

test.each<[string[], Cursor]>([
  [['a', 'b'], { topicName: 'c', partitionIndex: 0 }],
  [['a', 'b'], { topicName: 'a', partitionIndex: -1 }],
])('refuses for %j the cursor %j', async (names, cursor) => {
  expect((await ask(names, 2, cursor)).topics).toMatchObject(
    names.map((name) => ({ name, errorCode: ErrorCode.INVALID_REQUEST, partitions: [] })),
  )
})

test('refuses by name what may not be described, and hides it in the list of all', async () => {
  cluster.denied.add('Describe Topic a').add('Describe Topic nope')
  expect((await ask(['a', 'b', 'nope'])).topics.map(({ name, errorCode }) => [name, errorCode])).toEqual([
    ['b', 0],
    ['a', ErrorCode.TOPIC_AUTHORIZATION_FAILED],
    ['nope', ErrorCode.TOPIC_AUTHORIZATION_FAILED],
  ])
  expect((await ask([])).topics.map(({ name }) => name)).toEqual(['b', 'c'])
})

test('gives at least one partition, and no more than the broker allows', async () => {
  expect((await ask(['a'], 0)).topics[0]?.partitions).toHaveLength(1)
  const own = new ClusterFixture({ configs: { 'max.request.partition.size.limit': '2' } })
  own.services.topics.create({ name: 'a', partitions: 5 })
  const page = await own.ask(describeTopicPartitionsApi, 0, { topics: [], responsePartitionLimit: 100 })
  expect(page.topics[0]?.partitions).toHaveLength(2)
  own.close()
})
