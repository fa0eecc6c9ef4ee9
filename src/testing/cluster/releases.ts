import { InvalidOptionError } from '../../base/errors'
import { nearestName } from '../../base/options'
import { brokerApis } from '../../wire/generated/broker/all-apis'
import type { FeatureLevels, Release } from '../contracts/release'
import { releaseTable, type ReleaseFacts } from './release-table'

/** The release that a cluster looks like when nothing else is asked for. */
export const newestRelease = '4.3'

/** The names that `releaseNamed` knows, oldest first. */
export const releaseNames: readonly string[] = Object.keys(releaseTable)

/** What Kafka's brokers serve and this one does not: streams groups. */
const notServed: ReadonlySet<number> = new Set([88, 89, 93])

/** GetTelemetrySubscriptions and PushTelemetry, which a broker that nobody gave a receiver does not offer (KIP-714). */
const telemetryApis: ReadonlySet<number> = new Set([71, 72])

/** What the in-process broker adds to a release or takes from it. */
export interface ReleaseOptions {
  /** Keys of the APIs that have a handler; others are not served. Default: all that have a codec, less a few. */
  readonly served?: ReadonlySet<number>
  /** True when somebody takes what clients push as metrics, as a plug-in of Kafka's would. Default: false. */
  readonly telemetry?: boolean
}

/**
 * The release of a name such as `3.7`, as the in-process broker can look like it: the release's versions of each API
 * as far as there are codecs for them.
 * @throws InvalidOptionError for a name that is not known, with those that are
 */
export function releaseNamed(name: string, options: ReleaseOptions = {}): Release {
  const facts = releaseTable[name] ?? releaseTable[name.replace(/^(\d+\.\d+)\.\d+$/, '$1')]
  if (facts === undefined) {
    const nearest = nearestName(name, releaseNames)
    throw new InvalidOptionError('Wrong options for the in-process broker', [
      `option 'version' is '${name}': known are ${releaseNames.join(', ')}${nearest === undefined ? '' : `; did you mean '${nearest}'?`}`,
    ])
  }
  return new KafkaRelease(name, facts, options)
}

/** A release whose finalized levels can be changed. */
class KafkaRelease implements Release {
  readonly name: string
  readonly #versions: ReadonlyMap<number, { readonly min: number; readonly max: number }>
  readonly #features: Map<string, FeatureLevels>
  /** A formatted cluster has written its features before the first client can ask. */
  #featuresEpoch = 1n

  constructor(name: string, facts: ReleaseFacts, options: ReleaseOptions) {
    this.name = name
    this.#versions = versionsOf(facts, options)
    this.#features = featuresOf(facts)
  }

  get features(): ReadonlyMap<string, FeatureLevels> {
    return this.#features
  }

  get featuresEpoch(): bigint {
    return this.#featuresEpoch
  }

  versionsOf(apiKey: number): { readonly min: number; readonly max: number } | undefined {
    return this.#versions.get(apiKey)
  }

  finalize(feature: string, level: number): void {
    const levels = this.#features.get(feature)
    if (levels === undefined || levels.finalized === level) return
    this.#features.set(feature, { ...levels, finalized: level })
    this.#featuresEpoch++
  }
}

function versionsOf(
  facts: ReleaseFacts,
  { served, telemetry = false }: ReleaseOptions,
): Map<number, { min: number; max: number }> {
  const codecs = new Map(brokerApis.map((api) => [api.key, api]))
  const versions = new Map<number, { min: number; max: number }>()
  for (const text of facts.apis.split(' ')) {
    const [key = 0, lowest = 0, highest = 0] = text.split(/[:-]/).map(Number)
    const codec = codecs.get(key)
    const isServed =
      (served === undefined ? !notServed.has(key) : served.has(key)) && (telemetry || !telemetryApis.has(key))
    if (codec === undefined || !isServed) continue
    const min = Math.max(lowest, codec.minVersion)
    const max = Math.min(highest, codec.maxVersion)
    if (min <= max) versions.set(key, { min, max })
  }
  return versions
}

function featuresOf(facts: ReleaseFacts): Map<string, FeatureLevels> {
  const features = new Map<string, FeatureLevels>()
  for (const text of facts.features.split(' ').filter((one) => one !== '')) {
    const [name = '', range = '', level = ''] = text.split(/[:=]/)
    const [supportedMin = 0, supportedMax = 0] = range.split('-').map(Number)
    features.set(name, { supportedMin, supportedMax, finalized: Number(level) })
  }
  return features
}
