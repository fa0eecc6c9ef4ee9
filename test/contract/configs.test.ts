// Guards against a broker whose configs have other sources, values or rules than Kafka's: tools and services read them.
import { alterConfigsApi } from '../../src/wire/generated/client/alter-configs'
import {
  describeConfigsApi,
  type DescribeConfigsResponseResourceResult,
  type DescribeConfigsResponseResult,
} from '../../src/wire/generated/client/describe-configs'
import { incrementalAlterConfigsApi } from '../../src/wire/generated/client/incremental-alter-configs'
import { code, describeEachBroker } from './support/describe-each-broker'
import { createTopic, only, type TestTopic } from './support/log'

const resource = { topic: 2, broker: 4 }
const operation = { set: 0, delete: 1, append: 2, subtract: 3 }

describeEachBroker('configs', {}, (broker) => {
  let topic: TestTopic
  beforeEach(async () => void (topic = await createTopic(broker, { configs: { 'retention.ms': '5000' } })))

  const describeOne = async (
    resourceType: number,
    resourceName: string,
    { version = 4, keys = null as string[] | null, includeSynonyms = false } = {},
  ): Promise<DescribeConfigsResponseResult> => {
    const resources = [{ resourceType, resourceName, configurationKeys: keys }]
    return only((await broker.raw(describeConfigsApi, version, { resources, includeSynonyms })).results)
  }
  const configOf = async (
    name: string,
    includeSynonyms = false,
  ): Promise<DescribeConfigsResponseResourceResult> =>
    only((await describeOne(resource.topic, topic.name, { keys: [name], includeSynonyms })).configs)

  it.each([1, 2, 3, 4])('shows those of a topic with version %i', async (version) => {
    const { errorCode, configs } = await describeOne(resource.topic, topic.name, { version })
    expect(errorCode).toBe(0)
    const found = new Map(configs.map((config) => [config.name, config]))
    expect(found.get('retention.ms')).toMatchObject({
      value: '5000',
      configSource: 1,
      readOnly: false,
      isSensitive: false,
      configType: version >= 3 ? 5 : 0,
    })
    expect(found.get('cleanup.policy')).toMatchObject({ value: 'delete', configSource: 5, synonyms: [] })
    // Eligible leader replicas make it a setting of the cluster (KIP-966).
    const configSource = broker.pick({ '3.7': 4, '4.3': 3 })
    expect(found.get('min.insync.replicas')).toMatchObject({ value: '1', configSource })
  })

  it('knows all topic configs of the release', async () => {
    const { configs } = await describeOne(resource.topic, topic.name)
    const common = [
      'cleanup.policy', 'compression.type', 'delete.retention.ms', 'file.delete.delay.ms', 'flush.messages',
      'flush.ms', 'follower.replication.throttled.replicas', 'index.interval.bytes',
      'leader.replication.throttled.replicas', 'local.retention.bytes', 'local.retention.ms',
      'max.compaction.lag.ms', 'max.message.bytes', 'message.timestamp.after.max.ms',
      'message.timestamp.before.max.ms', 'message.timestamp.type', 'min.cleanable.dirty.ratio',
      'min.compaction.lag.ms', 'min.insync.replicas', 'preallocate', 'remote.storage.enable',
      'retention.bytes', 'retention.ms', 'segment.bytes', 'segment.index.bytes', 'segment.jitter.ms',
      'segment.ms', 'unclean.leader.election.enable',
    ] // prettier-ignore
    const more = broker.pick({
      '3.7': [
        'message.downconversion.enable',
        'message.format.version',
        'message.timestamp.difference.max.ms',
      ],
      '4.3': [
        'compression.gzip.level',
        'compression.lz4.level',
        'compression.zstd.level',
        'remote.log.copy.disable',
        'remote.log.delete.on.disable',
      ],
    })
    const found = configs.map(({ name }) => name).sort()
    expect(found.filter((name) => !common.includes(name))).toEqual(
      broker.expected('topic-configs-before-kafka-4', more),
    )
    expect(common.filter((name) => !found.includes(name))).toEqual([])
  })

  it('names where a value comes from, and what it hides', async () => {
    expect((await configOf('retention.ms', true)).synonyms).toEqual([
      { name: 'retention.ms', value: '5000', source: 1 },
    ])
    expect((await configOf('min.insync.replicas', true)).synonyms).toEqual([
      ...broker.pick({ '3.7': [], '4.3': [{ name: 'min.insync.replicas', value: '1', source: 3 }] }),
      { name: 'min.insync.replicas', value: '1', source: 4 },
      { name: 'min.insync.replicas', value: '1', source: 5 },
    ])
  })

  it('gives only the keys that are asked for, none for unknown ones', async () => {
    const { configs } = await describeOne(resource.topic, topic.name, { keys: ['flush.ms', 'no.such'] })
    expect(configs.map(({ name }) => name)).toEqual(['flush.ms'])
  })

  it('shows those of a broker, read-only ones and secret ones too', async () => {
    const { errorCode, configs } = await describeOne(resource.broker, '1')
    expect(errorCode).toBe(0)
    const found = new Map(configs.map((config) => [config.name, config]))
    expect(found.get('auto.create.topics.enable')).toMatchObject({
      value: 'false',
      readOnly: true,
      configSource: 4,
    })
    expect(found.get('num.io.threads')).toMatchObject({ readOnly: false })
    expect(found.get('log.retention.hours')).toMatchObject({ value: '168', readOnly: true, configSource: 5 })
    expect(found.get('ssl.keystore.password')).toMatchObject({ value: null, isSensitive: true })
  })

  it.each([
    ['a topic that is not there', resource.topic, 'no-such-topic', 'UNKNOWN_TOPIC_OR_PARTITION'],
    ['a topic with a wrong name', resource.topic, 'a b', 'INVALID_TOPIC_EXCEPTION'],
    ['a topic without a name', resource.topic, '', 'INVALID_TOPIC_EXCEPTION'],
    ['a broker that is not there', resource.broker, '9', 'INVALID_REQUEST'],
    ['a broker that is no number', resource.broker, 'one', 'INVALID_REQUEST'],
    ['another kind of thing', 99, 'x', 'INVALID_REQUEST'],
  ])('does not describe %s', async (_, type, name, expected) => {
    expect(code((await describeOne(type, name)).errorCode)).toBe(expected)
  })

  const change = async (
    configs: readonly { name: string; configOperation: number; value: string | null }[],
    { resourceType = resource.topic, resourceName = '', validateOnly = false, version = 1 } = {},
  ): Promise<[string, string]> => {
    const { responses } = await broker.raw(incrementalAlterConfigsApi, version, {
      resources: [{ resourceType, resourceName: resourceName || topic.name, configs }],
      validateOnly,
    })
    return [code(only(responses).errorCode), only(responses).errorMessage ?? '']
  }

  it.each([0, 1])('are set, deleted, appended to and subtracted from with version %i', async (version) => {
    const set = { name: 'cleanup.policy', configOperation: operation.set, value: 'compact' }
    expect(await change([set], { version })).toEqual(['NONE', ''])
    await seen('cleanup.policy', 'compact')
    expect((await change([{ ...set, configOperation: operation.append, value: 'delete' }]))[0]).toBe('NONE')
    await seen('cleanup.policy', 'compact,delete')
    expect((await change([{ ...set, configOperation: operation.subtract, value: 'compact' }]))[0]).toBe(
      'NONE',
    )
    await seen('cleanup.policy', 'delete')
    expect(
      (await change([{ name: 'retention.ms', configOperation: operation.delete, value: null }]))[0],
    ).toBe('NONE')
    await seen('retention.ms', '604800000')
  })

  it('stay as they are when a change is only checked', async () => {
    const set = { name: 'flush.ms', configOperation: operation.set, value: '77' }
    expect(await change([set], { validateOnly: true })).toEqual(['NONE', ''])
    expect((await configOf('flush.ms')).value).toBe('9223372036854775807')
  })

  it.each([
    [
      'a wrong value',
      { name: 'retention.ms', configOperation: 0, value: 'x' },
      'INVALID_CONFIG',
      /Invalid value x for configuration retention.ms: Not a number of type LONG/,
    ],
    [
      'an unknown name',
      { name: 'no.such', configOperation: 0, value: '1' },
      'INVALID_CONFIG',
      /Unknown topic config name: no\.such/,
    ],
    [
      'appending to what is no list',
      { name: 'retention.ms', configOperation: 2, value: '1' },
      'INVALID_CONFIG',
      /Can't APPEND to key retention\.ms because its type is not LIST/,
    ],
    [
      'a null value',
      { name: 'retention.ms', configOperation: 0, value: null },
      'INVALID_REQUEST',
      /Null value not supported for : retention\.ms/,
    ],
    [
      'an unknown operation',
      { name: 'retention.ms', configOperation: 9, value: '1' },
      'UNKNOWN_SERVER_ERROR',
      /^$/,
    ],
  ])('refuse %s', async (_, config, expected, message) => {
    const [found, text] = await change([config])
    expect(found).toBe(expected)
    expect(text).toMatch(message)
  })

  it('refuse a name that comes twice', async () => {
    const one = { name: 'retention.ms', configOperation: 0, value: '1' }
    const [found, text] = await change([one, one])
    expect(found).toBe('INVALID_REQUEST')
    expect(text).toBe('Error due to duplicate config keys')
  })

  it('refuse to change what is not there', async () => {
    const set = [{ name: 'retention.ms', configOperation: 0, value: '1' }]
    expect((await change(set, { resourceName: 'no-such-topic' }))[0]).toBe('UNKNOWN_TOPIC_OR_PARTITION')
    expect((await change(set, { resourceType: resource.broker, resourceName: '9' }))[0]).toBe(
      'INVALID_REQUEST',
    )
    expect((await change(set, { resourceType: 99, resourceName: 'x' }))[0]).toBe('INVALID_REQUEST')
  })

  it('of a broker can be changed where they are dynamic', async () => {
    const to = { resourceType: resource.broker, resourceName: '1' }
    const config = { name: 'background.threads', configOperation: operation.set, value: '9' }
    expect((await change([{ ...config, name: 'log.retention.hours' }], to))[0]).toBe('INVALID_REQUEST')
    expect(await change([config], to)).toEqual(['NONE', ''])
    const shown = async (): Promise<DescribeConfigsResponseResourceResult> =>
      only((await describeOne(resource.broker, '1', { keys: ['background.threads'] })).configs)
    while ((await shown()).value !== '9');
    expect((await shown()).configSource).toBe(2)
    expect((await change([{ ...config, configOperation: operation.delete, value: null }], to))[0]).toBe(
      'NONE',
    )
    while ((await shown()).value !== '10');
  })

  it.each([0, 1, 2])('are replaced as a whole by the old AlterConfigs with version %i', async (version) => {
    const replace = async (name: string, value: string, resourceName = topic.name): Promise<string> => {
      const configs = [{ name, value }]
      const resources = [{ resourceType: resource.topic, resourceName, configs }]
      const { responses } = await broker.raw(alterConfigsApi, version, { resources, validateOnly: false })
      return code(only(responses).errorCode)
    }
    expect(await replace('flush.ms', '77')).toBe('NONE')
    await seen('flush.ms', '77')
    await seen('retention.ms', '604800000')
    expect(await replace('flush.ms', 'x')).toBe('INVALID_CONFIG')
    expect(await replace('flush.ms', '1', 'no-such-topic')).toBe('UNKNOWN_TOPIC_OR_PARTITION')
  })

  /** A broker sees a change a little after the controller has confirmed it. */
  const seen = async (name: string, value: string): Promise<void> => {
    while ((await configOf(name)).value !== value);
  }
})
