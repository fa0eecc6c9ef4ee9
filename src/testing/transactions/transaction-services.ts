import type { Brokers } from '../contracts/brokers'
import type { Coordinators } from '../contracts/coordinators'
import type { Partition } from '../contracts/partition'
import type { Release } from '../contracts/release'
import type { ConfigStore } from '../contracts/config-store'
import type { OffsetStore } from '../contracts/group'
import type { Runtime } from '../contracts/runtime'
import type { Authorizer } from '../contracts/security'

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
