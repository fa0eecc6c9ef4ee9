/** The Kafka that the cluster looks like: what it serves, and which features it has finalized. */
export interface Release {
  /** Such as `4.3`. */
  readonly name: string
  /** Lowest and highest version served of an API by its key; undefined when it is not served. */
  versionsOf(apiKey: number): { readonly min: number; readonly max: number } | undefined
  /** Finalized levels, such as `transaction.version` 2 or `metadata.version` 25. */
  readonly features: ReadonlyMap<string, FeatureLevels>
}

export interface FeatureLevels {
  readonly supportedMin: number
  readonly supportedMax: number
  readonly finalized: number
}
