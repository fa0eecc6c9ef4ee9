// Guards the shape of what KafkaJS's admin answers, field by field, where programs read it.
import { Kafka as CoreKafka, silentLogger } from '../../src'
import { AssignerProtocol, ConfigResourceTypes, ConfigSource } from '../../src/kafkajs'
import type { Admin } from '../../src/kafkajs/types/admin'
import type { LogEntry } from '../../src/kafkajs/types/logger'
import { until } from './support/case-runner'
import { KafkaJsSetup } from './support/kafkajs-cluster'

const setup = new KafkaJsSetup()
let admin: Admin

beforeEach(async () => {
  await setup.start({ brokers: 2, topics: [{ name: 't', partitions: 2 }] })
  admin = setup.own(setup.kafka().admin())
  await admin.connect()
})

afterEach(() => setup.endCleanly())

describe('5 topics', () => {
  test('5: a partition as fetchTopicMetadata tells it', async () => {
    await admin.createTopics({
      topics: [{ topic: 'two', replicaAssignment: [{ partition: 0, replicas: [2, 1] }] }],
    })
    expect(await admin.fetchTopicMetadata({ topics: ['two'] })).toEqual({
      topics: [
        {
          name: 'two',
          partitions: [
            {
              partitionErrorCode: 0,
              partitionId: 0,
              leader: 2,
              replicas: [2, 1],
              isr: [2, 1],
              offlineReplicas: [],
            },
          ],
        },
      ],
    })
  })

  test('5: createTopics leaves to the brokers what it is not told', async () => {
    await admin.createTopics({ topics: [{ topic: 'plain' }] })
    await admin.createTopics({ topics: [{ topic: 'minus', numPartitions: -1, replicationFactor: -1 }] })
    const logged = setup.cluster.requests.filter({ api: 'CreateTopics' })
    expect(logged.map(({ request }) => request.topics[0])).toMatchObject(
      ['plain', 'minus'].map((name) => ({
        name,
        numPartitions: -1,
        replicationFactor: -1,
        assignments: [],
        configs: [],
      })),
    )
    expect(logged.map(({ request }) => request.validateOnly)).toEqual([false, false])
  })

  test('5: createPartitions puts new ones where it is told', async () => {
    await admin.createTopics({ topics: [{ topic: 'more', replicationFactor: 1 }] })
    await admin.createPartitions({ topicPartitions: [{ topic: 'more', count: 3, assignments: [[2], [1]] }] })
    const { topics } = await admin.fetchTopicMetadata({ topics: ['more'] })
    expect(topics[0]?.partitions.slice(1).map(({ replicas }) => replicas)).toEqual([[2], [1]])
    await admin.createPartitions({ topicPartitions: [{ topic: 'more', count: 9 }], validateOnly: true })
    expect((await admin.fetchTopicMetadata({ topics: ['more'] })).topics[0]?.partitions).toHaveLength(3)
  })

  test('5: no call creates a topic by asking for it', async () => {
    await Promise.allSettled([
      admin.fetchTopicMetadata({ topics: ['nowhere'] }),
      admin.fetchTopicOffsets('nowhere'),
      admin.fetchOffsets({ groupId: 'g', topics: ['nowhere'] }),
    ])
    expect(await admin.listTopics()).toEqual(['t'])
  })
})

describe('5 configs', () => {
  test('5: a config as describeConfigs tells it, with where else it is set', async () => {
    const name = 'configured'
    await admin.createTopics({
      topics: [{ topic: name, configEntries: [{ name: 'retention.ms', value: '5000' }] }],
    })
    const resources = [{ type: ConfigResourceTypes.TOPIC, name, configNames: ['retention.ms'] }]
    const [resource] = (await admin.describeConfigs({ resources, includeSynonyms: true })).resources
    expect(resource?.configEntries).toEqual([
      {
        configName: 'retention.ms',
        configValue: '5000',
        isDefault: false,
        configSource: ConfigSource.TOPIC_CONFIG,
        isSensitive: false,
        readOnly: false,
        configSynonyms: expect.arrayContaining([
          { configName: 'retention.ms', configValue: '5000', configSource: ConfigSource.TOPIC_CONFIG },
        ]),
      },
    ])
  })

  test('5: those of a broker, by its number as text; all of them without names', async () => {
    const resources = [{ type: ConfigResourceTypes.BROKER, name: '2' }]
    const [resource] = (await admin.describeConfigs({ resources, includeSynonyms: false })).resources
    expect(resource).toMatchObject({
      errorCode: 0,
      resourceName: '2',
      resourceType: ConfigResourceTypes.BROKER,
    })
    expect(resource?.configEntries.length).toBeGreaterThan(10)
  })

  test('5: alterConfigs with validateOnly changes nothing', async () => {
    const configEntries = [{ name: 'retention.ms', value: '77' }]
    const resources = [{ type: ConfigResourceTypes.TOPIC, name: 't', configEntries }]
    await admin.alterConfigs({ validateOnly: true, resources })
    const asked = [{ type: ConfigResourceTypes.TOPIC, name: 't', configNames: ['retention.ms'] }]
    const [resource] = (await admin.describeConfigs({ resources: asked, includeSynonyms: false })).resources
    expect(resource?.configEntries[0]?.configValue).not.toBe('77')
  })
})

describe('5 groups', () => {
  test('5: a member as describeGroups tells it, in the bytes that it and its leader wrote', async () => {
    const consumer = setup.own(setup.kafka({ clientId: 'reader' }).consumer({ groupId: 'g' }))
    await consumer.subscribe({ topics: ['t'] })
    await consumer.run({ eachMessage: async () => {} })
    const { groups } = await admin.describeGroups(['g'])
    expect(groups).toMatchObject([{ groupId: 'g', protocolType: 'consumer', state: 'Stable' }])
    const [member] = groups[0]?.members ?? []
    expect(member).toMatchObject({ clientId: 'reader', memberId: expect.stringContaining('reader') })
    expect(typeof member?.clientHost).toBe('string')
    const metadata = AssignerProtocol.MemberMetadata.decode(member?.memberMetadata as Buffer)
    expect(metadata?.topics).toEqual(['t'])
    const assignment = AssignerProtocol.MemberAssignment.decode(member?.memberAssignment as Buffer)
    expect(assignment?.assignment).toEqual({ t: [0, 1] })
    const [stored] = setup.cluster.requests.filter({ api: 'SyncGroup' })
    const written = stored?.request.assignments[0]?.assignment as Buffer
    expect(member?.memberAssignment.equals(written)).toBe(true)
    expect((await admin.listGroups()).groups).toEqual([{ groupId: 'g', protocolType: 'consumer' }])
  })

  test('5, 13.24: a group of the protocol of KIP-848 is as alive as it is', async () => {
    const core = new CoreKafka({ brokers: setup.cluster.bootstrap, logger: silentLogger })
    const consumer = core.consumer({ groupId: 'new', groupProtocol: 'consumer', topics: ['t'] })
    const ended = consumer.run(() => {})
    try {
      await until(() => setup.cluster.group('new')?.state === 'Stable', 'a stable group')
      const { groups } = await admin.describeGroups(['new'])
      expect(groups).toMatchObject([{ groupId: 'new', protocolType: 'consumer', state: 'Stable' }])
      const [member] = groups[0]?.members ?? []
      expect(AssignerProtocol.MemberMetadata.decode(member?.memberMetadata as Buffer)?.topics).toEqual(['t'])
      expect((await admin.listGroups()).groups).toEqual([{ groupId: 'new', protocolType: 'consumer' }])
    } finally {
      await consumer.close()
      await ended
    }
  })

  test('5: fetchOffsets tells what was written with a position', async () => {
    const consumer = setup.own(setup.kafka().consumer({ groupId: 'g' }))
    await consumer.subscribe({ topics: ['t'] })
    await consumer.run({ autoCommit: false, eachMessage: async () => {} })
    await consumer.commitOffsets([{ topic: 't', partition: 1, offset: '0', metadata: 'note' }])
    expect(await admin.fetchOffsets({ groupId: 'g' })).toEqual([
      { topic: 't', partitions: [{ partition: 1, offset: '0', metadata: 'note' }] },
    ])
    expect(await admin.fetchOffsets({ groupId: 'nobody' })).toEqual([])
  })
})

describe('5 the admin itself', () => {
  test('5, 7: its events and their names; connect and disconnect are told', async () => {
    expect(admin.events).toEqual({
      CONNECT: 'admin.connect',
      DISCONNECT: 'admin.disconnect',
      REQUEST: 'admin.network.request',
      REQUEST_TIMEOUT: 'admin.network.request_timeout',
      REQUEST_QUEUE_SIZE: 'admin.network.request_queue_size',
    })
    const other = setup.own(setup.kafka().admin())
    const told: string[] = []
    const stop = other.on('admin.connect', ({ type }) => void told.push(type))
    other.on('admin.disconnect', ({ type }) => void told.push(type))
    await other.connect()
    stop()
    await other.disconnect()
    await other.connect()
    expect(told).toEqual(['admin.connect', 'admin.disconnect'])
  })

  test('5, 9.4: its logger speaks as Admin', () => {
    const lines: LogEntry[] = []
    const kafka = setup.kafka({ logCreator: () => (entry) => void lines.push(entry) })
    kafka.admin().logger().info('hello', { more: 1 })
    expect(lines).toMatchObject([{ namespace: 'Admin', label: 'INFO', log: { message: 'hello', more: 1 } }])
  })

  test('5, 12.4: its methods work without it, and can be replaced', async () => {
    const { listTopics, fetchTopicOffsets } = admin
    expect(await listTopics()).toEqual(['t'])
    const before = admin.fetchTopicOffsets
    admin.fetchTopicOffsets = async () => []
    expect(await admin.fetchTopicOffsets('t')).toEqual([])
    admin.fetchTopicOffsets = before
    expect(await fetchTopicOffsets('t')).toHaveLength(2)
  })
})
