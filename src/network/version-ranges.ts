import { UnsupportedVersionError, type ErrorContext } from '../base/errors'
import type { ApiInfo } from '../wire/api'
import type { ApiVersionsResponse } from '../wire/generated/client/api-versions'

/** Versions a caller can speak, where that is less than the client's own range. */
export interface VersionLimits {
  readonly minVersion?: number
  readonly maxVersion?: number
}

interface Range {
  readonly min: number
  readonly max: number
}

/**
 * What one broker said of the versions and features it has. It belongs to the connection it was asked on: brokers
 * differ during an upgrade, and a reconnect may find another build.
 */
export class VersionRanges {
  readonly #ranges: ReadonlyMap<number, Range>
  /** Levels of the finalized features by name, such as `transaction.version`. */
  readonly finalizedFeatures: ReadonlyMap<string, number>
  /** -1 when the broker did not say. Of two answers the one with the higher epoch holds. */
  readonly finalizedFeaturesEpoch: bigint

  constructor(response: ApiVersionsResponse) {
    this.#ranges = new Map(
      response.apiKeys.map((api) => [api.apiKey, { min: api.minVersion, max: api.maxVersion }]),
    )
    this.finalizedFeatures = new Map(
      response.finalizedFeatures.map((feature) => [feature.name, feature.maxVersionLevel]),
    )
    this.finalizedFeaturesEpoch = response.finalizedFeaturesEpoch
  }

  /** The highest version that client, broker and caller have in common; throws UnsupportedVersionError if none. */
  choose(api: ApiInfo, limits: VersionLimits, broker: ErrorContext): number {
    const range = this.#ranges.get(api.key)
    if (range === undefined) {
      throw new UnsupportedVersionError(
        `The broker does not have the API ${api.name}; it may be too old for what was asked, or not a broker but a controller`,
        { ...broker, api: api.name, apiKey: api.key },
      )
    }
    const lowest = Math.max(api.minVersion, limits.minVersion ?? 0)
    const highest = Math.min(api.maxVersion, limits.maxVersion ?? Infinity)
    const version = Math.min(highest, range.max)
    if (version < Math.max(lowest, range.min)) {
      throw new UnsupportedVersionError(
        `No common version of ${api.name}: the broker has ${range.min} to ${range.max}, this call needs ${lowest} to ${highest}`,
        { ...broker, api: api.name, apiKey: api.key },
      )
    }
    return version
  }
}
