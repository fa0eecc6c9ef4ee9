import type { PartitionSet } from '../consumer/assignors/partition-sets'

/** A member as the assignor sees it. */
export interface SharingMember {
  readonly memberId: string
  readonly topicIds: ReadonlySet<string>
  /** The member's target so far. */
  readonly target: PartitionSet
}

interface SharedPartition {
  readonly topicId: string
  readonly partition: number
  sharers: number
}

/**
 * Kafka's `simple` assignor: every partition goes to as many members as are needed to keep all of them busy, every
 * member gets as many partitions as the others, and nobody loses one without need. `partitions` are those that the
 * group may read, by topic.
 */
export function assignSimply(
  members: readonly SharingMember[],
  partitions: ReadonlyMap<string, number>,
): Map<string, PartitionSet> {
  const targets = new Map(members.map(({ memberId }) => [memberId, new Map<string, Set<number>>()]))
  for (const [topics, readers] of bySubscription(members)) {
    share(topics, readers, partitions, targets)
  }
  return targets
}

/** Groups topics that the same members read: these are shared as one. */
function bySubscription(members: readonly SharingMember[]): [string[], SharingMember[]][] {
  const readersOf = new Map<string, SharingMember[]>()
  for (const member of members) {
    for (const topicId of member.topicIds) {
      const readers = readersOf.get(topicId) ?? []
      readers.push(member)
      readersOf.set(topicId, readers)
    }
  }
  const groups = new Map<string, [string[], SharingMember[]]>()
  for (const [topicId, readers] of readersOf) {
    const key = readers.map(({ memberId }) => memberId).join('\n')
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [[topicId], readers])
    else group[0].push(topicId)
  }
  return [...groups.values()]
}

function share(
  topicIds: readonly string[],
  readers: readonly SharingMember[],
  counts: ReadonlyMap<string, number>,
  targets: ReadonlyMap<string, Map<string, Set<number>>>,
): void {
  const all = topicIds.flatMap((topicId) =>
    Array.from({ length: counts.get(topicId) ?? 0 }, (_, partition): SharedPartition => {
      return { topicId, partition, sharers: 0 }
    }),
  )
  if (all.length === 0) return
  const sharing = Math.ceil(readers.length / all.length)
  const perReader = (sharing * all.length) / readers.length
  const wanted = readers.map((_, i) => Math.ceil(perReader * (i + 1)) - Math.ceil(perReader * i))

  readers.forEach((reader, i) => {
    const kept = all.filter(
      (one) => one.sharers < sharing && reader.target.get(one.topicId)?.has(one.partition),
    )
    for (const one of kept.slice(0, wanted[i])) give(reader, one, targets)
    wanted[i] = (wanted[i] as number) - Math.min(kept.length, wanted[i] as number)
  })
  readers.forEach((reader, i) => {
    for (let left = wanted[i] as number; left > 0; left--) {
      const next = leastShared(all, targets.get(reader.memberId) as Map<string, Set<number>>)
      if (next !== undefined) give(reader, next, targets)
    }
  })
}

function leastShared(
  all: readonly SharedPartition[],
  own: ReadonlyMap<string, ReadonlySet<number>>,
): SharedPartition | undefined {
  let least: SharedPartition | undefined
  for (const one of all) {
    if (own.get(one.topicId)?.has(one.partition)) continue
    if (least === undefined || one.sharers < least.sharers) least = one
  }
  return least
}

function give(
  { memberId }: SharingMember,
  one: SharedPartition,
  targets: ReadonlyMap<string, Map<string, Set<number>>>,
): void {
  const target = targets.get(memberId) as Map<string, Set<number>>
  const own = target.get(one.topicId) ?? new Set<number>()
  own.add(one.partition)
  target.set(one.topicId, own)
  one.sharers++
}
