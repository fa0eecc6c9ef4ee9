// Guards against feature levels that Kafka would not finalize, and updates that are half done.
import { ErrorCode } from '../../../../src/base/error-codes'
import { updateFeaturesApi } from '../../../../src/wire/generated/client/update-features'
import { ClusterFixture } from '../support/cluster-fixture'

const [upgrade, safeDowngrade, unsafeDowngrade] = [1, 2, 3]
const tv = 'transaction.version'
let cluster: ClusterFixture

beforeEach(() => {
  cluster = new ClusterFixture()
})

afterEach(() => cluster.close())

type Update = readonly [feature: string, level: number, upgradeType: number]

function ask(updates: readonly Update[], version = 2, validateOnly = false) {
  const featureUpdates = updates.map(([feature, maxVersionLevel, upgradeType]) => ({
    feature,
    maxVersionLevel,
    ...(version === 0 ? { allowDowngrade: upgradeType !== upgrade } : { upgradeType }),
  }))
  const only = version === 0 ? {} : { validateOnly }
  return cluster.ask(updateFeaturesApi, version, { featureUpdates, timeoutMs: 1000, ...only })
}

const level = (feature = tv): number | undefined => cluster.services.release.features.get(feature)?.finalized

test.each([0, 1, 2])('takes transaction.version down and up again in version %i', async (version) => {
  const done = await ask([[tv, 1, safeDowngrade]], version)
  expect(done).toMatchObject({ errorCode: 0, errorMessage: null })
  expect(done.results).toMatchObject(
    version === 2 ? [] : [{ feature: tv, errorCode: 0, errorMessage: 'NONE' }],
  )
  expect(level()).toBe(1)
  await ask([[tv, 2, upgrade]], version)
  expect(level()).toBe(2)
})

test('changes nothing when it is only to check, or when one of several updates is wrong', async () => {
  expect(await ask([[tv, 1, safeDowngrade]], 2, true)).toMatchObject({ errorCode: 0 })
  expect((await ask([[tv, 1, safeDowngrade], ['nope', 1, upgrade]])).errorCode).toBe(ErrorCode.INVALID_UPDATE_VERSION) // prettier-ignore
  expect(level()).toBe(2)
})

// Each line is what a broker of Kafka 4.3.1 answered.
test.each<[Update, string]>([
  [
    [tv, 1, upgrade],
    "Invalid update version 1 for feature transaction.version. Can't downgrade the version of this feature without setting the upgrade type to either safe or unsafe downgrade.",
  ],
  [
    [tv, 9, upgrade],
    'Invalid update version 9 for feature transaction.version. Local controller 1 only supports versions 0-2',
  ],
  [
    ['nope', 1, upgrade],
    'Invalid update version 1 for feature nope. Local controller 1 does not support this feature.',
  ],
  [
    [tv, -1, upgrade],
    'Invalid update version -1 for feature transaction.version. A feature version cannot be less than 0.',
  ],
  [
    [tv, 1, 9],
    'Invalid update version 1 for feature transaction.version. The controller does not support the given upgrade type.',
  ],
  [
    ['metadata.version', 29, safeDowngrade],
    'Unsupported metadata.version downgrade from 30 to 29. Refusing to perform the requested downgrade because it might delete metadata information.',
  ],
  [
    ['metadata.version', 29, unsafeDowngrade],
    'Unsupported metadata.version downgrade from 30 to 29. Unsafe metadata downgrade is not supported in this version.',
  ],
])('refuses %j as Kafka does', async (update, words) => {
  const epoch = cluster.services.release.featuresEpoch
  expect(await ask([update])).toMatchObject({
    errorCode: ErrorCode.INVALID_UPDATE_VERSION,
    errorMessage: `The update failed for all features since the following feature had an error: ${words}`,
    results: [],
  })
  expect(cluster.services.release.featuresEpoch).toBe(epoch)
})

test('lets only those change features who may alter the cluster', async () => {
  cluster.denied.add('Alter Cluster kafka-cluster')
  expect(await ask([[tv, 1, safeDowngrade]])).toMatchObject({
    errorCode: ErrorCode.CLUSTER_AUTHORIZATION_FAILED,
  })
  expect(level()).toBe(2)
})
