// Guards against topics that the answer calls created and are not there, and quotas that nobody notices.
import { ErrorCode } from '../../../../src/base/error-codes'
import {
  createTopicsApi,
  type CreateTopicsRequest,
} from '../../../../src/wire/generated/client/create-topics'
import { zeroTopicId } from '../../../../src/testing/cluster/topic-names'
import { ClusterFixture } from '../support/cluster-fixture'

let cluster: ClusterFixture

beforeEach(() => {
  cluster = new ClusterFixture({ brokers: 3 })
})

afterEach(() => cluster.close())

type Topic = CreateTopicsRequest['topics'][number]

function topic(name: string, more: Partial<Topic> = {}): Topic {
  return { name, numPartitions: 2, replicationFactor: 3, assignments: [], configs: [], ...more }
}

function ask(version: number, topics: Topic[], validateOnly = false) {
  return cluster.ask(createTopicsApi, version, { topics, timeoutMs: 1000, validateOnly })
}

test('creates topics and tells ids, counts and configs', async () => {
  const configs = [{ name: 'cleanup.policy', value: 'compact, delete' }]
  const { topics } = await ask(7, [
    topic('a', { configs }),
    topic('b', { numPartitions: -1, replicationFactor: -1 }),
  ])
  expect(topics).toMatchObject([
    { name: 'a', errorCode: 0, errorMessage: null, numPartitions: 2, replicationFactor: 3 },
    { name: 'b', errorCode: 0, numPartitions: 1, replicationFactor: 1 },
  ])
  expect(topics[0]?.topicId).toBe(cluster.services.topics.byName('a')?.id)
  expect(topics[0]?.configs).toContainEqual(
    expect.objectContaining({
      name: 'cleanup.policy',
      value: 'compact, delete',
      configSource: 1,
      readOnly: false,
    }),
  )
  expect(topics[0]?.configs).toContainEqual(
    expect.objectContaining({
      name: 'retention.ms',
      value: '604800000',
      configSource: 5,
      isSensitive: false,
    }),
  )
})

test('tells no counts and no configs before version 5', async () => {
  expect((await ask(4, [topic('a')])).topics).toMatchObject([
    { name: 'a', errorCode: 0, topicId: zeroTopicId, numPartitions: -1, replicationFactor: -1, configs: [] },
  ])
})

test('creates nothing when it is only to check, and still refuses what is wrong', async () => {
  const { topics } = await ask(7, [topic('a'), topic('b', { replicationFactor: 9 })], true)
  expect(topics).toMatchObject([
    { name: 'a', errorCode: 0, numPartitions: 2 },
    { name: 'b', errorCode: ErrorCode.INVALID_REPLICATION_FACTOR },
  ])
  expect([...cluster.services.topics.all]).toEqual([])
})

test('refuses each wrong topic in words, and creates the others', async () => {
  const twice = [0, 0].map((partitionIndex) => ({ partitionIndex, brokerIds: [1] }))
  const { topics } = await ask(7, [
    topic('dup'),
    topic('dup'),
    topic('__cluster_metadata'),
    topic('gap', { numPartitions: -1, replicationFactor: -1, assignments: twice }),
    topic('null', { configs: [{ name: 'retention.ms', value: null }] }),
    topic('good'),
  ])
  const refused = { topicId: zeroTopicId, numPartitions: -1, configs: [] }
  expect(topics).toMatchObject([
    { ...refused, name: 'dup', errorCode: ErrorCode.INVALID_REQUEST, errorMessage: 'Duplicate topic name.' },
    {
      ...refused,
      name: '__cluster_metadata',
      errorCode: ErrorCode.INVALID_REQUEST,
      errorMessage: 'Creation of internal topic __cluster_metadata is prohibited.',
    },
    {
      ...refused,
      name: 'gap',
      errorCode: ErrorCode.INVALID_REPLICA_ASSIGNMENT,
      errorMessage: 'Found multiple manual partition assignments for partition 0',
    },
    {
      ...refused,
      name: 'null',
      errorCode: ErrorCode.INVALID_CONFIG,
      errorMessage: 'Null value not supported for topic configs: retention.ms',
    },
    { name: 'good', errorCode: 0 },
  ])
  expect([...cluster.services.topics.all].map(({ name }) => name)).toEqual(['good'])
})

test('creates for those who may create in the cluster or the topic, and hides configs from those who may not see them', async () => {
  cluster.denied.add('Create Cluster kafka-cluster').add('Create Topic b').add('DescribeConfigs Topic a')
  const { topics } = await ask(7, [topic('a'), topic('b')])
  expect(topics).toMatchObject([
    {
      name: 'a',
      errorCode: 0,
      topicConfigErrorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED,
      numPartitions: -1,
      replicationFactor: -1,
      configs: null,
    },
    { name: 'b', errorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED, errorMessage: 'Authorization failed.' },
  ])
})

test('refuses when the quota is spent since version 6, and slows the client down before', async () => {
  cluster.limitMutations(1)
  expect(await ask(7, [topic('a', { numPartitions: 40 })])).toMatchObject({ topics: [{ errorCode: 0 }] })
  const refused = await ask(7, [topic('b')])
  expect(refused.topics).toMatchObject([
    { errorCode: ErrorCode.THROTTLING_QUOTA_EXCEEDED, numPartitions: -1 },
  ])
  expect(refused.throttleTimeMs).toBeGreaterThan(0)
  expect(cluster.services.topics.byName('b')).toBeUndefined()
  const slowed = await ask(5, [topic('b')])
  expect(slowed.topics).toMatchObject([{ errorCode: 0 }])
  expect(slowed.throttleTimeMs).toBeGreaterThan(refused.throttleTimeMs)
  await cluster.clock.advance(slowed.throttleTimeMs + 1000)
  expect(await ask(7, [topic('c')])).toMatchObject({ throttleTimeMs: 0, topics: [{ errorCode: 0 }] })
})
