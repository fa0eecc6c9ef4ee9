// Guards against a cluster that says it serves what its Kafka does not serve, or what there are no codecs for.
import { InvalidOptionError } from '../../../../src/base/errors'
import { releaseNamed, releaseNames } from '../../../../src/testing/cluster/releases'
import { brokerApis } from '../../../../src/wire/generated/broker/all-apis'

test('serves of each release only versions that have codecs', () => {
  for (const name of releaseNames) {
    const release = releaseNamed(name)
    const outside = brokerApis.filter(({ key, minVersion, maxVersion }) => {
      const served = release.versionsOf(key)
      return served !== undefined && (served.min < minVersion || served.max > maxVersion)
    })
    expect([name, outside.map((api) => api.name)]).toEqual([name, []])
  }
})

test('serves of each API no less in a newer release, at the upper end', () => {
  // From 3.3 on: the older ones ran with ZooKeeper, which had APIs that KRaft only got later.
  const withRaft = releaseNames.slice(releaseNames.indexOf('3.3'))
  for (const [index, name] of withRaft.slice(1).entries()) {
    const [older, newer] = [releaseNamed(withRaft[index] as string), releaseNamed(name)]
    const shrunk = brokerApis.filter(({ key }) => {
      const before = older.versionsOf(key)
      return before !== undefined && (newer.versionsOf(key)?.max ?? -1) < before.max
    })
    expect([name, shrunk.map((api) => api.name)]).toEqual([name, []])
  }
})

// What brokers of Kafka 3.7.2 and 4.3.1 answered to ApiVersions.
test.each([
  ['3.7', 0, { min: 3, max: 10 }],
  ['3.7', 1, { min: 4, max: 16 }],
  ['3.7', 3, { min: 0, max: 12 }],
  ['3.7', 18, { min: 0, max: 3 }],
  ['3.7', 76, undefined],
  ['4.3', 0, { min: 3, max: 13 }],
  ['4.3', 1, { min: 4, max: 18 }],
  ['4.3', 3, { min: 0, max: 13 }],
  ['4.3', 18, { min: 0, max: 4 }],
  ['4.3', 76, { min: 1, max: 1 }],
  ['4.3', 78, { min: 1, max: 2 }],
])('Kafka %s serves API %i as its brokers say', (name, key, versions) => {
  expect(releaseNamed(name).versionsOf(key)).toEqual(versions)
})

test('has the features of a freshly formatted cluster of the release', () => {
  const levels = (name: string): Record<string, number> =>
    Object.fromEntries(
      [...releaseNamed(name).features].map(([feature, { finalized }]) => [feature, finalized]),
    )
  expect(levels('2.8')).toEqual({})
  expect(levels('3.7')).toEqual({ 'metadata.version': 19 })
  expect(levels('4.0')).toMatchObject({ 'transaction.version': 2, 'group.version': 1 })
  expect(levels('4.0')).not.toHaveProperty('share.version')
  expect(levels('4.3')).toEqual({
    'metadata.version': 30,
    'kraft.version': 0,
    'transaction.version': 2,
    'group.version': 1,
    'eligible.leader.replicas.version': 1,
    'share.version': 1,
    'streams.version': 1,
  })
})

test('changes a finalized level and its epoch, in this cluster alone', () => {
  const [one, other] = [releaseNamed('4.3'), releaseNamed('4.3')]
  const epoch = one.featuresEpoch
  one.finalize('transaction.version', 1)
  expect(one.features.get('transaction.version')?.finalized).toBe(1)
  expect(one.featuresEpoch).toBe(epoch + 1n)
  expect(other.features.get('transaction.version')?.finalized).toBe(2)
})

test('serves no API that it was told there is no handler for', () => {
  const release = releaseNamed('4.3', { served: new Set([3, 18]) })
  expect(brokerApis.map(({ key }) => key).filter((key) => release.versionsOf(key) !== undefined)).toEqual([
    3, 18,
  ])
})

test('takes a full version for its release, and refuses what it does not know with what it does', () => {
  expect(releaseNamed('4.3.1').versionsOf(0)).toEqual({ min: 3, max: 13 })
  expect(() => releaseNamed('4.33')).toThrow(InvalidOptionError)
  expect(() => releaseNamed('5')).toThrow(/'5': known are 2\.8, .*4\.3/)
})
