// Guards against configs changed on the wrong broker, secrets in errors, and changes that are half made.
import { Admin } from '../../../src/admin/admin'
import { ErrorCode } from '../../../src/base/error-codes'
import { describeClusterApi } from '../../../src/wire/generated/client/describe-cluster'
import { describeConfigsApi } from '../../../src/wire/generated/client/describe-configs'
import { incrementalAlterConfigsApi } from '../../../src/wire/generated/client/incremental-alter-configs'
import { metadataApi } from '../../../src/wire/generated/client/metadata'
import { metadataAnswer } from './answers'
import { FakeCluster } from './fake-cluster'

function setUp() {
  const cluster = new FakeCluster()
  return { cluster, admin: new Admin(cluster) }
}

const config = (name: string, value: string | null, configSource: number) => ({
  name,
  value,
  readOnly: false,
  configSource,
  isSensitive: value === null,
  synonyms: [{ name: 'log.retention.ms', value: '1', source: 4 }],
  configType: 5,
  documentation: null,
})

describe('describeConfigs', () => {
  it('asks the very broker for its configs and any broker for the rest', async () => {
    const { cluster, admin } = setUp()
    const targets: string[] = []
    cluster.on(describeConfigsApi, ({ request, nodeId, target }) => {
      targets.push(`${target} ${nodeId}: ${request.resources.map((each) => each.resourceName).join()}`)
      return {
        throttleTimeMs: 0,
        results: request.resources.map(({ resourceType, resourceName }) => ({
          errorCode: resourceName === 'gone' ? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION : 0,
          errorMessage: null,
          resourceType,
          resourceName,
          configs: [config('retention.ms', '5', 1), config('ssl.key', null, 99)],
        })),
      }
    })
    const results = await admin.describeConfigs(
      [
        { type: 'topic', name: 'orders' },
        { type: 'broker', name: '3' },
        { type: 'brokerLogger', name: '3' },
        { type: 'broker', name: '' },
        { type: 'topic', name: 'gone' },
      ],
      { partial: true, includeSynonyms: true },
    )
    expect(targets).toEqual(['any 1: orders,,gone', 'node 3: 3,3'])
    expect(results[0]).toEqual({
      type: 'topic',
      name: 'orders',
      error: null,
      configs: {
        'retention.ms': {
          value: '5',
          source: 'topic',
          isDefault: false,
          isSensitive: false,
          isReadOnly: false,
          type: 'long',
          synonyms: [{ name: 'log.retention.ms', value: '1', source: 'staticBroker' }],
          documentation: null,
        },
        'ssl.key': expect.objectContaining({ value: null, source: 'unknown', isSensitive: true }),
      },
    })
    expect(results.map(({ error }) => error?.code)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
      'UNKNOWN_TOPIC_OR_PARTITION',
    ])
  })

  it('does not ask brokers for documentation they do not have', async () => {
    const { cluster, admin } = setUp()
    cluster.maxVersions.set('DescribeConfigs', 2)
    cluster.on(describeConfigsApi, ({ request }) => ({
      throttleTimeMs: 0,
      results: request.resources.map(({ resourceType, resourceName }) => ({
        errorCode: 0,
        errorMessage: null,
        resourceType,
        resourceName,
        configs: [],
      })),
    }))
    const described = await admin.describeConfigs([{ type: 'topic', name: 'a' }], {
      includeDocumentation: true,
    })
    expect(described).toEqual([{ type: 'topic', name: 'a', configs: {} }])
  })

  it('fails at once for a broker that is not there, beside one that is', async () => {
    const { cluster, admin } = setUp()
    cluster.on(describeConfigsApi, ({ request }) => ({
      throttleTimeMs: 0,
      results: request.resources.map(({ resourceType, resourceName }) => ({
        errorCode: 0,
        errorMessage: null,
        resourceType,
        resourceName,
        configs: [],
      })),
    }))
    const resources = ['2', '9'].map((name) => ({ type: 'broker', name }) as const)
    const [there, gone] = await admin.describeConfigs(resources, { partial: true })
    expect(there?.error).toBeNull()
    expect(gone?.error?.message).toContain(
      'There is no broker 9 in the cluster at the moment; its brokers are 1, 2, 3',
    )
    expect([cluster.refreshes, cluster.sent]).toEqual([1, ['DescribeConfigs@2']])
  })

  it('refuses names that can not be right', async () => {
    const { admin } = setUp()
    await expect(
      admin.describeConfigs([
        { type: 'broker', name: 'localhost' },
        { type: 'topic', name: '' },
      ]),
    ).rejects.toThrow(
      /broker 'localhost' must be named by a node id.*; a resource of type topic needs a name/,
    )
    await expect(admin.describeConfigs([{ type: 'user' as never, name: 'x' }])).rejects.toThrow(
      /resources\[0\]\.type/,
    )
  })
})

describe('incrementalAlterConfigs', () => {
  function answering(cluster: FakeCluster, errorOf: (name: string, nodeId: number) => number) {
    const seen: unknown[] = []
    cluster.on(incrementalAlterConfigsApi, ({ request, nodeId }) => {
      seen.push(...request.resources)
      return {
        throttleTimeMs: 0,
        responses: request.resources.map(({ resourceType, resourceName }) => ({
          errorCode: errorOf(resourceName, nodeId),
          errorMessage: null,
          resourceType,
          resourceName,
        })),
      }
    })
    return seen
  }

  it('sends each kind of change, and changes of one broker to that broker', async () => {
    const { cluster, admin } = setUp()
    const seen = answering(cluster, (name) => (name === 'bad' ? ErrorCode.INVALID_CONFIG : 0))
    const results = await admin.incrementalAlterConfigs(
      [
        {
          type: 'topic',
          name: 'orders',
          set: { 'retention.ms': 5000 },
          unset: ['segment.ms'],
          append: { 'cleanup.policy': 'compact' },
          subtract: { 'leader.replication.throttled.replicas': '0:1' },
        },
        { type: 'topic', name: 'bad', set: { 'retention.ms': 'never' } },
        { type: 'broker', name: '2', set: { 'log.cleaner.threads': 2 } },
      ],
      { partial: true },
    )
    expect(seen).toEqual([
      {
        resourceType: 2,
        resourceName: 'orders',
        configs: [
          { name: 'retention.ms', configOperation: 0, value: '5000' },
          { name: 'segment.ms', configOperation: 1, value: null },
          { name: 'cleanup.policy', configOperation: 2, value: 'compact' },
          { name: 'leader.replication.throttled.replicas', configOperation: 3, value: '0:1' },
        ],
      },
      expect.objectContaining({ resourceName: 'bad' }),
      expect.objectContaining({ resourceType: 4, resourceName: '2' }),
    ])
    expect(cluster.sent).toEqual(['IncrementalAlterConfigs@1', 'IncrementalAlterConfigs@2'])
    expect(results.map(({ error }) => error?.code)).toEqual([undefined, 'INVALID_CONFIG', undefined])
  })

  it('refuses what a broker would refuse, and never repeats a value', async () => {
    const { cluster, admin } = setUp()
    const secret = 'p4ssw0rd'
    const wrong = [
      { type: 'topic', name: 'a' },
      { type: 'topic', name: 'b', set: { x: secret }, append: { x: secret } },
    ] as const
    await expect(admin.incrementalAlterConfigs(wrong)).rejects.toThrow(
      /topic 'a' has nothing to set, unset, append or subtract; topic 'b' changes 'x' more than once$/,
    )
    const error = await admin
      .incrementalAlterConfigs([{ type: 'topic', name: 'a', set: { x: [secret] as never } }])
      .catch((e: unknown) => e)
    expect(String(error)).toContain('changes[0].set.x: must be a string')
    expect(String(error)).not.toContain(secret)
    expect(cluster.sent).toEqual([])
  })
})

describe('describeCluster', () => {
  it('lists the brokers in the order of their ids', async () => {
    const { cluster, admin } = setUp()
    cluster.on(describeClusterApi, () => ({
      throttleTimeMs: 0,
      errorCode: 0,
      errorMessage: null,
      endpointType: 1,
      clusterId: 'abc',
      controllerId: 2,
      brokers: [2, 1].map((brokerId) => ({
        brokerId,
        host: 'h',
        port: 1,
        rack: null,
        isFenced: brokerId === 2,
      })),
      clusterAuthorizedOperations: -2147483648,
    }))
    expect(await admin.describeCluster()).toEqual({
      clusterId: 'abc',
      controllerId: 2,
      brokers: [
        { nodeId: 1, host: 'h', port: 1, rack: null, isFenced: false },
        { nodeId: 2, host: 'h', port: 1, rack: null, isFenced: true },
      ],
      authorizedOperations: null,
    })
  })

  it('asks with Metadata before Kafka 2.8, in a version that can carry what is asked', async () => {
    const { cluster, admin } = setUp()
    cluster.maxVersions.set('DescribeCluster', -1)
    cluster.on(metadataApi, ({ version, request }) => {
      expect(version).toBe(10)
      expect(request).toMatchObject({ topics: [], includeClusterAuthorizedOperations: true })
      return metadataAnswer({})
    })
    const described = await admin.describeCluster({ includeAuthorizedOperations: true })
    expect(described.brokers.map(({ nodeId }) => nodeId)).toEqual([1, 2, 3])
    await expect(admin.describeCluster({ includeFencedBrokers: true })).rejects.toMatchObject({
      code: 'UNSUPPORTED_VERSION',
    })
  })
})
