import type { Partition } from '../contracts/partition'
import type { Services } from '../contracts/services'

const rackAwareSelector = 'org.apache.kafka.common.replica.RackAwareReplicaSelector'

/**
 * The follower in the client's rack that it had better fetch from (KIP-392); undefined when that is the leader, or when
 * `replica.selector.class` is not set. Only replicas that are alive, in sync and have the offset come into question.
 */
export function preferredReadReplica(
  services: Services,
  partition: Partition,
  rackId: string,
  fetchOffset: bigint,
): number | undefined {
  if (rackId === '' || selectorOf(services, partition.leaderId) !== rackAwareSelector) return undefined
  const inRack = partition.replicas.filter((id) => {
    const broker = services.brokers.get(id)
    if (broker?.rack !== rackId || broker.isFenced || !partition.inSyncReplicas.includes(id)) return false
    const log = partition.log(id)
    return log !== undefined && log.startOffset <= fetchOffset && log.endOffset >= fetchOffset
  })
  if (inRack.length === 0 || inRack.includes(partition.leaderId)) return undefined
  return inRack.reduce((best, id) => (isBetter(partition, id, best) ? id : best))
}

function selectorOf(services: Services, brokerId: number): string {
  return services.configs.broker('replica.selector.class', brokerId)
}

function isBetter(partition: Partition, id: number, than: number): boolean {
  const end = partition.log(id)?.endOffset ?? -1n
  const other = partition.log(than)?.endOffset ?? -1n
  return end === other ? id > than : end > other
}
