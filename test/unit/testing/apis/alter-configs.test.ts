// Guards against the older AlterConfigs leaving what it must replace, or replacing what it refuses.
import { ErrorCode } from '../../../../src/base/error-codes'
import { ConfigResourceType } from '../../../../src/testing/contracts/config-store'
import { alterConfigsApi } from '../../../../src/wire/generated/client/alter-configs'
import { ClusterFixture } from '../support/cluster-fixture'

const { topic, broker, brokerLogger } = ConfigResourceType
let cluster: ClusterFixture

beforeEach(() => {
  cluster = new ClusterFixture()
  cluster.services.topics.create({ name: 'a', configs: { 'cleanup.policy': 'compact' } })
})

afterEach(() => cluster.close())

async function ask(
  resourceType: number,
  resourceName: string,
  values: Record<string, string | null>,
  version = 2,
) {
  const configs = Object.entries(values).map(([name, value]) => ({ name, value }))
  const resources = [{ resourceType, resourceName, configs }]
  const { responses } = await cluster.ask(alterConfigsApi, version, { resources, validateOnly: false })
  return [responses[0]?.errorCode, responses[0]?.errorMessage]
}

test.each([1, 2])('replaces all that was set, in version %i', async (version) => {
  expect(await ask(topic, 'a', { 'retention.ms': '9' }, version)).toEqual([0, null])
  const { configs } = cluster.services
  expect([configs.topic('a', 'retention.ms'), configs.topic('a', 'cleanup.policy')]).toEqual(['9', 'delete'])
})

// Each line is what a broker of Kafka 4.3.1 answered.
test.each<[number, string, Record<string, string | null>, number, string]>([
  [topic, 'a', { nope: '1' }, ErrorCode.INVALID_CONFIG, 'Unknown topic config name: nope'],
  [
    topic,
    'a',
    { 'retention.ms': null },
    ErrorCode.INVALID_REQUEST,
    'Null value not supported for : retention.ms',
  ],
  [topic, 'nope', {}, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "The topic 'nope' does not exist."],
  [broker, '9', {}, ErrorCode.INVALID_REQUEST, 'Unexpected broker id, expected 1, but received 9'],
  [
    broker,
    '1',
    { 'log.retention.hours': '3' },
    ErrorCode.INVALID_REQUEST,
    'Cannot update these configs dynamically: [log.retention.hours]',
  ],
  [brokerLogger, '1', { root: 'INFO' }, ErrorCode.INVALID_REQUEST, 'Unknown resource type 8'],
  [3, 'x', {}, ErrorCode.INVALID_REQUEST, 'Unknown resource type 3'],
])(
  'refuses type %i, %j, %j as Kafka does, and keeps what was set',
  async (type, name, values, code, words) => {
    expect(await ask(type, name, values)).toEqual([code, words])
    expect(cluster.services.configs.topic('a', 'cleanup.policy')).toBe('compact')
  },
)
