// Guards against a broker that says it can do other things than Kafka, or meets what it cannot do in another way: the
// negotiation of every client rests on it.
import { ApiKey } from '../../src/wire/generated/api-keys'
import { describeClusterApi } from '../../src/wire/generated/client/describe-cluster'
import { metadataApi } from '../../src/wire/generated/client/metadata'
import { advertisedVersions } from './support/advertised-versions'
import { code, describeEachBroker } from './support/describe-each-broker'
import { ConnectionClosed } from './support/raw-client'

const apiNames = new Map(Object.entries(ApiKey).map(([name, key]) => [key as number, name]))
const none: string[] = []
const noOperations = -2147483648

describeEachBroker('a connection', {}, (broker) => {
  it.each(broker.pick({ '3.7': [0, 1, 2, 3], '4.3': [0, 1, 2, 3, 4] }))(
    'is told all APIs and versions by ApiVersions version %i',
    async (version) => {
      const client = await broker.connect()
      const answer = await client.askApiVersions(version)
      expect(answer.errorCode).toBe(0)
      const told = Object.fromEntries(
        answer.apiKeys.map(({ apiKey, minVersion, maxVersion }) => [
          apiNames.get(apiKey),
          `${minVersion}-${maxVersion}`,
        ]),
      )
      const expected = advertisedVersions[broker.version]
      const differing = Object.keys({ ...expected, ...told })
        .filter((name) => told[name] !== expected[name as keyof typeof ApiKey])
        .sort()
      const here = differing.map((name) => `${name} ${told[name] ?? 'not served'}`)
      expect(here).toEqual(
        broker.pick({
          '3.7': broker.expected('versions-before-kafka-4', none),
          '4.3': broker.expected('streams-groups', none),
        }),
      )
    },
  )

  it('is told the features and their levels', async () => {
    const client = await broker.connect()
    const { finalizedFeatures, finalizedFeaturesEpoch, supportedFeatures } = await client.askApiVersions(3)
    const finalized = finalizedFeatures.map((one) => [one.name, one.minVersionLevel, one.maxVersionLevel])
    expect(finalized.sort()).toEqual(
      broker.pick({
        '3.7': [['metadata.version', 19, 19]],
        '4.3': [
          ['eligible.leader.replicas.version', 1, 1],
          ['group.version', 1, 1],
          ['metadata.version', 30, 30],
          ['share.version', 1, 1],
          ['streams.version', 1, 1],
          ['transaction.version', 2, 2],
        ],
      }),
    )
    expect(finalizedFeaturesEpoch).toBeGreaterThan(0n)
    const found = supportedFeatures.find(({ name }) => name === 'metadata.version')
    expect([found?.minVersion, found?.maxVersion]).toEqual(broker.pick({ '3.7': [1, 19], '4.3': [7, 30] }))
  })

  it('hides features that begin with 0 from version 3 of ApiVersions, and shows them in version 4', async () => {
    const client = await broker.connect()
    const namesIn = async (version: number): Promise<string[]> =>
      (await client.askApiVersions(version)).supportedFeatures.map(({ name }) => name)
    expect(await namesIn(3)).toEqual(['metadata.version'])
    if (broker.version === '4.3') expect(await namesIn(4)).toContain('transaction.version')
  })

  it('learns of ApiVersions from the future in the layout of version 0, and goes on', async () => {
    const client = await broker.connect()
    const answer = await client.askApiVersions(99)
    const { minVersion, maxVersion } = { minVersion: 0, maxVersion: broker.pick({ '3.7': 3, '4.3': 4 }) }
    expect(code(answer.errorCode)).toBe('UNSUPPORTED_VERSION')
    expect(answer.apiKeys).toEqual([{ apiKey: 18, minVersion, maxVersion }])
    expect((await client.askApiVersions(2)).errorCode).toBe(0)
  })

  it.each([
    ['a name with a blank', 'a b', '1'],
    ['an empty name', '', '1'],
    ['a version with a slash', 'a', '1/2'],
  ])('is refused as INVALID_REQUEST for %s of the software', async (_, name, version) => {
    const client = await broker.connect()
    expect(code((await client.askApiVersions(3, name, version)).errorCode)).toBe('INVALID_REQUEST')
  })

  const closing: [string, () => Buffer][] = [
    ['an API that does not exist', () => frame(999, 0)],
    ['an API of the controllers', () => frame(ApiKey.Vote, 0)],
    ['a version that the API does not have', () => frame(ApiKey.Metadata, 99)],
    ['a body that ends too early', () => frame(ApiKey.Metadata, 1)],
    ['a negative size', () => Buffer.from([0xff, 0xff, 0xff, 0xff])],
    ['a size beyond all limits', () => Buffer.from([0x7f, 0xff, 0xff, 0xff])],
    ['a frame that ends within its header', () => Buffer.from([0, 0, 0, 2, 0, 3])],
  ]
  it.each(closing)('is closed for %s', async (_, bytes) => {
    const client = await broker.connect()
    await expect(client.askFrame(bytes())).rejects.toThrow(ConnectionClosed)
  })

  it('answers pipelined requests in their order', async () => {
    const client = await broker.connect()
    const answers = await Promise.all(
      [9, 1, 9, 0].map(
        async (version) => (await client.ask(metadataApi, version, { topics: [] })).brokers.length,
      ),
    )
    expect(answers).toEqual([1, 1, 1, 1])
  })
})

describeEachBroker('the cluster', {}, (broker) => {
  it.each(broker.pick({ '3.7': [0, 1], '4.3': [0, 1, 2] }))(
    'is described with version %i',
    async (version) => {
      const answer = await broker.raw(describeClusterApi, version, {
        includeClusterAuthorizedOperations: false,
      })
      expect(answer).toMatchObject({
        errorCode: 0,
        endpointType: 1,
        controllerId: 1,
        brokers: [{ brokerId: 1, rack: null, isFenced: false }],
        clusterAuthorizedOperations: noOperations,
      })
      expect(answer.clusterId).toHaveLength(22)
      const { host, port } = answer.brokers[0] ?? {}
      expect(`${host}:${port}`).toBe(broker.brokers[0])
      const metadata = await broker.raw(metadataApi, 9, { topics: [] })
      expect(metadata.clusterId).toBe(answer.clusterId)
    },
  )

  it('does not show controllers on a listener of brokers', async () => {
    const request = { includeClusterAuthorizedOperations: false, endpointType: 2 }
    const answer = await broker.raw(describeClusterApi, 1, request)
    expect(code(answer.errorCode)).toBe('MISMATCHED_ENDPOINT_TYPE')
  })
})

/** A request with a header of version 1 and no body. */
function frame(apiKey: number, version: number): Buffer {
  const bytes = Buffer.alloc(4 + 10)
  bytes.writeInt32BE(10)
  bytes.writeInt16BE(apiKey, 4)
  bytes.writeInt16BE(version, 6)
  bytes.writeInt32BE(1, 8)
  bytes.writeInt16BE(-1, 12)
  return bytes
}
