import type { RequestContext } from './api-handler'

export type CoordinatorType = 'group' | 'transaction' | 'share'

/** Which broker coordinates what: the leader of the internal topic's partition that the key falls on, as in Kafka. */
export interface Coordinators {
  /** Creates the internal topic on first need. @throws COORDINATOR_NOT_AVAILABLE while the partition has no leader */
  find(type: CoordinatorType, key: string): { readonly brokerId: number; readonly partition: number }
  /** @throws NOT_COORDINATOR when the broker that was asked does not coordinate `key`; as `find` */
  require(context: RequestContext, type: CoordinatorType, key: string): void
  /** Grows when the coordinator of this key moves: the leader epoch of its partition. */
  epoch(type: CoordinatorType, key: string): number
  /** Calls back when the leader of a partition of an internal topic changed: its keys have a new coordinator. */
  watch(listener: (type: CoordinatorType, partition: number) => void): () => void
  /** The partition of the internal topic that a key falls on. */
  partitionOf(type: CoordinatorType, key: string): number
}
