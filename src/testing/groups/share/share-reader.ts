import type { Partition } from '../../contracts/partition'
import { fail } from '../../contracts/kafka-failure'
import type { PartitionLog, StoredBatch } from '../../contracts/partition-log'
import type { RequestContext } from '../../contracts/api-handler'
import type { Services } from '../../contracts/services'
import type { SharePartitionRef } from './share-sessions'

/**
 * The partition that a member of a share group means, which this broker leads.
 * @throws UNKNOWN_TOPIC_ID, TOPIC_AUTHORIZATION_FAILED, UNKNOWN_TOPIC_OR_PARTITION, NOT_LEADER_OR_FOLLOWER
 */
export function requireLedPartition(
  { topics, authorizer }: Services,
  context: RequestContext,
  { topicId, partition: index }: SharePartitionRef,
): Partition {
  const topic = topics.byId(topicId)
  if (topic === undefined) throw fail('UNKNOWN_TOPIC_ID')
  if (!authorizer.allows(context, 'Read', 'Topic', topic.name)) throw fail('TOPIC_AUTHORIZATION_FAILED')
  const partition = topic.partitions[index]
  if (partition === undefined) throw fail('UNKNOWN_TOPIC_OR_PARTITION')
  if (partition.leaderId !== context.broker.id) throw fail('NOT_LEADER_OR_FOLLOWER')
  return partition
}

/** Where a share group may read a partition up to, by `share.isolation.level`. */
export function readLimit({ configs }: Services, groupId: string, partition: Partition): bigint {
  return isReadCommitted(configs, groupId) ? partition.lastStableOffset : partition.highWatermark
}

function isReadCommitted(configs: Services['configs'], groupId: string): boolean {
  return configs.group(groupId, 'share.isolation.level') === 'read_committed'
}

/** Whole batches from the one with `offset` on, up to `maxBytes`; the first one whatever its size. */
export function batchesFrom(
  log: PartitionLog,
  offset: bigint,
  upTo: bigint,
  maxBytes: number,
): StoredBatch[] {
  const { batches } = log
  const found: StoredBatch[] = []
  let bytes = 0
  for (let i = firstEndingFrom(batches, offset); i < batches.length; i++) {
    const batch = batches[i] as StoredBatch
    if (batch.baseOffset >= upTo) break
    bytes += batch.bytes.length
    if (found.length > 0 && bytes > maxBytes) break
    found.push(batch)
  }
  return found
}

function firstEndingFrom(batches: readonly StoredBatch[], offset: bigint): number {
  let low = 0
  let high = batches.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((batches[middle] as StoredBatch).lastOffset < offset) low = middle + 1
    else high = middle
  }
  return low
}

/** The batches whose transactions were aborted; none for a group that reads all. */
export function abortedAmong(
  { configs }: Services,
  groupId: string,
  log: PartitionLog,
  batches: readonly StoredBatch[],
): ReadonlySet<StoredBatch> {
  const aborted = new Set<StoredBatch>()
  const first = batches[0]
  const last = batches.at(-1)
  if (first === undefined || last === undefined || !isReadCommitted(configs, groupId)) return aborted
  const transactions = log.abortedTransactions(first.baseOffset, last.lastOffset + 1n)
  const starts = [...transactions].sort((a, b) => (a.firstOffset < b.firstOffset ? -1 : 1))
  const open = new Set<bigint>()
  for (const batch of batches) {
    for (let next = starts[0]; next !== undefined && next.firstOffset <= batch.lastOffset; next = starts[0]) {
      open.add(next.producerId)
      starts.shift()
    }
    if (batch.isControl) open.delete(batch.producerId)
    else if (batch.isTransactional && open.has(batch.producerId)) aborted.add(batch)
  }
  return aborted
}
