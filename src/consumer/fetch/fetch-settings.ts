import type { KafkaError } from '../../base/errors'
import type { Cluster } from '../../cluster/cluster'
import type { IsolationLevelNumber } from '../offsets/list-offsets'
import type { PartitionState } from '../partition-state'
import type { SubscriptionState } from '../subscription-state'
import type { FetchMemory } from './fetch-memory'

/** What the parts of the fetcher share: settings, collaborators, and whom they tell. */
export interface FetchSettings {
  readonly cluster: Cluster
  readonly subscription: SubscriptionState
  readonly memory: FetchMemory
  /** Name of the connections, one of its own a consumer. */
  readonly connection: string
  readonly minBytes: number
  readonly maxBytes: number
  readonly maxWaitMs: number
  readonly maxPartitionBytes: number
  readonly isolationLevel: IsolationLevelNumber
  /** Empty for none. */
  readonly rackId: string
  /** How long a preferred replica is obeyed (KIP-392). */
  readonly preferredReplicaMaxAgeMs: number
  /** Records were filed for the partition. */
  readonly onRecords: (partition: PartitionState) => void
  /** The partition has got a new leader, and its position is to be validated before it is fetched again. */
  readonly onLeaderChanged: (partition: PartitionState) => void
  /** The position lies outside of the log. */
  readonly onOutOfRange: (partition: PartitionState) => void
  /** The partition can't be fetched any more; its state is `failed`. */
  readonly onFailed: (partition: PartitionState, error: KafkaError) => void
  /** Nothing can be fetched from a broker, and trying again won't help. */
  readonly onFatal: (error: KafkaError) => void
}
