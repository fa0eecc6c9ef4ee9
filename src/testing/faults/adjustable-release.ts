import { InvalidArgumentError } from '../../base/errors'
import { brokerApis, type BrokerApiName } from '../../wire/generated/broker/apis-by-name'
import type { FeatureLevels, Release } from '../contracts/release'

/** The versions of an API that are to be served; `none` takes the API away. */
export type VersionLimit = { readonly min?: number; readonly max?: number } | 'none'

/** A release that serves less than it could, so that negotiation and fallback can be tested. */
export class AdjustableRelease implements Release {
  readonly #release: Release
  readonly #limits = new Map<number, VersionLimit>()

  constructor(release: Release) {
    this.#release = release
  }

  get name(): string {
    return this.#release.name
  }

  get features(): ReadonlyMap<string, FeatureLevels> {
    return this.#release.features
  }

  get featuresEpoch(): bigint {
    return this.#release.featuresEpoch
  }

  finalize(feature: string, level: number): void {
    this.#release.finalize(feature, level)
  }

  versionsOf(apiKey: number): { readonly min: number; readonly max: number } | undefined {
    const served = this.#release.versionsOf(apiKey)
    const limit = this.#limits.get(apiKey)
    if (served === undefined || limit === undefined) return served
    if (limit === 'none') return undefined
    const min = Math.max(served.min, limit.min ?? served.min)
    const max = Math.min(served.max, limit.max ?? served.max)
    return min > max ? undefined : { min, max }
  }

  /**
   * Serves no other versions of an API from now on; connections that have negotiated already find out by being closed.
   * @returns what takes the limit back
   * @throws InvalidArgumentError for an API there is not, or versions of which the release serves none
   */
  limitVersions(api: BrokerApiName, limit: VersionLimit): () => void {
    if (!Object.hasOwn(brokerApis, api)) {
      throw new InvalidArgumentError(`There is no API '${api}'; the names are Kafka's, such as 'Produce'`)
    }
    const { key } = brokerApis[api]
    const before = this.#limits.get(key)
    this.#limits.set(key, limit)
    if (limit !== 'none' && this.versionsOf(key) === undefined) {
      const served = this.#release.versionsOf(key)
      this.#restore(key, before)
      const range = served === undefined ? 'none' : `${served.min} to ${served.max}`
      throw new InvalidArgumentError(
        `No version of ${api} is left: the release serves ${range}; write 'none' to take the API away`,
      )
    }
    return () => this.#restore(key, undefined)
  }

  #restore(key: number, limit: VersionLimit | undefined): void {
    if (limit === undefined) this.#limits.delete(key)
    else this.#limits.set(key, limit)
  }
}
