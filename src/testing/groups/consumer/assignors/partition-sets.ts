/** Partitions by topic id. */
export type PartitionSet = ReadonlyMap<string, ReadonlySet<number>>

/** Partitions by topic id, each with the epoch at which a member got it (KIP-1251). */
export type EpochedPartitions = ReadonlyMap<string, ReadonlyMap<number, number>>

/** Partitions as requests and responses list them. */
export interface TopicPartitionList {
  readonly topicId: string
  readonly partitions: readonly number[]
}

/** No partitions at all. */
export const noPartitions: ReadonlyMap<string, never> = new Map<string, never>()

/** Sorted lists by topic, for a response; topics in the order of the set. */
export function listPartitions(partitions: PartitionSet | EpochedPartitions): TopicPartitionList[] {
  const lists: TopicPartitionList[] = []
  for (const [topicId, indexes] of partitions) {
    lists.push({ topicId, partitions: [...indexes.keys()].sort((a, b) => a - b) })
  }
  return lists
}

/** True when both hold the same partitions at the same epochs. */
export function sameEpochedPartitions(a: EpochedPartitions, b: EpochedPartitions): boolean {
  if (a === b) return true
  if (a.size !== b.size) return false
  for (const [topicId, partitions] of a) {
    const others = b.get(topicId)
    if (others?.size !== partitions.size) return false
    for (const [partition, epoch] of partitions) if (others.get(partition) !== epoch) return false
  }
  return true
}

/** True when all that `list` names is in `partitions`. */
export function isSubsetOf(list: readonly TopicPartitionList[], partitions: EpochedPartitions): boolean {
  return list.every(({ topicId, partitions: indexes }) => {
    const held = partitions.get(topicId)
    return held !== undefined && indexes.every((index) => held.has(index))
  })
}

/** True when `list` names any of `partitions`. */
export function overlaps(list: readonly TopicPartitionList[], partitions: EpochedPartitions): boolean {
  return list.some(({ topicId, partitions: indexes }) => {
    const held = partitions.get(topicId)
    return held !== undefined && indexes.some((index) => held.has(index))
  })
}
