/** The Kafka that the cluster looks like: what it serves, and which features it has finalized. */
export interface Release {
  /** Such as `4.3`. */
  readonly name: string
  /** Lowest and highest version served of an API by its key; undefined when it is not served. */
  versionsOf(apiKey: number): { readonly min: number; readonly max: number } | undefined
  /**
   * Supported ranges and finalized levels, such as `transaction.version` 2 or `metadata.version` 25. A feature that
   * the release does not know is absent; one that is known and not finalized has level 0. Levels change by UpdateFeatures.
   */
  readonly features: ReadonlyMap<string, FeatureLevels>
  /** Grows with each change of the finalized levels. */
  readonly featuresEpoch: bigint
  /** Sets the finalized level of a feature that the release knows; 0 takes it back. */
  finalize(feature: string, level: number): void
}

export interface FeatureLevels {
  readonly supportedMin: number
  readonly supportedMax: number
  readonly finalized: number
}
