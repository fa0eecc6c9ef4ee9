// Guards against admin calls that only work against our own idea of a broker: every call, with a good item beside a bad one,
// and Kafka's own tools as the second opinion.
import { Admin } from '../../src/admin/admin'
import { AdminError } from '../../src/admin/admin-error'
import { AbortedError } from '../../src/base/errors'
import { silentLogger } from '../../src/base/logger'
import { resolveClusterOptions } from '../../src/cluster/cluster-options'
import { createCluster } from '../../src/cluster/create-cluster'
import { describeEachKafka, describeEachKafkaCluster, type KafkaUnderTest } from './support/describe-kafka'
import { eventualAnswer } from '../support/eventually'
import { consoleTools, runKafkaTool, startJavaProgram } from './support/java-tools'

/** The suite knows that there is one node, its id and its settings. */
const ownNode = { needs: ['java', 'control'] } as const

const topicCommand = 'org.apache.kafka.tools.TopicCommand'

function groupCommand(kafka: KafkaUnderTest): string {
  return kafka.version.startsWith('3.')
    ? 'kafka.admin.ConsumerGroupCommand'
    : 'org.apache.kafka.tools.consumer.group.ConsumerGroupCommand'
}

function openAdmin(kafka: KafkaUnderTest): Admin {
  return new Admin(createCluster(resolveClusterOptions({ brokers: kafka.bootstrap, logger: silentLogger })))
}

function serverArgs(kafka: KafkaUnderTest): string[] {
  return ['--bootstrap-server', kafka.bootstrap.join(',')]
}

/** Writes messages with Kafka's own producer. */
async function produce(kafka: KafkaUnderTest, topic: string, messages: readonly string[]): Promise<void> {
  await runKafkaTool(
    kafka.version,
    consoleTools(kafka.version).producer,
    [...serverArgs(kafka), '--topic', topic],
    {
      stdin: messages.map((message) => `${message}\n`).join(''),
    },
  )
}

describeEachKafka(
  'the admin client',
  (kafka) => {
    let admin: Admin
    beforeAll(() => void (admin = openAdmin(kafka)))
    afterAll(() => admin?.close())

    const newTopic = async (partitions = 1): Promise<string> => {
      const name = kafka.uniqueName('admin')
      await admin.createTopics([{ name, partitions, replicationFactor: 1 }])
      return name
    }

    it('creates topics as asked, beside one that exists', async () => {
      const old = await newTopic()
      const [name, byDefault] = [kafka.uniqueName('admin'), kafka.uniqueName('admin')]
      const results = await admin.createTopics(
        [
          { name, partitions: 3, replicationFactor: 1, configs: { 'retention.ms': 3_600_000 } },
          { name: old },
          { name: byDefault },
          { name: kafka.uniqueName('admin'), partitions: 1, replicationFactor: 3 },
          { name: kafka.uniqueName('admin'), configs: { 'retention.ms': 'never' } },
        ],
        { partial: true },
      )
      expect(results.map(({ error }) => error?.code)).toEqual([
        undefined,
        'TOPIC_ALREADY_EXISTS',
        undefined,
        'INVALID_REPLICATION_FACTOR',
        'INVALID_CONFIG',
      ])
      const [created] = results
      if (created?.error !== null) throw created?.error
      expect(created).toMatchObject({ name, partitions: 3, replicationFactor: 1 })
      expect(created.topicId).toMatch(/^[A-Za-z0-9_-]{22}$/)
      expect(created.configs?.['retention.ms']).toMatchObject({
        value: '3600000',
        source: 'topic',
        isDefault: false,
      })
      const told = await runKafkaTool(kafka.version, topicCommand, [
        ...serverArgs(kafka),
        ...['--describe', '--topic', name],
      ])
      expect(told).toContain(`TopicId: ${created.topicId}`)
      expect(told).toMatch(/PartitionCount: 3\s+ReplicationFactor: 1\s+Configs: .*retention.ms=3600000/)
    })

    it('rejects with how each topic ended when one failed', async () => {
      const [old, name] = [await newTopic(), kafka.uniqueName('admin')]
      const error = await admin.createTopics([{ name: old }, { name }]).catch((e: unknown) => e)
      if (!(error instanceof AdminError)) throw error
      expect(error.message).toContain(`createTopics failed for 1 of 2: topic '${old}'`)
      expect(error.results).toMatchObject([{ name: old }, { name, error: null }])
      expect(await admin.describeTopics([name])).toHaveLength(1)
    })

    it('creates nothing when it only checks', async () => {
      const name = kafka.uniqueName('admin')
      await admin.createTopics([{ name, partitions: 2 }], { validateOnly: true })
      await expect(admin.describeTopics([name])).rejects.toMatchObject({ code: 'UNKNOWN_TOPIC_OR_PARTITION' })
    })

    it('lists and describes topics, beside one that does not exist', async () => {
      const name = await newTopic(3)
      const gone = kafka.uniqueName('gone')
      const listing = (await admin.listTopics()).find((topic) => topic.name === name)
      const [described, missing] = await admin.describeTopics([name, gone], {
        partial: true,
        includeAuthorizedOperations: true,
      })
      if (described?.error !== null) throw described?.error
      expect(listing).toEqual({ name, topicId: described.topicId, isInternal: false, partitions: 3 })
      expect(described.partitions).toMatchObject(
        [0, 1, 2].map((partition) => ({ partition, leader: 1, leaderEpoch: 0, replicas: [1], isr: [1] })),
      )
      expect(described.authorizedOperations).toContain('write')
      expect(missing?.error?.code).toBe('UNKNOWN_TOPIC_OR_PARTITION')
    })

    it('describes a topic page by page', async () => {
      const [wide, narrow] = [await newTopic(7), await newTopic(1)]
      const described = await admin.describeTopics([wide, narrow], { partitionsPerResponse: 2 })
      expect(described.map(({ partitions }) => partitions.map(({ partition }) => partition))).toEqual([
        [0, 1, 2, 3, 4, 5, 6],
        [0],
      ])
    })

    it('adds partitions, beside a topic that has more already', async () => {
      const [topic, wide] = [await newTopic(1), await newTopic(5)]
      const results = await admin.createPartitions(
        [
          { topic: wide, totalCount: 3 },
          { topic, totalCount: 3, assignments: [[1], [1]] },
        ],
        { partial: true },
      )
      expect(results.map(({ error }) => error?.code)).toEqual(['INVALID_PARTITIONS', undefined])
      const [described] = await admin.describeTopics([topic])
      expect(described?.partitions).toHaveLength(3)
    })

    it('deletes topics by name and id, beside one that does not exist', async () => {
      const [byName, byId] = [await newTopic(), await newTopic()]
      const [described] = await admin.describeTopics([byId])
      const topicId = described?.topicId ?? ''
      const gone = kafka.uniqueName('gone')
      const results = await admin.deleteTopics([byName, { topicId }, gone], { partial: true })
      expect(results).toMatchObject([
        { name: byName, error: null },
        { name: byId, topicId, error: null },
        { name: gone, error: { code: 'UNKNOWN_TOPIC_OR_PARTITION' } },
      ])
      await eventualAnswer(
        () => admin.listTopics(),
        (topics) => topics.every(({ name }) => name !== byName && name !== byId),
        'the topics to be gone',
      )
    })

    it('describes configs of topics and brokers, beside a topic that does not exist', async () => {
      const topic = await newTopic()
      const gone = kafka.uniqueName('gone')
      const results = await admin.describeConfigs(
        [
          { type: 'topic', name: topic, configNames: ['cleanup.policy', 'retention.ms'] },
          { type: 'broker', name: '1' },
          { type: 'brokerLogger', name: '1' },
          { type: 'topic', name: gone },
          { type: 'broker', name: '99' },
        ],
        { partial: true, includeSynonyms: true, includeDocumentation: true },
      )
      const [ofTopic, ofBroker, ofLogger, missing, noBroker] = results
      if (ofTopic?.error !== null || ofBroker?.error !== null || ofLogger?.error !== null)
        throw new Error('failed')
      expect(Object.keys(ofTopic.configs).sort()).toEqual(['cleanup.policy', 'retention.ms'])
      expect(ofTopic.configs['cleanup.policy']).toMatchObject({
        value: 'delete',
        source: 'default',
        isDefault: true,
        type: 'list',
        synonyms: [{ name: 'log.cleanup.policy', value: 'delete', source: 'default' }],
        documentation: expect.stringContaining('compact') as string,
      })
      expect(ofBroker.configs['node.id']).toMatchObject({
        value: '1',
        source: 'staticBroker',
        isReadOnly: true,
      })
      expect(ofBroker.configs['ssl.keystore.key']).toMatchObject({ value: null, isSensitive: true })
      expect(Object.keys(ofLogger.configs).length).toBeGreaterThan(0)
      expect(missing?.error?.code).toBe('UNKNOWN_TOPIC_OR_PARTITION')
      expect(noBroker?.error?.message).toContain('There is no broker 99 in the cluster')
    })

    it('ends at its timeout, or when its signal fires, and leaves the client usable', async () => {
      const at = { topic: kafka.uniqueName('gone'), partition: 0, at: 'latest' as const }
      await expect(admin.listOffsets([at], { timeoutMs: 300 })).rejects.toMatchObject({ code: 'TIMEOUT' })
      const signal = AbortSignal.timeout(100)
      await expect(admin.listOffsets([at], { signal })).rejects.toBeInstanceOf(AbortedError)
      expect(await admin.listTopics()).toBeDefined()
    })

    it('changes single configs, beside one with a wrong value', async () => {
      const [topic, other] = [await newTopic(), await newTopic()]
      await admin.incrementalAlterConfigs([
        { type: 'topic', name: topic, set: { 'retention.ms': 5_000_000, 'segment.ms': 60_000 } },
      ])
      const results = await admin.incrementalAlterConfigs(
        [
          {
            type: 'topic',
            name: topic,
            set: { 'max.message.bytes': 2_000_000n },
            unset: ['segment.ms'],
            append: { 'cleanup.policy': 'compact' },
          },
          { type: 'topic', name: other, set: { 'retention.ms': 'never' } },
        ],
        { partial: true },
      )
      expect(results.map(({ error }) => error?.code)).toEqual([undefined, 'INVALID_CONFIG'])
      const told = await runKafkaTool(kafka.version, 'kafka.admin.ConfigCommand', [
        ...serverArgs(kafka),
        ...['--describe', '--entity-type', 'topics', '--entity-name', topic],
      ])
      expect(told).toContain('retention.ms=5000000')
      expect(told).toContain('max.message.bytes=2000000')
      expect(told).toContain('cleanup.policy=delete,compact')
      expect(told).not.toContain('segment.ms=')
      await admin.incrementalAlterConfigs([
        { type: 'topic', name: topic, subtract: { 'cleanup.policy': 'delete' } },
      ])
      const [described] = await eventualAnswer(
        () => admin.describeConfigs([{ type: 'topic', name: topic }]),
        ([each]) => each?.configs['cleanup.policy']?.value === 'compact',
        'the changed policy',
      )
      expect(described?.configs['cleanup.policy']?.source).toBe('topic')
    })

    it('lists offsets by place and time, and deletes records, beside partitions that do not exist', async () => {
      const topic = await newTopic(2)
      await admin.incrementalAlterConfigs([
        { type: 'topic', name: topic, set: { 'segment.bytes': 1_048_576 } },
      ])
      const [before] = [Date.now()]
      await produce(kafka, topic, ['one', 'two', 'three', 'four'])
      const gone = kafka.uniqueName('gone')
      const all = await admin.listOffsets(
        [0, 1].flatMap((partition) => [
          { topic, partition, at: 'earliest' as const },
          { topic, partition, at: 'latest' as const },
          { topic, partition, at: { timestamp: before } },
          { topic, partition, at: { timestamp: Date.now() + 3_600_000 } },
          { topic, partition, at: 'maxTimestamp' as const },
        ]),
      )
      const full = all[1]?.offset === 0n ? 1 : 0
      const of = (partition: number) =>
        all.filter((each) => each.partition === partition).map((each) => each.offset)
      const counts = [all[1]?.offset ?? 0n, all[6]?.offset ?? 0n]
      expect((counts[0] as bigint) + (counts[1] as bigint)).toBe(4n)
      expect(of(full).slice(0, 4)).toEqual([0n, counts[full], 0n, null])
      expect(all[full * 5 + 2]?.timestamp).toBeGreaterThanOrEqual(before)

      const told = await runKafkaTool(kafka.version, 'org.apache.kafka.tools.GetOffsetShell', [
        ...serverArgs(kafka),
        ...['--topic', topic],
      ])
      expect(told).toContain(`${topic}:${full}:${counts[full]}`)

      const results = await admin.deleteRecords(
        [
          { topic, partition: full, beforeOffset: 1n },
          { topic, partition: 1 - full, beforeOffset: 99n },
          { topic: gone, partition: 0, beforeOffset: 'highWatermark' },
        ],
        { partial: true },
      )
      expect(results).toMatchObject([
        { topic, partition: full, lowWatermark: 1n, error: null },
        { topic, partition: 1 - full, error: { code: 'OFFSET_OUT_OF_RANGE' } },
        { topic: gone, error: { code: 'UNKNOWN_TOPIC_OR_PARTITION' } },
      ])
      expect(await admin.deleteRecords([{ topic, partition: full, beforeOffset: 'highWatermark' }])).toEqual([
        { topic, partition: full, lowWatermark: counts[full] },
      ])
    }, 60_000)

    it('shows a partition that does not exist beside the offsets of one that does', async () => {
      const topic = await newTopic()
      const results = await admin.listOffsets(
        [
          { topic, partition: 0, at: 'latest' },
          { topic, partition: 9, at: 'latest' },
        ],
        { partial: true },
      )
      expect(results).toMatchObject([
        { offset: 0n, error: null },
        { error: { code: 'UNKNOWN_TOPIC_OR_PARTITION', context: { topic, partition: 9 } } },
      ])
    })

    it('reads the offsets that another client committed, lists, describes and deletes its group', async () => {
      const topic = await newTopic(2)
      const [group, gone] = [kafka.uniqueName('group'), kafka.uniqueName('gone')]
      await produce(kafka, topic, ['one', 'two', 'three'])
      await runKafkaTool(kafka.version, groupCommand(kafka), [
        ...serverArgs(kafka),
        ...['--group', group, '--topic', `${topic}:0,1`, '--reset-offsets', '--to-latest', '--execute'],
      ])
      const ends = await admin.listOffsets(
        [0, 1].map((partition) => ({ topic, partition, at: 'latest' as const })),
      )
      const [offsets, some, none] = await admin.listGroupOffsets([
        { groupId: group },
        { groupId: `${group}-x`, partitions: [{ topic, partition: 1 }] },
        { groupId: gone },
      ])
      expect(offsets?.offsets.map(({ partition, offset }) => ({ partition, offset }))).toEqual(
        ends.map(({ partition, offset }) => ({ partition, offset })),
      )
      expect(some?.offsets).toMatchObject([{ topic, partition: 1, offset: null }])
      expect(none?.offsets).toEqual([])

      const altered = await admin.alterGroupOffsets(
        [
          { groupId: group, topic, partition: 0, offset: 0n, metadata: 'from the start' },
          { groupId: group, topic: gone, partition: 0, offset: 0n },
        ],
        { partial: true },
      )
      expect(altered.map(({ error }) => error?.code)).toEqual([undefined, 'UNKNOWN_TOPIC_OR_PARTITION'])
      const [set] = await admin.listGroupOffsets([{ groupId: group, partitions: [{ topic, partition: 0 }] }])
      expect(set?.offsets).toMatchObject([{ offset: 0n, metadata: 'from the start' }])
      const told = await runKafkaTool(kafka.version, groupCommand(kafka), [
        ...serverArgs(kafka),
        ...['--describe', '--group', group],
      ])
      expect(told).toMatch(new RegExp(`${group}\\s+${topic}\\s+0\\s+0\\s`))

      const listed = (await admin.listGroups({ states: ['Empty'] })).find(({ groupId }) => groupId === group)
      expect(listed).toMatchObject({ groupId: group, state: 'Empty' })
      const results = await admin.describeGroups([group, gone], { partial: true })
      expect(results).toMatchObject([
        { groupId: group, type: 'classic', state: 'Empty', members: [], coordinator: 1, error: null },
        { groupId: gone, error: { code: 'GROUP_ID_NOT_FOUND' } },
      ])
      const deleted = await admin.deleteGroups([group, gone], { partial: true })
      expect(deleted.map(({ error }) => error?.code)).toEqual([undefined, 'GROUP_ID_NOT_FOUND'])
      expect((await admin.listGroups()).map(({ groupId }) => groupId)).not.toContain(group)
    }, 60_000)

    // Kafka 3.7 has the new protocol as a preview only, switched off.
    const protocols = (): string[] => (kafka.version.startsWith('3.') ? ['classic'] : ['classic', 'consumer'])

    it('describes the members of a running group of each protocol, and does not delete it', async () => {
      for (const protocol of protocols()) {
        const topic = await newTopic(2)
        const group = kafka.uniqueName(protocol)
        const tools = consoleTools(kafka.version)
        const consumer = await startJavaProgram(kafka.version, tools.consumer, [
          ...serverArgs(kafka),
          ...['--topic', topic, '--group', group],
          ...(protocol === 'classic' ? [] : [tools.consumerConfig, `group.protocol=${protocol}`]),
        ])
        try {
          const [described] = await eventualAnswer(
            () => admin.describeGroups([group], { partial: true }),
            ([each]) =>
              each?.error === null && each.members.some(({ assignment }) => assignment?.length === 2),
            `a member of ${group}`,
          )
          if (described?.error !== null) throw described?.error
          const assignment = [0, 1].map((partition) => ({ topic, partition }))
          expect(described).toMatchObject({
            type: protocol,
            protocolType: 'consumer',
            assignor: protocol === 'classic' ? 'range' : 'uniform',
            state: 'Stable',
            members: [{ subscribedTopics: [topic], subscribedTopicRegex: null, assignment }],
          })
          await expect(admin.deleteGroups([group])).rejects.toMatchObject({ code: 'NON_EMPTY_GROUP' })
          await expect(
            admin.alterGroupOffsets([{ groupId: group, topic, partition: 0, offset: 0n }]),
          ).rejects.toMatchObject({ code: 'UNKNOWN_MEMBER_ID' })
          if (protocol === 'consumer') {
            const listed = await admin.listGroups({ types: ['consumer'], protocolTypes: ['consumer'] })
            expect(listed).toContainEqual({
              groupId: group,
              protocolType: 'consumer',
              state: 'Stable',
              type: 'consumer',
            })
          }
        } finally {
          await consumer.stop()
        }
      }
    }, 180_000)

    it('describes the cluster', async () => {
      const described = await admin.describeCluster({ includeAuthorizedOperations: true })
      const port = Number(kafka.bootstrap[0]?.split(':')[1])
      expect(described).toMatchObject({
        controllerId: 1,
        brokers: [{ nodeId: 1, host: 'localhost', port, rack: null, isFenced: false }],
      })
      expect(described.clusterId).toMatch(/^.{22}$/)
      expect(described.authorizedOperations).toContain('create')
    })
  },
  ownNode,
)

describeEachKafkaCluster(
  'the admin client while a broker fails',
  { nodes: 3, versions: ['4.3.1'] },
  (kafka) => {
    let admin: Admin
    beforeAll(() => void (admin = openAdmin(kafka)))
    afterAll(() => admin?.close())

    it('N14: splits calls over brokers and goes on with the others when one is killed', async () => {
      const topic = kafka.uniqueName('spread')
      await admin.createTopics([{ name: topic, partitions: 6, replicationFactor: 3 }])
      const groups = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => kafka.uniqueName(name))
      for (const group of groups) {
        await runKafkaTool(kafka.version, groupCommand(kafka), [
          ...serverArgs(kafka),
          ...['--group', group, '--topic', topic, '--reset-offsets', '--to-earliest', '--execute'],
        ])
      }
      const described = await admin.describeGroups(groups)
      expect(new Set(described.map(({ coordinator }) => coordinator)).size).toBeGreaterThan(1)
      const [before] = await admin.describeTopics([topic])
      expect(new Set(before?.partitions.map(({ leader }) => leader)).size).toBe(3)

      const { controllerId } = await admin.describeCluster()
      const victim = controllerId ?? 1
      await kafka.node(victim).kill()
      const queries = [0, 1, 2, 3, 4, 5].map((partition) => ({ topic, partition, at: 'latest' as const }))
      const [offsets, again, listed, created] = await Promise.all([
        admin.listOffsets(queries),
        admin.describeGroups(groups),
        admin.listGroups(),
        admin.createTopics([{ name: `${topic}-2`, partitions: 2, replicationFactor: 2 }]),
      ])
      expect(offsets.map(({ offset }) => offset)).toEqual([0n, 0n, 0n, 0n, 0n, 0n])
      expect(again.every(({ coordinator }) => coordinator !== victim)).toBe(true)
      expect(listed.map(({ groupId }) => groupId)).toEqual(expect.arrayContaining(groups))
      expect(created).toMatchObject([{ partitions: 2, replicationFactor: 2 }])
    }, 180_000)
  },
)
