/**
 * Seeds that once broke a law, with what was wrong; they are run each time. A change of the workload makes another run
 * of a seed, so what was wrong has a test of its own besides.
 */
export const keptSeeds: readonly { readonly seed: number; readonly was: string }[] = [
  { seed: 4, was: 'a lost answer to SyncGroup stalled the group for the rebalance timeout' },
  { seed: 369, was: 'markers at the end of a partition were passed and never committed' },
  { seed: 710, was: 'markers at the end of a partition were passed and never committed' },
  { seed: 750, was: 'a late OffsetCommit took an offset back; the member that starts anew must catch up' },
  { seed: 1227, was: 'markers at the end of a partition were passed and never committed' },
]

/** The same for share groups. */
export const keptShareSeeds: typeof keptSeeds = [
  { seed: 300_085, was: 'the end of a handler threw when its message had been delivered anew' },
]
