// Guards against configs whose value, source or secrecy is told otherwise than by Kafka.
import { ErrorCode } from '../../../../src/base/error-codes'
import { ConfigResourceType } from '../../../../src/testing/contracts/config-store'
import { describeConfigsApi } from '../../../../src/wire/generated/client/describe-configs'
import { ClusterFixture } from '../support/cluster-fixture'

const { topic, broker, brokerLogger, clientMetrics, group } = ConfigResourceType
let cluster: ClusterFixture

beforeEach(() => {
  cluster = new ClusterFixture({ brokers: 2, configs: { 'log.flush.interval.ms': '5000' } })
  cluster.services.topics.create({ name: 'a' })
})

afterEach(() => cluster.close())

async function ask(resourceType: number, resourceName: string, names: string[] | null = null, version = 4) {
  const resources = [{ resourceType, resourceName, configurationKeys: names }]
  const { results } = await cluster.ask(describeConfigsApi, version, { resources, includeSynonyms: true })
  const [only] = results
  if (only === undefined) throw new Error('There is no result')
  return only
}

const set = (type: number, name: string, configs: Record<string, string>): void =>
  cluster.services.configs.replace(type, name, new Map(Object.entries(configs)))

test('tells a topic’s config with all places where it was set, the strongest first', async () => {
  set(broker, '1', { 'log.retention.ms': '99999' })
  set(broker, '', { 'log.retention.ms': '77777' })
  expect((await ask(topic, 'a', ['retention.ms'])).configs).toMatchObject([
    {
      name: 'retention.ms',
      value: '99999',
      readOnly: false,
      configSource: 2,
      isSensitive: false,
      synonyms: [
        { name: 'log.retention.ms', value: '99999', source: 2 },
        { name: 'log.retention.ms', value: '77777', source: 3 },
        { name: 'log.retention.hours', value: '168', source: 5 },
      ],
      configType: 5,
    },
  ])
  set(topic, 'a', { 'retention.ms': '1000', 'cleanup.policy': 'compact' })
  expect((await ask(topic, 'a', ['cleanup.policy'])).configs).toMatchObject([
    {
      value: 'compact',
      configSource: 1,
      synonyms: [
        { name: 'cleanup.policy', value: 'compact', source: 1 },
        { name: 'log.cleanup.policy', value: 'delete', source: 5 },
      ],
      configType: 7,
    },
  ])
})

test('tells what brokers were started with as static', async () => {
  expect((await ask(topic, 'a', ['flush.ms'])).configs).toMatchObject([
    {
      value: '5000',
      configSource: 4,
      synonyms: [{ name: 'log.flush.interval.ms', value: '5000', source: 4 }, {}],
    },
  ])
})

test('tells no synonyms of retention while only hours have a default, as Kafka does', async () => {
  expect((await ask(topic, 'a', ['retention.ms'])).configs).toMatchObject([
    { value: '604800000', configSource: 5, synonyms: [] },
  ])
})

test('takes an empty list of names for all, and leaves out names that there are not', async () => {
  const all = (await ask(topic, 'a')).configs.length
  expect(all).toBeGreaterThan(30)
  expect((await ask(topic, 'a', [])).configs).toHaveLength(all)
  expect((await ask(topic, 'a', ['nope', 'preallocate'])).configs.map(({ name }) => name)).toEqual([
    'preallocate',
  ])
})

test('tells all configs of the broker that is asked, with which of them can be changed, and hides passwords', async () => {
  const { configs } = await ask(broker, '1')
  const found = (name: string) => configs.find((one) => one.name === name)
  expect(configs.length).toBeGreaterThan(300)
  expect(found('log.retention.hours')).toMatchObject({
    value: '168',
    readOnly: true,
    configSource: 5,
    configType: 3,
  })
  expect(found('log.cleaner.threads')).toMatchObject({ value: '1', readOnly: false })
  expect(found('node.id')).toMatchObject({ value: '1', readOnly: true, configSource: 4 })
  expect(found('ssl.keystore.password')).toMatchObject({ value: null, isSensitive: true, configType: 9 })
  expect(found('group.initial.rebalance.delay.ms')).toMatchObject({ value: '0', configSource: 4 })
  // The one that eligible leader replicas set for the cluster.
  expect(found('min.insync.replicas')).toMatchObject({ value: '1', configSource: 3 })
})

test('tells of the cluster’s default only what was set at run time', async () => {
  set(broker, '', { 'max.connections': '7' })
  set(broker, '1', { 'max.connections': '9' })
  expect((await ask(broker, '')).configs).toMatchObject([
    {
      name: 'max.connections',
      value: '7',
      configSource: 3,
      synonyms: [{ name: 'max.connections', value: '7', source: 3 }],
    },
  ])
})

test('tells a config that Kafka does not know as a secret', async () => {
  set(broker, '1', { nope: 'x' })
  expect((await ask(broker, '1', ['nope'])).configs).toMatchObject([
    { name: 'nope', value: null, readOnly: true, configSource: 2, isSensitive: true, configType: 0 },
  ])
})

test('tells configs of groups, client metrics and loggers', async () => {
  set(group, 'g', { 'consumer.session.timeout.ms': '50000' })
  set(clientMetrics, 's', { 'interval.ms': '5000' })
  expect(
    (await ask(group, 'g', ['consumer.session.timeout.ms', 'share.auto.offset.reset'])).configs,
  ).toMatchObject([
    {
      name: 'consumer.session.timeout.ms',
      value: '50000',
      configSource: 8,
      synonyms: [
        { name: 'consumer.session.timeout.ms', value: '50000', source: 8 },
        { name: 'group.consumer.session.timeout.ms', value: '45000', source: 5 },
      ],
    },
    {
      value: 'latest',
      configSource: 5,
      synonyms: [{ name: 'share.auto.offset.reset', value: 'latest', source: 5 }],
    },
  ])
  expect((await ask(clientMetrics, 's')).configs).toMatchObject([
    { name: 'interval.ms', value: '5000', configSource: 7 },
    { name: 'match', value: '', configSource: 5 },
    { name: 'metrics', value: '', configSource: 5 },
  ])
  expect((await ask(brokerLogger, '1')).configs).toMatchObject([
    { name: 'root', value: 'INFO', configSource: 6 },
  ])
})

// Each line is what a broker of Kafka 4.3.1 answered.
test.each([
  [topic, 'nope', ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, ''],
  [topic, '', ErrorCode.INVALID_TOPIC_EXCEPTION, 'Topic name is invalid: the empty string is not allowed'],
  [
    broker,
    '9',
    ErrorCode.INVALID_REQUEST,
    'Unexpected broker id, expected 1 or empty string, but received 9',
  ],
  [broker, 'x', ErrorCode.INVALID_REQUEST, 'Broker id must be an integer, but it is: x'],
  [brokerLogger, '', ErrorCode.INVALID_REQUEST, 'Broker id must not be empty'],
  [brokerLogger, '9', ErrorCode.INVALID_REQUEST, 'Unexpected broker id, expected 1 but received 9'],
  [clientMetrics, '', ErrorCode.INVALID_REQUEST, 'Client metrics subscription name must not be empty'],
  [group, '', ErrorCode.INVALID_REQUEST, 'Group name must not be empty'],
])('refuses resource type %i named %j', async (type, name, errorCode, errorMessage) => {
  expect(await ask(type, name)).toMatchObject({ errorCode, errorMessage, configs: [] })
})

test.each([1, 3, 4])('answers version %i', async (version) => {
  const { configs } = await ask(topic, 'a', ['retention.ms'], version)
  expect(configs).toMatchObject([{ value: '604800000', configSource: 5, configType: version >= 3 ? 5 : 0 }])
})

test('refuses what may not be described with the code of the resource', async () => {
  for (const resource of ['Topic a', 'Group g', 'Cluster kafka-cluster']) {
    cluster.denied.add(`DescribeConfigs ${resource}`)
  }
  const codes = [
    await ask(topic, 'a'),
    await ask(group, 'g'),
    await ask(broker, '1'),
    await ask(clientMetrics, 's'),
  ]
  expect(codes.map((one) => one.errorCode)).toEqual([
    ErrorCode.TOPIC_AUTHORIZATION_FAILED,
    ErrorCode.GROUP_AUTHORIZATION_FAILED,
    ErrorCode.CLUSTER_AUTHORIZATION_FAILED,
    ErrorCode.CLUSTER_AUTHORIZATION_FAILED,
  ])
})
