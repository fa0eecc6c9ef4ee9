// Guards against topics that Kafka would not create, ids that come again, and partitions that live on after their topic.
import { ErrorCode } from '../../../../src/base/error-codes'
import type { NewTopicSpec } from '../../../../src/testing/contracts/topics'
import { errorCodeOf, errorMessageOf } from '../../../../src/testing/contracts/kafka-failure'
import { ClusterFixture } from '../support/cluster-fixture'

let cluster: ClusterFixture

beforeEach(() => {
  cluster = new ClusterFixture({ brokers: 3 })
})

afterEach(() => cluster.close())

function refusal(act: () => unknown): [number, string | null] {
  try {
    act()
  } catch (error) {
    return [errorCodeOf(error), errorMessageOf(error)]
  }
  throw new Error('nothing was refused')
}

// Each line is what a broker of Kafka 4.3.1 answered.
test.each<[string, NewTopicSpec, number, string]>([
  [
    'no name',
    { name: '' },
    ErrorCode.INVALID_TOPIC_EXCEPTION,
    'Topic name is invalid: the empty string is not allowed',
  ],
  ['a dot', { name: '.' }, ErrorCode.INVALID_TOPIC_EXCEPTION, "Topic name is invalid: '.' is not allowed"],
  [
    'a blank in the name',
    { name: 'a b' },
    ErrorCode.INVALID_TOPIC_EXCEPTION,
    "Topic name is invalid: 'a b' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'",
  ],
  [
    'a name that is too long',
    { name: 'x'.repeat(250) },
    ErrorCode.INVALID_TOPIC_EXCEPTION,
    `Topic name is invalid: the length of '${'x'.repeat(250)}' is longer than the max allowed length 249`,
  ],
  [
    'no partitions',
    { name: 'a', partitions: 0 },
    ErrorCode.INVALID_PARTITIONS,
    'Number of partitions was set to an invalid non-positive value.',
  ],
  [
    'no replicas',
    { name: 'a', replicationFactor: 0 },
    ErrorCode.INVALID_REPLICATION_FACTOR,
    'Replication factor must be larger than 0, or -1 to use the default value.',
  ],
  [
    'too many partitions',
    { name: 'a', partitions: 20_000 },
    ErrorCode.POLICY_VIOLATION,
    'Excessively large number of partitions per request.',
  ],
  [
    'replicas twice over',
    { name: 'a', replicationFactor: 1, assignments: new Map([[0, [1]]]) },
    ErrorCode.INVALID_REQUEST,
    'A manual partition assignment was specified, but replication factor was not set to -1.',
  ],
  [
    'partitions twice over',
    { name: 'a', partitions: 1, assignments: new Map([[0, [1]]]) },
    ErrorCode.INVALID_REQUEST,
    'A manual partition assignment was specified, but numPartitions was not set to -1.',
  ],
  [
    'a gap',
    { name: 'a', assignments: new Map([[1, [1]]]) },
    ErrorCode.INVALID_REPLICA_ASSIGNMENT,
    'partitions should be a consecutive 0-based integer sequence',
  ],
  [
    'an unknown broker',
    { name: 'a', assignments: new Map([[0, [9]]]) },
    ErrorCode.INVALID_REPLICA_ASSIGNMENT,
    'The manual partition assignment includes broker 9, but no such broker is registered.',
  ],
  [
    'no broker',
    { name: 'a', assignments: new Map([[0, []]]) },
    ErrorCode.INVALID_REPLICA_ASSIGNMENT,
    'The manual partition assignment includes an empty replica list.',
  ],
  [
    'a broker twice',
    { name: 'a', assignments: new Map([[0, [1, 1]]]) },
    ErrorCode.INVALID_REPLICA_ASSIGNMENT,
    'The manual partition assignment includes the broker 1 more than once.',
  ],
  [
    'replicas of two counts',
    { name: 'a', assignments: new Map([[0, [1]], [1, [1, 2]]]) }, // prettier-ignore
    ErrorCode.INVALID_REPLICA_ASSIGNMENT,
    'The manual partition assignment includes a partition with 2 replica(s), but this is not consistent with previous partitions, which have 1 replica(s).',
  ],
  [
    'a wrong config',
    { name: 'a', configs: { nope: '1' } },
    ErrorCode.INVALID_CONFIG,
    'Unknown topic config name: nope',
  ],
])('refuses a topic with %s, and creates nothing', (_, spec, code, words) => {
  expect(refusal(() => cluster.services.topics.create(spec))).toEqual([code, words])
  expect([...cluster.services.topics.all]).toEqual([])
})

test('refuses a name that exists, or that differs from one only in dots and underscores', () => {
  const { topics } = cluster.services
  topics.create({ name: 't.x' })
  expect(refusal(() => topics.create({ name: 't.x' }))).toEqual([
    ErrorCode.TOPIC_ALREADY_EXISTS,
    "Topic 't.x' already exists.",
  ])
  expect(refusal(() => topics.create({ name: 't_x' }))).toEqual([
    ErrorCode.INVALID_TOPIC_EXCEPTION,
    "Topic 't_x' collides with existing topic: t.x",
  ])
})

test('creates partitions on the replicas that are named, the first one leading', () => {
  const assignments = new Map([[0, [2, 3]], [1, [3, 1]]]) // prettier-ignore
  const { partitions } = cluster.services.topics.create({ name: 'a', assignments })
  expect(partitions.map(({ replicas, leaderId }) => [replicas, leaderId])).toEqual([
    [[2, 3], 2],
    [[3, 1], 3],
  ])
})

test('takes counts that are not given from the brokers’ configs', () => {
  const own = new ClusterFixture({
    brokers: 3,
    configs: { 'num.partitions': '4', 'default.replication.factor': '2' },
  })
  const { partitions } = own.services.topics.create({ name: 'a' })
  expect(partitions.map(({ replicas }) => replicas.length)).toEqual([2, 2, 2, 2])
  own.close()
})

test('forgets all of a topic that is deleted: partitions, configs, offsets; its name gets another id', () => {
  const { topics, configs, offsets } = cluster.services
  const first = topics.create({ name: 'a', configs: { 'retention.ms': '1' } })
  const committed = { offset: 1n, leaderEpoch: 0, metadata: '', committedAt: 0, topicId: first.id }
  offsets.put('g', 'a', 0, committed)
  const events: string[] = []
  first.partitions[0]?.watch((event) => events.push(event))
  topics.delete('a')
  expect(events).toEqual(['deleted'])
  expect(first.partitions[0]?.isDeleted).toBe(true)
  expect([topics.byName('a'), topics.byId(first.id), topics.partition('a', 0)]).toEqual([
    undefined,
    undefined,
    undefined,
  ])
  expect(configs.topic('a', 'retention.ms')).toBe('604800000')
  expect(offsets.get('g', 'a', 0)).toBeUndefined()
  expect(topics.create({ name: 'a' }).id).not.toBe(first.id)
  expect(refusal(() => topics.delete('b'))[0]).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
})

test('adds partitions with as many replicas as the topic has', () => {
  const { topics } = cluster.services
  const changes: string[] = []
  topics.watch(({ kind, topic }) => changes.push(`${kind} ${topic.name}`))
  topics.create({ name: 'a', replicationFactor: 2 })
  topics.addPartitions('a', 3)
  expect(topics.byName('a')?.partitions.map(({ index, replicas }) => [index, replicas.length])).toEqual([
    [0, 2],
    [1, 2],
    [2, 2],
  ])
  topics.addPartitions('a', 4, { assignments: [[3, 1]] })
  expect(topics.partition('a', 3)?.replicas).toEqual([3, 1])
  expect(changes).toEqual(['created a', 'partitions-added a', 'partitions-added a'])
})

test.each<[number, readonly (readonly number[])[] | undefined, number, string]>([
  [2, undefined, ErrorCode.INVALID_PARTITIONS, 'Topic already has 2 partition(s).'],
  [
    1,
    undefined,
    ErrorCode.INVALID_PARTITIONS,
    'The topic a currently has 2 partition(s); 1 would not be an increase.',
  ],
  [
    4,
    [[1]],
    ErrorCode.INVALID_REPLICA_ASSIGNMENT,
    'Attempted to add 2 additional partition(s), but only 1 assignment(s) were specified.',
  ],
  [
    3,
    [[9]],
    ErrorCode.INVALID_REPLICA_ASSIGNMENT,
    'The manual partition assignment includes broker 9, but no such broker is registered.',
  ],
])('refuses %i partitions for a topic of two, on %j', (total, assignments, code, words) => {
  const { topics } = cluster.services
  topics.create({ name: 'a', partitions: 2 })
  const options = assignments === undefined ? {} : { assignments }
  expect(refusal(() => topics.addPartitions('a', total, options))).toEqual([code, words])
  expect(topics.byName('a')?.partitions).toHaveLength(2)
})

test('checks added partitions without adding them', () => {
  const { topics } = cluster.services
  topics.create({ name: 'a' })
  expect(topics.addPartitions('a', 3, { validateOnly: true }).partitions).toHaveLength(1)
})

test('creates internal topics as Kafka’s coordinators have them', () => {
  const { topics, configs } = cluster.services
  const seen = (['__consumer_offsets', '__transaction_state', '__share_group_state'] as const).map((name) => {
    const topic = topics.ensureInternal(name)
    expect(topics.ensureInternal(name)).toBe(topic)
    const [first] = topic.partitions
    const own = ['cleanup.policy', 'compression.type', 'min.insync.replicas'].map((one) =>
      configs.topic(name, one),
    )
    return [topic.isInternal, topic.partitions.length, first?.replicas.length, ...own]
  })
  expect(seen).toEqual([
    [true, 4, 3, 'compact', 'producer', '1'],
    [true, 4, 3, 'compact', 'uncompressed', '2'],
    [true, 4, 3, 'delete', 'producer', '2'],
  ])
})

test('refuses a topic whose replicas all are dead, and places others on those that live', async () => {
  await cluster.kill(2)
  const assignments = new Map([[0, [2]]])
  expect(refusal(() => cluster.services.topics.create({ name: 'a', assignments }))).toEqual([
    ErrorCode.INVALID_REPLICA_ASSIGNMENT,
    'All brokers specified in the manual partition assignment for partition 0 are fenced or in controlled shutdown.',
  ])
  const { partitions } = cluster.services.topics.create({ name: 'b', partitions: 6 })
  expect(new Set(partitions.map((partition) => partition.leaderId))).toEqual(new Set([1, 3]))
})
