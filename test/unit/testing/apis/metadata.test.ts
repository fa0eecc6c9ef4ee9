// Guards against metadata that hides a topic, shows what may not be seen, or names a leader that is dead.
import { ErrorCode } from '../../../../src/base/error-codes'
import { metadataApi, type MetadataRequest } from '../../../../src/wire/generated/client/metadata'
import { zeroTopicId } from '../../../../src/testing/cluster/topic-names'
import { ClusterFixture, type ClusterFixtureOptions } from '../support/cluster-fixture'

let cluster: ClusterFixture

function start(options: ClusterFixtureOptions = {}): void {
  cluster = new ClusterFixture(options)
}

afterEach(() => cluster.close())

function named(names: readonly string[], more: Partial<MetadataRequest> = {}): MetadataRequest {
  return { topics: names.map((name) => ({ name })), ...more }
}

const unknownId = 'AAAAAAAAAAAAAAAAAAAABA'

test.each([0, 1, 4, 8, 12, 13])('tells brokers and topics in version %i', async (version) => {
  start({ brokers: 3, racks: ['a', 'b', null] })
  const topic = cluster.services.topics.create({ name: 't', partitions: 2, replicationFactor: 3 })
  const answer = await cluster.ask(metadataApi, version, named(['t']))
  expect(answer.brokers).toMatchObject([
    { nodeId: 1, host: 'localhost', port: 9092, rack: version >= 1 ? 'a' : null },
    { nodeId: 2, port: 9093 },
    { nodeId: 3, port: 9094, rack: null },
  ])
  expect(answer.topics).toMatchObject([
    {
      errorCode: 0,
      name: 't',
      topicId: version >= 10 ? topic.id : zeroTopicId,
      partitions: topic.partitions.map(({ index, leaderId, replicas }) => ({
        errorCode: 0,
        partitionIndex: index,
        leaderId,
        replicaNodes: replicas,
        isrNodes: replicas,
      })),
    },
  ])
  if (version >= 2) expect(answer.clusterId).toBe(cluster.services.clusterId)
  if (version >= 1) expect(answer.controllerId).toBe(cluster.services.brokers.controllerId)
})

test('takes an empty list for all topics in version 0, and for none later; null for all', async () => {
  start()
  cluster.services.topics.create({ name: 'a' })
  cluster.services.topics.create({ name: 'b' })
  const count = async (version: number, topics: MetadataRequest['topics']): Promise<number> =>
    (await cluster.ask(metadataApi, version, { topics })).topics.length
  expect([await count(0, []), await count(1, []), await count(1, null), await count(13, null)]).toEqual([
    2, 0, 2, 2,
  ])
})

test('creates a missing topic when it may, and says so the next time', async () => {
  start({ configs: { 'num.partitions': '3' } })
  const request = named(['new'], { allowAutoTopicCreation: true })
  const first = await cluster.ask(metadataApi, 12, request)
  expect(first.topics).toMatchObject([{ errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, name: 'new' }])
  const second = await cluster.ask(metadataApi, 12, request)
  expect(second.topics[0]?.partitions).toHaveLength(3)
})

test('creates nothing when the client or the broker does not want it, or when the name is none', async () => {
  start()
  const codes = async (names: readonly string[], allowAutoTopicCreation: boolean): Promise<number[]> =>
    (await cluster.ask(metadataApi, 12, named(names, { allowAutoTopicCreation }))).topics.map(
      (one) => one.errorCode,
    )
  expect(await codes(['new', 'a b', ''], false)).toEqual([
    ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    ErrorCode.INVALID_TOPIC_EXCEPTION,
    ErrorCode.INVALID_TOPIC_EXCEPTION,
  ])
  expect(await codes(['a b'], true)).toEqual([ErrorCode.INVALID_TOPIC_EXCEPTION])
  cluster.close()
  start({ configs: { 'auto.create.topics.enable': 'false' } })
  expect(await codes(['new'], true)).toEqual([ErrorCode.UNKNOWN_TOPIC_OR_PARTITION])
  expect([...cluster.services.topics.all]).toEqual([])
})

test('creates an internal topic as its coordinator has it', async () => {
  start()
  const answer = await cluster.ask(
    metadataApi,
    12,
    named(['__consumer_offsets'], { allowAutoTopicCreation: true }),
  )
  expect(answer.topics).toMatchObject([{ errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, isInternal: true }])
  expect(cluster.services.configs.topic('__consumer_offsets', 'cleanup.policy')).toBe('compact')
})

test('finds topics by id, and does not know ids of others', async () => {
  start()
  const { id } = cluster.services.topics.create({ name: 't' })
  const topics = [id, unknownId].map((topicId) => ({ name: null, topicId }))
  const answer = await cluster.ask(metadataApi, 12, { topics })
  expect(answer.topics).toMatchObject([
    { errorCode: 0, name: 't', topicId: id },
    { errorCode: ErrorCode.UNKNOWN_TOPIC_ID, name: null, topicId: unknownId },
  ])
})

test.each([10, 11])('refuses ids in version %i, which has the field and no use for it', async (version) => {
  start()
  const answer = await cluster.ask(metadataApi, version, { topics: [{ name: 'foo', topicId: unknownId }] })
  expect(answer).toMatchObject({
    brokers: [],
    clusterId: null,
    controllerId: -1,
    topics: [{ errorCode: ErrorCode.INVALID_REQUEST, name: 'foo', topicId: unknownId }],
  })
})

test('leaves out brokers that are fenced, and tells their replicas as offline', async () => {
  start({ brokers: 3 })
  cluster.services.topics.create({ name: 't', assignments: new Map([[0, [2, 1, 3]]]) })
  cluster.services.topics.create({ name: 'alone', assignments: new Map([[0, [2]]]) })
  await cluster.kill(2)
  const { brokers, topics } = await cluster.ask(metadataApi, 13, named(['t', 'alone']))
  expect(brokers.map((one) => one.nodeId)).toEqual([1, 3])
  expect(topics[0]?.partitions).toMatchObject([
    {
      errorCode: 0,
      leaderId: 1,
      leaderEpoch: 1,
      replicaNodes: [2, 1, 3],
      isrNodes: [1, 3],
      offlineReplicas: [2],
    },
  ])
  expect(topics[1]?.partitions).toMatchObject([
    { errorCode: ErrorCode.LEADER_NOT_AVAILABLE, leaderId: -1, offlineReplicas: [2] },
  ])
})

test('shows version 0 living replicas only, and says that some are away', async () => {
  start({ brokers: 3 })
  cluster.services.topics.create({ name: 't', assignments: new Map([[0, [2, 1, 3]]]) })
  await cluster.kill(2)
  const { topics } = await cluster.ask(metadataApi, 0, named(['t']))
  expect(topics[0]?.partitions).toMatchObject([
    { errorCode: ErrorCode.REPLICA_NOT_AVAILABLE, leaderId: 1, replicaNodes: [1, 3] },
  ])
})

test('refuses a topic that may not be described whether it exists or not, and hides it in the list of all', async () => {
  start()
  const { id } = cluster.services.topics.create({ name: 'secret' })
  for (const name of ['secret', 'missing']) cluster.denied.add(`Describe Topic ${name}`)
  const byName = await cluster.ask(
    metadataApi,
    12,
    named(['secret', 'missing'], { allowAutoTopicCreation: true }),
  )
  const refused = { errorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED, topicId: zeroTopicId, partitions: [] }
  expect(byName.topics).toMatchObject([
    { ...refused, name: 'secret' },
    { ...refused, name: 'missing' },
  ])
  const byId = await cluster.ask(metadataApi, 12, { topics: [{ name: null, topicId: id }] })
  expect(byId.topics).toMatchObject([
    { errorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED, name: null, topicId: id },
  ])
  expect((await cluster.ask(metadataApi, 12, { topics: null })).topics).toEqual([])
  expect(cluster.services.topics.byName('missing')).toBeUndefined()
})

test('creates for those who may create in the cluster or the topic itself, and for nobody else', async () => {
  start()
  cluster.denied.add('Create Cluster kafka-cluster')
  const request = named(['new'], { allowAutoTopicCreation: true })
  await cluster.ask(metadataApi, 12, request)
  expect(cluster.services.topics.byName('new')).toBeDefined()
  cluster.denied.add('Create Topic other')
  const answer = await cluster.ask(metadataApi, 12, named(['other'], { allowAutoTopicCreation: true }))
  expect(answer.topics).toMatchObject([{ errorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED, name: 'other' }])
  expect(cluster.services.topics.byName('other')).toBeUndefined()
})

test('tells the caller’s operations when they are asked for', async () => {
  start()
  cluster.services.topics.create({ name: 't' })
  const asked = await cluster.ask(metadataApi, 8, {
    ...named(['t']),
    includeTopicAuthorizedOperations: true,
    includeClusterAuthorizedOperations: true,
  })
  expect(asked.clusterAuthorizedOperations).toBe(8096)
  expect(asked.topics[0]?.topicAuthorizedOperations).toBe(3576)
  const plain = await cluster.ask(metadataApi, 8, named(['t']))
  expect([plain.clusterAuthorizedOperations, plain.topics[0]?.topicAuthorizedOperations]).toEqual([
    -2147483648, -2147483648,
  ])
})
