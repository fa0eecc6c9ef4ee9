// Guards against negotiation tests that limit another version, or another API, than they say.
import type { Release } from '../../../../src/testing/contracts/release'
import { AdjustableRelease } from '../../../../src/testing/faults/adjustable-release'

const release: Release = {
  name: '4.3',
  versionsOf: (key) => (key === 0 ? { min: 3, max: 13 } : key === 1 ? { min: 4, max: 17 } : undefined),
  features: new Map([['metadata.version', { supportedMin: 1, supportedMax: 25, finalized: 25 }]]),
  featuresEpoch: 5n,
  finalize: () => {},
}

describe('AdjustableRelease', () => {
  it('is the release it adjusts until it is told otherwise', () => {
    const adjustable = new AdjustableRelease(release)
    expect([adjustable.name, adjustable.features, adjustable.featuresEpoch]).toEqual([
      '4.3',
      release.features,
      5n,
    ])
    expect(adjustable.versionsOf(0)).toEqual({ min: 3, max: 13 })
    expect(adjustable.versionsOf(99)).toBeUndefined()
  })

  it('serves less of one API, or none of it, until that is taken back', () => {
    const adjustable = new AdjustableRelease(release)
    const restore = adjustable.limitVersions('Produce', { max: 9 })
    expect(adjustable.versionsOf(0)).toEqual({ min: 3, max: 9 })
    expect(adjustable.versionsOf(1)).toEqual({ min: 4, max: 17 })
    adjustable.limitVersions('Produce', { min: 1, max: 100 })
    expect(adjustable.versionsOf(0)).toEqual({ min: 3, max: 13 })
    adjustable.limitVersions('Produce', 'none')
    expect(adjustable.versionsOf(0)).toBeUndefined()
    restore()
    expect(adjustable.versionsOf(0)).toEqual({ min: 3, max: 13 })
  })

  it('refuses an API there is not, and versions of which none is served, and changes nothing then', () => {
    const adjustable = new AdjustableRelease(release)
    expect(() => adjustable.limitVersions('produce' as 'Produce', 'none')).toThrow(/no API 'produce'/)
    adjustable.limitVersions('Produce', { max: 9 })
    expect(() => adjustable.limitVersions('Produce', { min: 20 })).toThrow(/3 to 13/)
    expect(adjustable.versionsOf(0)).toEqual({ min: 3, max: 9 })
  })
})
