import type { Services } from '../../contracts/services'
import type { ConsumerMember } from './consumer-member'
import { type EpochedPartitions, type PartitionSet, listPartitions } from './assignors/partition-sets'

/** The topics that the regular expressions of a group match, by expression. */
export type ResolvedPatterns = ReadonlyMap<string, ReadonlySet<string>>

/** All topic names that a member reads, by name and by pattern. */
export function subscribedNames(member: ConsumerMember, resolved: ResolvedPatterns): Set<string> {
  return new Set([...member.topicNames, ...(resolved.get(member.topicRegex) ?? [])])
}

/** Ids of the topics that a member reads and that exist. */
export function subscribedTopicIds(
  services: Services,
  member: ConsumerMember,
  resolved: ResolvedPatterns,
): Set<string> {
  const ids = new Set<string>()
  for (const name of [...subscribedNames(member, resolved)].sort()) {
    const topic = services.topics.byName(name)
    if (topic !== undefined) ids.add(topic.id)
  }
  return ids
}

/**
 * Text that changes when anything changes of the topics that a group reads: which there are, how many partitions, and
 * in which racks their replicas stand (KIP-1101). Empty when there is no topic.
 */
export function topicsFingerprint(services: Services, names: ReadonlySet<string>): string {
  const lines: string[] = []
  for (const name of [...names].sort()) {
    const topic = services.topics.byName(name)
    if (topic === undefined) continue
    const racks = topic.partitions.map((partition) =>
      partition.replicas
        .map((id) => services.brokers.get(id)?.rack ?? '')
        .sort()
        .join(','),
    )
    lines.push(`${name}:${topic.id}:${racks.join(';')}`)
  }
  return lines.join('\n')
}

/** True when all members read the same topics, by the way they ask for them (by name or by pattern). */
export function isHomogeneous(members: Iterable<ConsumerMember>): boolean {
  let first: string | undefined
  for (const { topicNames, topicRegex } of members) {
    const subscription = JSON.stringify([topicNames, topicRegex])
    if (first === undefined) first = subscription
    else if (first !== subscription) return false
  }
  return true
}

/** Partitions under the names of their topics; those of topics that are gone are left out. */
export function namedPartitions(
  topics: Services['topics'],
  partitions: PartitionSet | EpochedPartitions,
): { readonly topic: string; readonly partitions: readonly number[] }[] {
  return listPartitions(partitions).flatMap(({ topicId, partitions: indexes }) => {
    const topic = topics.byId(topicId)?.name
    return topic === undefined ? [] : [{ topic, partitions: indexes }]
  })
}
