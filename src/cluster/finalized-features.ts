/** What one broker said of the features that the cluster has finalized. */
export interface FeatureAnswer {
  readonly finalizedFeatures: ReadonlyMap<string, number>
  /** -1 when the broker did not say. */
  readonly finalizedFeaturesEpoch: bigint
}

/**
 * The feature levels of the cluster: of all answers the one with the highest epoch holds, since a broker may lag behind
 * the others.
 */
export class FinalizedFeatures {
  #newest: FeatureAnswer = { finalizedFeatures: new Map(), finalizedFeaturesEpoch: -1n }

  note(answer: FeatureAnswer): void {
    if (answer.finalizedFeaturesEpoch >= this.#newest.finalizedFeaturesEpoch) this.#newest = answer
  }

  /** 0 when the feature is not finalized, or not known. */
  level(name: string): number {
    return this.#newest.finalizedFeatures.get(name) ?? 0
  }
}
