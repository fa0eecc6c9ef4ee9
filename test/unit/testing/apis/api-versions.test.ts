// Guards against clients negotiating versions or features that the broker does not have.
import { ErrorCode } from '../../../../src/base/error-codes'
import { apiVersionsApi } from '../../../../src/wire/generated/client/api-versions'
import { ClusterFixture } from '../support/cluster-fixture'

const software = { clientSoftwareName: 'typed-kafka', clientSoftwareVersion: '1.0.0' }

async function ask(version: string, apiVersion: number, request = software) {
  const cluster = new ClusterFixture({ version })
  const answer = await cluster.ask(apiVersionsApi, apiVersion, request)
  cluster.close()
  return answer
}

test('lists the versions of the release, and Produce from 0 as Kafka 4 does for older librdkafka', async () => {
  const { apiKeys } = await ask('4.3', 4)
  expect(apiKeys).toContainEqual(expect.objectContaining({ apiKey: 0, minVersion: 0, maxVersion: 13 }))
  expect(apiKeys).toContainEqual(expect.objectContaining({ apiKey: 18, minVersion: 0, maxVersion: 4 }))
  const older = await ask('3.7', 3)
  expect(older.apiKeys).toContainEqual(expect.objectContaining({ apiKey: 0, minVersion: 3, maxVersion: 10 }))
})

test('tells no telemetry and no streams groups', async () => {
  const keys = (await ask('4.3', 4)).apiKeys.map((one) => one.apiKey)
  for (const key of [71, 72, 88, 89]) expect(keys).not.toContain(key)
})

test('tells features, those from level 0 only since version 4', async () => {
  const names = (all: readonly { name: string }[]): string[] => all.map((one) => one.name).sort()
  const [third, fourth] = [await ask('4.3', 3), await ask('4.3', 4)]
  expect(names(third.supportedFeatures)).toEqual(['metadata.version'])
  expect(names(fourth.supportedFeatures)).toEqual([
    'eligible.leader.replicas.version',
    'group.version',
    'kraft.version',
    'metadata.version',
    'share.version',
    'streams.version',
    'transaction.version',
  ])
  // A level of 0 is not finalized, so kraft.version is absent.
  expect(names(third.finalizedFeatures)).toEqual(names(fourth.finalizedFeatures))
  expect(names(fourth.finalizedFeatures)).not.toContain('kraft.version')
  expect(fourth.finalizedFeatures).toContainEqual(
    expect.objectContaining({ name: 'transaction.version', minVersionLevel: 2, maxVersionLevel: 2 }),
  )
  expect(fourth.finalizedFeaturesEpoch).toBeGreaterThanOrEqual(0n)
})

test('has no features with ZooKeeper', async () => {
  expect(await ask('2.8', 3)).toMatchObject({
    supportedFeatures: [],
    finalizedFeatures: [],
    finalizedFeaturesEpoch: -1n,
  })
})

test.each(['', 'a b', '-a', 'a.'])('refuses a client that calls itself %j', async (clientSoftwareName) => {
  const refused = await ask('4.3', 3, { clientSoftwareName, clientSoftwareVersion: '1' })
  expect(refused).toMatchObject({ errorCode: ErrorCode.INVALID_REQUEST, apiKeys: [] })
})

test('answers the oldest version', async () => {
  const cluster = new ClusterFixture()
  expect((await cluster.ask(apiVersionsApi, 0, {})).apiKeys.length).toBeGreaterThan(50)
  cluster.close()
})
