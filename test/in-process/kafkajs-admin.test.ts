// Guards KafkaJS's admin on our core: what it answers, in which shape, and what it refuses in which words.
import { ConfigResourceTypes, ConfigSource } from '../../src/kafkajs/enums'
import type { Admin } from '../../src/kafkajs/types/admin'
import { failure, KafkaJsSetup } from './support/kafkajs-cluster'

const setup = new KafkaJsSetup()
let admin: Admin

beforeAll(async () => {
  await setup.start({ topics: [{ name: 't', partitions: 2 }] })
  const kafka = setup.kafka()
  admin = setup.own(kafka.admin())
  await admin.connect()
  const producer = kafka.producer()
  await producer.connect()
  for (const timestamp of ['1000', '2000', '3000']) {
    await producer.send({ topic: 't', messages: [{ value: 'v', partition: 0, timestamp }] })
  }
  await producer.disconnect()
})

afterAll(() => setup.endCleanly())

let count = 0
const newName = () => `topic-${++count}`

describe('5 topics', () => {
  test('5: createTopics is true, and false when all of them exist', async () => {
    const topic = newName()
    const topics = [{ topic, numPartitions: 3, configEntries: [{ name: 'retention.ms', value: '1000' }] }]
    expect(await admin.createTopics({ topics })).toBe(true)
    expect(await admin.createTopics({ topics })).toBe(false)
    expect(await admin.listTopics()).toContain(topic)
    const metadata = await admin.fetchTopicMetadata({ topics: [topic] })
    expect(metadata.topics[0]?.partitions.map(({ partitionId }) => partitionId)).toEqual([0, 1, 2])
  })

  test('5: createTopics tells each topic that failed', async () => {
    const topic = newName()
    const error = await failure(admin.createTopics({ topics: [{ topic, replicationFactor: 9 }] }))
    expect(error).toMatchObject({ name: 'KafkaJSAggregateError', message: 'Topic creation errors' })
    expect((error as Error as { errors?: unknown }).errors).toMatchObject([
      { name: 'KafkaJSCreateTopicError', topic, type: 'INVALID_REPLICATION_FACTOR', code: 38 },
    ])
  })

  test('5: createTopics with replicas by hand, and only to see whether it could', async () => {
    const topic = newName()
    const broker = setup.cluster.brokerIds[0] as number
    const replicaAssignment = [
      { partition: 1, replicas: [broker] },
      { partition: 0, replicas: [broker] },
    ]
    expect(await admin.createTopics({ topics: [{ topic, replicaAssignment }], validateOnly: true })).toBe(
      true,
    )
    expect(await admin.listTopics()).not.toContain(topic)
    await admin.createTopics({ topics: [{ topic, replicaAssignment }] })
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
    expect(topics[0]?.partitions).toEqual(
      [0, 1].map((partitionId) => ({
        partitionErrorCode: 0,
        partitionId,
        leader: broker,
        replicas: [broker],
        isr: [broker],
        offlineReplicas: [],
      })),
    )
  })

  test('5: createPartitions adds, deleteTopics takes away', async () => {
    const topic = newName()
    await admin.createTopics({ topics: [{ topic }] })
    await admin.createPartitions({ topicPartitions: [{ topic, count: 4 }] })
    expect((await admin.fetchTopicMetadata({ topics: [topic] })).topics[0]?.partitions).toHaveLength(4)
    expect(await admin.deleteTopics({ topics: [topic] })).toBeUndefined()
    expect(await admin.listTopics()).not.toContain(topic)
    const error = await failure(admin.deleteTopics({ topics: [topic] }))
    expect(error.cause ?? error).toMatchObject({ type: 'UNKNOWN_TOPIC_OR_PARTITION', code: 3 })
  })

  test('5: fetchTopicMetadata without topics tells all', async () => {
    const { topics } = await admin.fetchTopicMetadata()
    expect(topics.map(({ name }) => name)).toContain('t')
  })
})

describe('5 offsets', () => {
  test('5: fetchTopicOffsets has the ends of the log as text', async () => {
    expect(await admin.fetchTopicOffsets('t')).toEqual([
      { partition: 0, offset: '3', high: '3', low: '0' },
      { partition: 1, offset: '0', high: '0', low: '0' },
    ])
  })

  test('5: fetchTopicOffsetsByTimestamp has the end where there is no message so late', async () => {
    expect(await admin.fetchTopicOffsetsByTimestamp('t', 1500)).toEqual([
      { partition: 0, offset: '1' },
      { partition: 1, offset: '0' },
    ])
    expect((await admin.fetchTopicOffsetsByTimestamp('t', 9000))[0]).toEqual({ partition: 0, offset: '3' })
    expect((await admin.fetchTopicOffsetsByTimestamp('t'))[0]).toEqual({ partition: 0, offset: '3' })
  })

  test('5: setOffsets, fetchOffsets and resetOffsets', async () => {
    const groupId = 'set'
    await admin.setOffsets({ groupId, topic: 't', partitions: [{ partition: 0, offset: '2' }] })
    expect(await admin.fetchOffsets({ groupId })).toEqual([
      { topic: 't', partitions: [{ partition: 0, offset: '2', metadata: null }] },
    ])
    expect(await admin.fetchOffsets({ groupId, topics: ['t'] })).toEqual([
      {
        topic: 't',
        partitions: [
          { partition: 0, offset: '2', metadata: null },
          { partition: 1, offset: '-1', metadata: null },
        ],
      },
    ])
    await admin.resetOffsets({ groupId, topic: 't', earliest: false })
    const [latest] = await admin.fetchOffsets({ groupId, topics: ['t'] })
    expect(latest?.partitions.map(({ offset }) => offset)).toEqual(['3', '0'])
  })

  test('5, 13.9: offsets that stand for an end of the log are committed as what they stand for', async () => {
    const groupId = 'ends'
    await admin.setOffsets({ groupId, topic: 't', partitions: [{ partition: 0, offset: '-1' }] })
    expect(setup.cluster.group(groupId)?.offsets).toMatchObject([{ partition: 0, offset: 3n }])
    const resolved = await admin.fetchOffsets({ groupId, topics: ['t'], resolveOffsets: true })
    expect(resolved[0]?.partitions.map(({ offset }) => offset)).toEqual(['3', '0'])
    expect(setup.cluster.group(groupId)?.offsets).toHaveLength(2)
  })

  test('5: deleteTopicRecords deletes up to an offset, and with -1 all of them', async () => {
    const topic = newName()
    await admin.createTopics({ topics: [{ topic }] })
    const producer = setup.kafka().producer()
    await producer.connect()
    await producer.send({ topic, messages: [{ value: 'a' }, { value: 'b' }, { value: 'c' }] })
    await producer.disconnect()
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '2' }] })
    expect((await admin.fetchTopicOffsets(topic))[0]).toMatchObject({ low: '2', high: '3' })
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '-1' }] })
    expect((await admin.fetchTopicOffsets(topic))[0]).toMatchObject({ low: '3', high: '3' })
    const error = await failure(
      admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '99' }] }),
    )
    expect(error).toMatchObject({
      name: 'KafkaJSDeleteTopicRecordsError',
      message: 'Error while deleting records',
      retriable: false,
      partitions: [{ partition: 0, offset: '99', error: { type: 'OFFSET_OUT_OF_RANGE' } }],
    })
  })
})

describe('5 configs', () => {
  const resources = (name: string) => [
    { type: ConfigResourceTypes.TOPIC, name, configNames: ['retention.ms', 'cleanup.policy'] },
  ]

  test('5, 13.11: alterConfigs changes what it names and keeps the rest', async () => {
    const topic = newName()
    await admin.createTopics({
      topics: [{ topic, configEntries: [{ name: 'cleanup.policy', value: 'compact' }] }],
    })
    const configEntries = [{ name: 'retention.ms', value: '5000' }]
    const altered = await admin.alterConfigs({
      validateOnly: false,
      resources: [{ type: ConfigResourceTypes.TOPIC, name: topic, configEntries }],
    })
    expect(altered).toEqual({
      resources: [{ errorCode: 0, errorMessage: null, resourceType: 2, resourceName: topic }],
    })
    const described = await admin.describeConfigs({ resources: resources(topic), includeSynonyms: false })
    expect('throttleTime' in described).toBe(false)
    const [resource] = described.resources
    expect(resource).toMatchObject({ errorCode: 0, errorMessage: null, resourceName: topic, resourceType: 2 })
    const entries = Object.fromEntries(
      resource?.configEntries.map((entry) => [entry.configName, entry]) ?? [],
    )
    expect(entries['retention.ms']).toMatchObject({
      configValue: '5000',
      isDefault: false,
      configSource: ConfigSource.TOPIC_CONFIG,
      isSensitive: false,
      readOnly: false,
      configSynonyms: [],
    })
    expect(entries['cleanup.policy']?.configValue).toBe('compact')
  })
})

describe('5 groups and the cluster', () => {
  test('5: listGroups, describeGroups and deleteGroups', async () => {
    await admin.setOffsets({ groupId: 'gone', topic: 't', partitions: [{ partition: 0, offset: '1' }] })
    expect((await admin.listGroups()).groups.map(({ groupId }) => groupId)).toContain('gone')
    expect(await admin.describeGroups(['gone', 'never'])).toMatchObject({
      groups: [
        { groupId: 'gone', state: 'Empty', members: [] },
        { groupId: 'never', state: 'Dead', members: [] },
      ],
    })
    expect(await admin.deleteGroups(['gone'])).toEqual([{ groupId: 'gone', errorCode: 0 }])
    const error = await failure(admin.deleteGroups(['gone']))
    expect(error).toMatchObject({
      name: 'KafkaJSDeleteGroupsError',
      message: 'Error in DeleteGroups',
      groups: [{ groupId: 'gone', errorCode: 69, error: { type: 'GROUP_ID_NOT_FOUND' } }],
    })
  })

  test('5: describeCluster', async () => {
    const [nodeId] = setup.cluster.brokerIds
    const [host, port] = (setup.cluster.bootstrap[0] as string).split(':')
    const cluster = await admin.describeCluster()
    expect(cluster).toMatchObject({ brokers: [{ nodeId, host, port: Number(port) }], controller: nodeId })
    expect(typeof cluster.clusterId).toBe('string')
  })
})
