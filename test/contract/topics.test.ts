// Guards against a broker that creates, changes, deletes and shows topics by other rules than Kafka's.
import { createPartitionsApi } from '../../src/wire/generated/client/create-partitions'
import {
  createTopicsApi,
  type CreateTopicsRequestCreatableTopic,
  type CreateTopicsResponseCreatableTopicResult,
} from '../../src/wire/generated/client/create-topics'
import { deleteTopicsApi } from '../../src/wire/generated/client/delete-topics'
import { describeTopicPartitionsApi } from '../../src/wire/generated/client/describe-topic-partitions'
import { metadataApi, type MetadataResponseResponseTopic } from '../../src/wire/generated/client/metadata'
import { alterPartitionReassignmentsApi } from '../../src/wire/generated/client/alter-partition-reassignments'
import { electLeadersApi } from '../../src/wire/generated/client/elect-leaders'
import { listPartitionReassignmentsApi } from '../../src/wire/generated/client/list-partition-reassignments'
import { code, describeEachBroker } from './support/describe-each-broker'
import { createTopic, only } from './support/log'

const zeroId = 'AAAAAAAAAAAAAAAAAAAAAA'
const unknownId = 'AAAAAAAAAAAAAAAAAAAAAQ'
const noOperations = -2147483648

describeEachBroker('creating topics', {}, (broker) => {
  const create = async (
    topic: Partial<CreateTopicsRequestCreatableTopic>,
    { version = 7, validateOnly = false } = {},
  ): Promise<CreateTopicsResponseCreatableTopicResult> => {
    const defaults = { numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }
    const name = broker.uniqueName('created')
    const { topics } = await broker.raw(createTopicsApi, version, {
      topics: [{ name, ...defaults, ...topic }],
      validateOnly,
    })
    return only(topics)
  }

  it.each([2, 4, 5, 7])('says what was created with version %i', async (version) => {
    const made = await create({ numPartitions: 3 }, { version })
    expect(made).toMatchObject({
      errorCode: 0,
      errorMessage: null,
      numPartitions: version >= 5 ? 3 : -1,
      replicationFactor: version >= 5 ? 1 : -1,
      topicConfigErrorCode: 0,
    })
    expect(made.topicId === zeroId).toBe(version < 7)
    expect((made.configs ?? []).length > 20).toBe(version >= 5)
  })

  it('shows the configs with their sources', async () => {
    const { configs } = await create({ configs: [{ name: 'retention.ms', value: '1000' }] })
    const found = (name: string): unknown => configs?.find((config) => config.name === name)
    const plain = { readOnly: false, isSensitive: false }
    expect(found('retention.ms')).toEqual({ ...plain, name: 'retention.ms', value: '1000', configSource: 1 })
    expect(found('cleanup.policy')).toEqual({
      ...plain,
      name: 'cleanup.policy',
      value: 'delete',
      configSource: 5,
    })
    // Eligible leader replicas make it a setting of the cluster (KIP-966).
    const configSource = broker.pick({ '3.7': 4, '4.3': 3 })
    expect(found('min.insync.replicas')).toMatchObject({ value: '1', configSource })
  })

  it('takes the defaults of the broker for -1', async () => {
    expect(await create({ numPartitions: -1, replicationFactor: -1 })).toMatchObject({
      errorCode: 0,
      numPartitions: 1,
      replicationFactor: 1,
    })
  })

  it('places partitions where it is told', async () => {
    const assignments = [0, 1].map((partitionIndex) => ({ partitionIndex, brokerIds: [1] }))
    expect(await create({ numPartitions: -1, replicationFactor: -1, assignments })).toMatchObject({
      errorCode: 0,
      numPartitions: 2,
    })
  })

  const refused: [string, Partial<CreateTopicsRequestCreatableTopic>, string, RegExp][] = [
    [
      'an empty name',
      { name: '' },
      'INVALID_TOPIC_EXCEPTION',
      /Topic name is invalid: the empty string is not allowed/,
    ],
    ['a dot', { name: '.' }, 'INVALID_TOPIC_EXCEPTION', /Topic name is invalid: '\.' is not allowed/],
    [
      'a blank in the name',
      { name: 'a b' },
      'INVALID_TOPIC_EXCEPTION',
      /contains one or more characters other than/,
    ],
    [
      'a long name',
      { name: 'x'.repeat(250) },
      'INVALID_TOPIC_EXCEPTION',
      /Topic name is invalid: the length of 'x+' is longer than the max allowed length 249/,
    ],
    [
      'no partitions',
      { numPartitions: 0 },
      'INVALID_PARTITIONS',
      /Number of partitions was set to an invalid non-positive value/,
    ],
    [
      'a replication factor of 0',
      { replicationFactor: 0 },
      'INVALID_REPLICATION_FACTOR',
      /Replication factor must be larger than 0/,
    ],
    [
      'more replicas than brokers',
      { replicationFactor: 3 },
      'INVALID_REPLICATION_FACTOR',
      /Unable to replicate the partition 3 time\(s\): The target replication factor of 3 cannot be reached because only 1 broker\(s\) are registered/,
    ],
    [
      'an unknown config',
      { configs: [{ name: 'no.such', value: '1' }] },
      'INVALID_CONFIG',
      /Unknown topic config name: no\.such/,
    ],
    [
      'a value that is no number',
      { configs: [{ name: 'retention.ms', value: 'never' }] },
      'INVALID_CONFIG',
      /Invalid value never for configuration retention\.ms: Not a number of type LONG/,
    ],
    [
      'a value out of range',
      { configs: [{ name: 'min.insync.replicas', value: '0' }] },
      'INVALID_CONFIG',
      /Invalid value 0 for configuration min\.insync\.replicas: Value must be at least 1/,
    ],
    [
      'an unknown word',
      { configs: [{ name: 'cleanup.policy', value: 'burn' }] },
      'INVALID_CONFIG',
      /Invalid value burn for configuration cleanup\.policy/,
    ],
    [
      'a null value',
      { configs: [{ name: 'retention.ms', value: null }] },
      'INVALID_CONFIG',
      /Null value not supported for topic configs: retention\.ms/,
    ],
    [
      'an assignment to a broker that is not there',
      { numPartitions: -1, replicationFactor: -1, assignments: [{ partitionIndex: 0, brokerIds: [9] }] },
      'INVALID_REPLICA_ASSIGNMENT',
      /The manual partition assignment includes broker 9, but no such broker is registered/,
    ],
    [
      'an assignment with a broker twice',
      { numPartitions: -1, replicationFactor: -1, assignments: [{ partitionIndex: 0, brokerIds: [1, 1] }] },
      'INVALID_REPLICA_ASSIGNMENT',
      /The manual partition assignment includes the broker 1 more than once/,
    ],
    [
      'assignments that do not begin with 0',
      { numPartitions: -1, replicationFactor: -1, assignments: [{ partitionIndex: 1, brokerIds: [1] }] },
      'INVALID_REPLICA_ASSIGNMENT',
      /partitions should be a consecutive 0-based integer sequence/,
    ],
    [
      'assignments beside a count',
      { numPartitions: 1, replicationFactor: 1, assignments: [{ partitionIndex: 0, brokerIds: [1] }] },
      'INVALID_REQUEST',
      /num partitions was not set to -1|replication factor was not set to -1/i,
    ],
  ]
  it.each(refused)('refuses %s', async (_, topic, expected, message) => {
    for (const validateOnly of [true, false]) {
      const { errorCode, errorMessage } = await create(topic, { validateOnly })
      expect(code(errorCode)).toBe(expected)
      expect(errorMessage).toMatch(message)
    }
  })

  it('refuses a name that is taken, also by one that makes the same metrics', async () => {
    const name = broker.uniqueName('taken.name')
    await create({ name })
    const again = await create({ name })
    expect(code(again.errorCode)).toBe('TOPIC_ALREADY_EXISTS')
    expect(again.errorMessage).toBe(`Topic '${name}' already exists.`)
    expect(code((await create({ name: name.replace('.', '_') })).errorCode)).toBe('INVALID_TOPIC_EXCEPTION')
  })

  it('refuses a name that comes twice, and does the rest', async () => {
    const [twice, once] = [broker.uniqueName('twice'), broker.uniqueName('once')]
    const { topics } = await broker.raw(createTopicsApi, 5, {
      topics: [twice, once, twice].map((name) => ({
        name,
        numPartitions: 1,
        replicationFactor: 1,
        assignments: [],
        configs: [],
      })),
    })
    expect(topics.map(({ name, errorCode }) => [name, code(errorCode)]).sort()).toEqual(
      [
        [twice, 'INVALID_REQUEST'],
        [once, 'NONE'],
      ].sort(),
    )
  })

  it('creates nothing when it only checks', async () => {
    const name = broker.uniqueName('checked')
    const checked = await create({ name, numPartitions: 2 }, { validateOnly: true })
    expect(checked).toMatchObject({ errorCode: 0, numPartitions: 2 })
    expect(code((await create({ name })).errorCode)).toBe('NONE')
  })
})

describeEachBroker('deleting topics', {}, (broker) => {
  it.each([1, 3, 5])('goes by name with version %i', async (version) => {
    const topic = await createTopic(broker)
    const remove = async (): Promise<string> => {
      const { responses } = await broker.raw(deleteTopicsApi, version, {
        topicNames: [topic.name],
        timeoutMs: 5_000,
      })
      return code(only(responses).errorCode)
    }
    expect(await remove()).toBe('NONE')
    expect(await remove()).toBe('UNKNOWN_TOPIC_OR_PARTITION')
  })

  it('goes by name or id with version 6, not by both', async () => {
    const [first, second] = [await createTopic(broker), await createTopic(broker)]
    const remove = async (name: string | null, topicId: string): Promise<[string, string | null]> => {
      const { responses } = await broker.raw(deleteTopicsApi, 6, {
        topics: [{ name, topicId }],
        timeoutMs: 5_000,
      })
      const answer = only(responses)
      return [code(answer.errorCode), answer.name]
    }
    expect((await remove(first.name, first.id))[0]).toBe('INVALID_REQUEST')
    expect(await remove(null, first.id)).toEqual(['NONE', first.name])
    expect(await remove(second.name, zeroId)).toEqual(['NONE', second.name])
    expect((await remove(null, first.id))[0]).toBe('UNKNOWN_TOPIC_ID')
    expect((await remove(null, zeroId))[0]).toBe('INVALID_REQUEST')
    expect((await remove('no-such-topic', zeroId))[0]).toBe('UNKNOWN_TOPIC_OR_PARTITION')
  })
})

describeEachBroker('adding partitions', {}, (broker) => {
  it.each([0, 2, 3])('only ever adds with version %i', async (version) => {
    const topic = await createTopic(broker, { partitions: 2 })
    const add = async (
      count: number,
      {
        name = topic.name,
        assignments = null as { brokerIds: number[] }[] | null,
        validateOnly = false,
      } = {},
    ): Promise<[string, string | null]> => {
      const topics = [{ name, count, assignments }]
      const { results } = await broker.raw(createPartitionsApi, version, {
        topics,
        timeoutMs: 5_000,
        validateOnly,
      })
      return [code(only(results).errorCode), only(results).errorMessage]
    }
    expect(await add(2)).toEqual(['INVALID_PARTITIONS', 'Topic already has 2 partition(s).'])
    expect(await add(1)).toEqual([
      'INVALID_PARTITIONS',
      `The topic ${topic.name} currently has 2 partition(s); 1 would not be an increase.`,
    ])
    expect((await add(3, { name: 'no-such-topic' }))[0]).toBe('UNKNOWN_TOPIC_OR_PARTITION')
    expect((await add(3, { assignments: [{ brokerIds: [9] }] }))[0]).toBe('INVALID_REPLICA_ASSIGNMENT')
    expect((await add(4, { assignments: [{ brokerIds: [1] }] }))[0]).toBe('INVALID_REPLICA_ASSIGNMENT')
    expect(await add(3, { validateOnly: true })).toEqual(['NONE', null])
    expect(await add(3)).toEqual(['NONE', null])
    expect((await add(3))[0]).toBe('INVALID_PARTITIONS')
  })
})

describeEachBroker('metadata', {}, (broker) => {
  const ask = async (
    version: number,
    topics: readonly { name: string | null; topicId?: string }[] | null,
    more: Record<string, boolean> = {},
  ): Promise<MetadataResponseResponseTopic[]> =>
    (await broker.raw(metadataApi, version, { topics, ...more })).topics

  it.each(broker.pick({ '3.7': [1, 4, 7, 9, 12], '4.3': [1, 4, 7, 9, 12, 13] }))(
    'shows a topic and its partitions with version %i',
    async (version) => {
      const topic = await createTopic(broker, { partitions: 2 })
      const response = await broker.raw(metadataApi, version, { topics: [{ name: topic.name }] })
      expect(response.brokers).toMatchObject([{ nodeId: 1, rack: null }])
      expect(response.controllerId).toBe(1)
      expect(response.topics).toMatchObject([
        {
          errorCode: 0,
          name: topic.name,
          topicId: version >= 10 ? topic.id : zeroId,
          isInternal: false,
          topicAuthorizedOperations: noOperations,
        },
      ])
      const partitions = [...only(response.topics).partitions].sort(
        (a, b) => a.partitionIndex - b.partitionIndex,
      )
      expect(partitions).toMatchObject(
        [0, 1].map((partitionIndex) => ({
          errorCode: 0,
          partitionIndex,
          leaderId: 1,
          leaderEpoch: version >= 7 ? 0 : -1,
          replicaNodes: [1],
          isrNodes: [1],
          offlineReplicas: [],
        })),
      )
    },
  )

  it('shows all topics for null, none for an empty list, all for an empty one in version 0', async () => {
    const { name } = await createTopic(broker)
    const namesIn = (topics: readonly MetadataResponseResponseTopic[]): (string | null)[] =>
      topics.map((topic) => topic.name)
    expect(namesIn(await ask(9, null))).toContain(name)
    expect(await ask(9, [])).toEqual([])
    expect(namesIn(await ask(0, []))).toContain(name)
  })

  it('knows a topic by its id', async () => {
    const topic = await createTopic(broker)
    expect(await ask(12, [{ name: null, topicId: topic.id }])).toMatchObject([
      { errorCode: 0, name: topic.name },
    ])
    const [unknown] = await ask(12, [{ name: null, topicId: unknownId }])
    expect([code(unknown?.errorCode), unknown?.name]).toEqual(['UNKNOWN_TOPIC_ID', null])
  })

  it('refuses invalid names', async () => {
    const [answer] = await ask(9, [{ name: 'a b' }])
    expect(code(answer?.errorCode)).toBe('INVALID_TOPIC_EXCEPTION')
  })

  it.each([true, false])('does not create what the broker may not create, with the flag %s', async (flag) => {
    const [answer] = await ask(9, [{ name: broker.uniqueName('none') }], { allowAutoTopicCreation: flag })
    expect(answer).toMatchObject({ partitions: [] })
    expect(code(answer?.errorCode)).toBe('UNKNOWN_TOPIC_OR_PARTITION')
  })

  it('names the operations that are allowed when asked', async () => {
    const { name } = await createTopic(broker)
    const [answer] = await ask(9, [{ name }], { includeTopicAuthorizedOperations: true })
    // Read, write, create, delete, alter, describe, describe configs, alter configs: bits 3 to 8, 10 and 11.
    expect(answer?.topicAuthorizedOperations).toBe(0b110111111000)
    const { clusterAuthorizedOperations } = await broker.raw(metadataApi, 10, {
      topics: [],
      includeClusterAuthorizedOperations: true,
    })
    // Create, alter, describe, cluster action, describe configs, alter configs, idempotent write.
    expect(clusterAuthorizedOperations).toBe(0b1111110100000)
  })

  if (broker.version === '4.3') {
    it('is given page by page by DescribeTopicPartitions', async () => {
      const topic = await createTopic(broker, { partitions: 3 })
      const topics = [{ name: topic.name }]
      const first = await broker.raw(describeTopicPartitionsApi, 0, { topics, responsePartitionLimit: 2 })
      expect(only(first.topics)).toMatchObject({ errorCode: 0, topicId: topic.id })
      expect(only(first.topics).partitions.map((one) => one.partitionIndex)).toEqual([0, 1])
      expect(first.nextCursor).toEqual({ topicName: topic.name, partitionIndex: 2 })
      const rest = await broker.raw(describeTopicPartitionsApi, 0, { topics, cursor: first.nextCursor })
      expect(only(rest.topics).partitions).toMatchObject([
        { partitionIndex: 2, leaderId: 1, isrNodes: [1], eligibleLeaderReplicas: [], lastKnownElr: [] },
      ])
      expect(rest.nextCursor).toBeNull()
      const unknown = await broker.raw(describeTopicPartitionsApi, 0, { topics: [{ name: 'no-such-topic' }] })
      expect(code(only(unknown.topics).errorCode)).toBe('UNKNOWN_TOPIC_OR_PARTITION')
    })
  }
})

describeEachBroker('moving replicas and leaders', {}, (broker) => {
  it('has nothing to do where there is one broker', async () => {
    const topic = await createTopic(broker)
    const elected = await broker.raw(electLeadersApi, 2, {
      electionType: 0,
      topicPartitions: [
        { topic: topic.name, partitions: [0, 4] },
        { topic: 'no-such-topic', partitions: [0] },
      ],
    })
    const found = elected.replicaElectionResults.flatMap(({ topic: name, partitionResult }) =>
      partitionResult.map(({ partitionId, errorCode }) => [
        name === topic.name,
        partitionId,
        code(errorCode),
      ]),
    )
    expect(code(elected.errorCode)).toBe('NONE')
    expect(found).toHaveLength(3)
    expect(found).toEqual(
      expect.arrayContaining([
        [true, 0, 'ELECTION_NOT_NEEDED'],
        [true, 4, 'UNKNOWN_TOPIC_OR_PARTITION'],
        [false, 0, 'UNKNOWN_TOPIC_OR_PARTITION'],
      ]),
    )
  })

  it('refuses reassignments that cannot be, and lists none', async () => {
    const topic = await createTopic(broker)
    const reassign = async (partitionIndex: number, replicas: number[] | null): Promise<string> => {
      const answer = await broker.raw(alterPartitionReassignmentsApi, 0, {
        topics: [{ name: topic.name, partitions: [{ partitionIndex, replicas }] }],
      })
      expect(code(answer.errorCode)).toBe('NONE')
      return code(only(only(answer.responses).partitions).errorCode)
    }
    expect(await reassign(0, [1])).toBe('NONE')
    expect(await reassign(0, [9])).toBe('INVALID_REPLICA_ASSIGNMENT')
    expect(await reassign(0, [])).toBe('INVALID_REPLICA_ASSIGNMENT')
    expect(await reassign(0, [1, 1])).toBe('INVALID_REPLICA_ASSIGNMENT')
    expect(await reassign(0, null)).toBe('NO_REASSIGNMENT_IN_PROGRESS')
    expect(await reassign(3, [1])).toBe('UNKNOWN_TOPIC_OR_PARTITION')
    expect(await broker.raw(listPartitionReassignmentsApi, 0, {})).toMatchObject({ errorCode: 0, topics: [] })
  })
})
