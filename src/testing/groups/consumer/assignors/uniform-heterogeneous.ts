import type { PartitionSet } from './partition-sets'
import type { AssignableGroup } from './server-assignor'

interface Reader {
  readonly memberId: string
  readonly target: Map<string, Set<number>>
  load: number
}

/**
 * Members read different topics: what they have and still read stays, free partitions go to the reader with the least,
 * and then partitions move from the most loaded reader of a topic to the least loaded one until no move helps.
 */
export function assignHeterogeneous(group: AssignableGroup): Map<string, PartitionSet> {
  const all = group.members.map(({ memberId }): Reader => ({ memberId, target: new Map(), load: 0 }))
  const readersOf = readersByTopic(group, all)
  keepTargets(group, all)
  // Topics that few members read leave the least choice: they come first.
  const topicIds = [...readersOf.keys()].sort((a, b) => count(readersOf, a) - count(readersOf, b))
  for (const topicId of topicIds) assignFree(group, topicId, readersOf.get(topicId) as Reader[])
  balance(topicIds, readersOf)
  return new Map(all.map(({ memberId, target }) => [memberId, target]))
}

function count(readersOf: ReadonlyMap<string, Reader[]>, topicId: string): number {
  return readersOf.get(topicId)?.length ?? 0
}

function readersByTopic(group: AssignableGroup, all: readonly Reader[]): Map<string, Reader[]> {
  const readersOf = new Map<string, Reader[]>()
  group.members.forEach((member, i) => {
    for (const topicId of member.topicIds) {
      const readers = readersOf.get(topicId) ?? []
      readers.push(all[i] as Reader)
      readersOf.set(topicId, readers)
    }
  })
  return readersOf
}

function keepTargets(group: AssignableGroup, all: readonly Reader[]): void {
  group.members.forEach((member, i) => {
    const reader = all[i] as Reader
    for (const [topicId, partitions] of member.target) {
      if (!member.topicIds.has(topicId)) continue
      for (const partition of partitions) give(reader, topicId, partition)
    }
  })
}

function assignFree(group: AssignableGroup, topicId: string, readers: readonly Reader[]): void {
  const taken = new Set<number>()
  for (const reader of readers) for (const partition of reader.target.get(topicId) ?? []) taken.add(partition)
  for (let partition = 0; partition < group.partitionCount(topicId); partition++) {
    if (!taken.has(partition)) give(leastLoaded(readers), topicId, partition)
  }
}

/** Each move makes the sum of the squares of all loads smaller, so this ends. */
function balance(topicIds: readonly string[], readersOf: ReadonlyMap<string, readonly Reader[]>): void {
  for (let hasMoved = true; hasMoved;) {
    hasMoved = false
    for (const topicId of topicIds) {
      while (moveOne(topicId, readersOf.get(topicId) as Reader[])) hasMoved = true
    }
  }
}

function moveOne(topicId: string, readers: readonly Reader[]): boolean {
  const to = leastLoaded(readers)
  let from: Reader | undefined
  for (const reader of readers) {
    if (reader.target.has(topicId) && reader.load > (from?.load ?? to.load + 1)) from = reader
  }
  const partition = from?.target.get(topicId)?.values().next().value
  if (from === undefined || partition === undefined) return false
  take(from, topicId, partition)
  give(to, topicId, partition)
  return true
}

function leastLoaded(readers: readonly Reader[]): Reader {
  return readers.reduce((least, reader) => (reader.load < least.load ? reader : least))
}

function give(reader: Reader, topicId: string, partition: number): void {
  let partitions = reader.target.get(topicId)
  if (partitions === undefined) reader.target.set(topicId, (partitions = new Set()))
  partitions.add(partition)
  reader.load++
}

function take(reader: Reader, topicId: string, partition: number): void {
  const partitions = reader.target.get(topicId)
  partitions?.delete(partition)
  if (partitions?.size === 0) reader.target.delete(topicId)
  reader.load--
}
