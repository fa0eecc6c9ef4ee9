// Guards against changes of configs that Kafka would refuse, and changes that are half done.
import { ErrorCode } from '../../../../src/base/error-codes'
import { ConfigResourceType } from '../../../../src/testing/contracts/config-store'
import { incrementalAlterConfigsApi } from '../../../../src/wire/generated/client/incremental-alter-configs'
import { ClusterFixture } from '../support/cluster-fixture'

const { topic, broker, brokerLogger, clientMetrics, group } = ConfigResourceType
const [put, remove, append, subtract] = [0, 1, 2, 3]
let cluster: ClusterFixture

beforeEach(() => {
  cluster = new ClusterFixture({ brokers: 2 })
  cluster.services.topics.create({ name: 'a' })
})

afterEach(() => cluster.close())

type Change = readonly [name: string, operation: number, value: string | null]

async function ask(
  resourceType: number,
  resourceName: string,
  changes: readonly Change[],
  validateOnly = false,
) {
  const configs = changes.map(([name, configOperation, value]) => ({ name, configOperation, value }))
  const resources = [{ resourceType, resourceName, configs }]
  const { responses } = await cluster.ask(incrementalAlterConfigsApi, 1, { resources, validateOnly })
  return [responses[0]?.errorCode, responses[0]?.errorMessage]
}

const value = (name: string): string => cluster.services.configs.topic('a', name)
const fine = [ErrorCode.NONE, null]

test('sets, appends to, subtracts from and deletes a topic’s configs', async () => {
  expect(await ask(topic, 'a', [['retention.ms', put, '1000'], ['cleanup.policy', append, 'compact']])).toEqual(fine) // prettier-ignore
  expect([value('retention.ms'), value('cleanup.policy')]).toEqual(['1000', 'delete,compact'])
  expect(await ask(topic, 'a', [['cleanup.policy', append, 'compact']])).toEqual(fine)
  expect(await ask(topic, 'a', [['cleanup.policy', subtract, 'delete']])).toEqual(fine)
  expect(value('cleanup.policy')).toBe('compact')
  expect(await ask(topic, 'a', [['retention.ms', remove, null]])).toEqual(fine)
  expect(value('retention.ms')).toBe('604800000')
})

test('changes nothing when it is only to check, or when one of several changes is wrong', async () => {
  expect(await ask(topic, 'a', [['retention.ms', put, '1']], true)).toEqual(fine)
  const [code] = await ask(topic, 'a', [['retention.ms', put, '1'], ['preallocate', put, 'x']]) // prettier-ignore
  expect(code).toBe(ErrorCode.INVALID_CONFIG)
  expect(value('retention.ms')).toBe('604800000')
})

const { INVALID_CONFIG, INVALID_REQUEST } = ErrorCode

// Each line is what a broker of Kafka 4.3.1 answered.
test.each<[number, string, Change, number, string | null]>([
  [topic, 'a', ['retention.ms', append, '5'], INVALID_CONFIG, "Can't APPEND to key retention.ms because its type is not LIST."],
  [topic, 'a', ['retention.ms', subtract, '5'], INVALID_CONFIG, "Can't SUBTRACT to key retention.ms because its type is not LIST."],
  [topic, 'a', ['nope', append, '5'], INVALID_CONFIG, "Can't APPEND to key nope because its type is not LIST."],
  [topic, 'a', ['nope', put, '5'], INVALID_CONFIG, 'Unknown topic config name: nope'],
  [topic, 'a', ['nope', remove, null], ErrorCode.NONE, null],
  [topic, 'a', ['cleanup.policy', append, ''], INVALID_CONFIG, "Configuration 'cleanup.policy' values must not be empty."],
  [topic, 'a', ['retention.ms', put, null], INVALID_REQUEST, 'Null value not supported for : retention.ms'],
  [topic, 'a', ['retention.ms', 7, '1'], ErrorCode.UNKNOWN_SERVER_ERROR, null],
  [topic, 'b', ['retention.ms', put, '1'], ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "The topic 'b' does not exist."],
  [topic, '', ['retention.ms', put, '1'], INVALID_REQUEST, 'Default topic resources are not allowed.'],
  [broker, '', ['log.retention.hours', put, '5'], INVALID_REQUEST, 'Cannot update these configs dynamically: [log.retention.hours]'],
  [broker, '9', ['log.retention.ms', put, '5'], INVALID_REQUEST, 'Unexpected broker id, expected 1, but received 9'],
  [broker, 'x', ['log.retention.ms', put, '5'], INVALID_REQUEST, 'Node id must be an integer, but it is: x'],
  [broker, '1', ['log.retention.ms', put, 'abc'], INVALID_REQUEST, 'Invalid value abc for configuration log.retention.ms: Not a number of type LONG'],
  [broker, '1', ['nope', put, '5'], ErrorCode.NONE, null],
  [broker, '1', ['min.insync.replicas', put, '1'], INVALID_CONFIG, 'Broker-level min.insync.replicas cannot be altered while ELR is enabled.'],
  [broker, '', ['min.insync.replicas', put, '1'], ErrorCode.NONE, null],
  [broker, '', ['min.insync.replicas', remove, null], INVALID_CONFIG, 'Cluster-level min.insync.replicas cannot be removed while ELR is enabled.'],
  [broker, '', ['ssl.keystore.location', put, '/x'], INVALID_REQUEST, 'These security configs can be dynamically updated only per-listener using the listener prefix: [ssl.keystore.location]'],
  [broker, '', ['listener.name.plaintext.ssl.keystore.location', put, '/x'], INVALID_REQUEST, 'Cannot update these configs at default cluster level, broker id must be specified: [listener.name.plaintext.ssl.keystore.location]'],
  [broker, '', ['leader.replication.throttled.rate', put, '5'], ErrorCode.NONE, null],
  [brokerLogger, '1', ['nope', put, 'DEBUG'], INVALID_CONFIG, 'Logger nope does not exist!'],
  [brokerLogger, '1', ['root', remove, null], INVALID_REQUEST, 'Removing the log level of the root logger is not allowed'],
  [brokerLogger, '1', ['root', append, 'INFO'], INVALID_REQUEST, 'APPEND operation is not allowed for the BROKER_LOGGER resource'],
  [brokerLogger, '9', ['root', put, 'INFO'], INVALID_REQUEST, 'Unexpected node id. Expected 1, but received 9'],
  [clientMetrics, 's', ['interval.ms', put, '5'], INVALID_REQUEST, 'Invalid value 5 for interval.ms, interval must be between 100 and 3600000 (1 hour)'],
  [clientMetrics, 's', ['interval.ms', put, 'x'], INVALID_CONFIG, 'Invalid value x for configuration interval.ms: Not a number of type INT'],
  [clientMetrics, 's', ['match', put, 'nope=1'], INVALID_CONFIG, 'Illegal client matching pattern: nope=1'],
  [clientMetrics, 's', ['match', put, 'client_id=['], INVALID_CONFIG, 'Illegal client matching pattern: client_id=['],
  [clientMetrics, 's', ['nope', put, '5'], INVALID_REQUEST, 'Unknown client metrics configuration: nope'],
  [clientMetrics, '', ['interval.ms', put, '5000'], INVALID_REQUEST, "Subscription name can't be empty"],
  [clientMetrics, 's', ['metrics', append, 'x'], INVALID_CONFIG, "Can't APPEND to key metrics because its type is not LIST."],
  [group, 'g', ['consumer.session.timeout.ms', put, '5'], INVALID_CONFIG, 'consumer.session.timeout.ms must be greater than or equal to group.consumer.min.session.timeout.ms'],
  [group, 'g', ['consumer.session.timeout.ms', put, '99999999'], INVALID_CONFIG, 'consumer.session.timeout.ms must be less than or equal to group.consumer.max.session.timeout.ms'],
  [group, 'g', ['streams.num.standby.replicas', put, '90'], INVALID_CONFIG, 'streams.num.standby.replicas must be less than or equal to group.streams.max.standby.replicas'],
  [group, 'g', ['share.record.lock.duration.ms', put, '10000'], INVALID_CONFIG, 'share.record.lock.duration.ms must be greater than or equal to group.share.min.record.lock.duration.ms'],
  [group, 'g', ['nope', put, '5'], INVALID_CONFIG, 'Unknown group config name: nope'],
  [group, '', ['consumer.session.timeout.ms', put, '50000'], INVALID_REQUEST, 'Default group resources are not allowed.'],
  [3, 'x', ['a', put, 'b'], INVALID_REQUEST, 'Unknown resource type 3'],
])('answers a change of type %i, %j, %j as Kafka does', async (type, name, change, code, words) => {
  expect(await ask(type, name, [change])).toEqual([code, words])
}) // prettier-ignore

test('refuses a name or a resource that comes twice', async () => {
  const twice: Change[] = [['retention.ms', put, '1'], ['retention.ms', put, '2']] // prettier-ignore
  expect(await ask(topic, 'a', twice)).toEqual([INVALID_REQUEST, 'Error due to duplicate config keys'])
  const resource = { resourceType: topic, resourceName: 'a', configs: [] }
  const { responses } = await cluster.ask(incrementalAlterConfigsApi, 0, {
    resources: [resource, resource],
    validateOnly: false,
  })
  expect(responses.map((one) => one.errorMessage)).toEqual([
    'Each resource must appear at most once.',
    'Each resource must appear at most once.',
  ])
})

test('lets a heartbeat of groups not be as long as their session', async () => {
  const changes: Change[] = [['consumer.session.timeout.ms', put, '46000'], ['consumer.heartbeat.interval.ms', put, '15000']] // prettier-ignore
  expect(await ask(group, 'g', changes)).toEqual(fine)
  expect(cluster.services.configs.groupNumber('g', 'consumer.heartbeat.interval.ms')).toBe(15_000)
})

test('lets a change of the cluster’s default reach topics, and one of the root logger its broker', async () => {
  expect(await ask(broker, '', [['message.max.bytes', put, '100']])).toEqual(fine)
  expect(cluster.services.configs.log('a').maxMessageBytes).toBe(100)
  expect(await ask(brokerLogger, '1', [['root', put, 'DEBUG']])).toEqual(fine)
  expect(cluster.services.configs.loggers(1).describe()[0]?.value).toBe('DEBUG')
  expect(cluster.services.configs.loggers(2).describe()[0]?.value).toBe('INFO')
})

test('refuses what may not be altered with the code of the resource', async () => {
  for (const resource of ['Topic a', 'Group g', 'Cluster kafka-cluster'])
    cluster.denied.add(`AlterConfigs ${resource}`)
  const asked = [
    await ask(topic, 'a', []),
    await ask(group, 'g', []),
    await ask(broker, '', []),
    await ask(brokerLogger, '1', []),
  ]
  expect(asked).toEqual([
    [ErrorCode.TOPIC_AUTHORIZATION_FAILED, 'Topic authorization failed.'],
    [ErrorCode.GROUP_AUTHORIZATION_FAILED, 'Group authorization failed.'],
    [ErrorCode.CLUSTER_AUTHORIZATION_FAILED, 'Cluster authorization failed.'],
    [ErrorCode.CLUSTER_AUTHORIZATION_FAILED, null],
  ])
})
