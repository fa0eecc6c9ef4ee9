import type { Brokers } from '../cluster/brokers'
import type { Coordinators } from '../cluster/coordinators'
import type { Partition } from '../cluster/partition'
import type { Release } from '../cluster/release'
import type { ConfigStore } from '../configs/config-store'
import type { OffsetStore } from '../groups/group'
import type { Runtime } from '../runtime'
import type { Authorizer } from '../security/security'

/** What the coordinator needs of a partition. */
export type TransactionalPartition = Pick<
  Partition,
  'topic' | 'index' | 'leaderId' | 'isDeleted' | 'highWatermark' | 'appendMarker' | 'whenReplicated' | 'watch'
>

/** What the coordinator needs of the other parts of the cluster: `Services` has it all. */
export interface TransactionServices {
  readonly runtime: Runtime
  readonly release: Pick<Release, 'name' | 'features'>
  readonly brokers: Pick<Brokers, 'get' | 'watch'>
  readonly configs: Pick<ConfigStore, 'broker' | 'brokerNumber'>
  readonly topics: { partition(name: string, index: number): TransactionalPartition | undefined }
  readonly coordinators: Coordinators
  readonly offsets: Pick<OffsetStore, 'completeTransaction'>
}

/** What the handlers of the transaction APIs need besides. */
export interface TransactionApiServices extends TransactionServices {
  readonly release: Pick<Release, 'name' | 'features' | 'versionsOf'>
  readonly topics: {
    partition(
      name: string,
      index: number,
    ): (TransactionalPartition & { log(brokerId: number): object | undefined }) | undefined
    byName(name: string): { readonly isInternal: boolean } | undefined
  }
  readonly authorizer: Pick<Authorizer, 'allows' | 'allowsAny'>
}
