import type { Brokers } from './brokers'
import type { Coordinators } from './coordinators'
import type { Release } from './release'
import type { Topics } from './topics'
import type { ConfigStore } from './config-store'
import type { GroupRegistry, OffsetStore } from './group'
import type { Runtime } from './runtime'
import type { Authorizer, Quotas } from './security'
import type { Transactions } from './transactions'

/**
 * The parts of one cluster, as its parts and the handlers of its APIs know each other. All brokers of the cluster
 * share them: what differs between brokers is who leads what, and which connections they have.
 */
export interface Services {
  readonly runtime: Runtime
  readonly clusterId: string
  /** Which Kafka this cluster looks like. */
  readonly release: Release
  readonly brokers: Brokers
  readonly configs: ConfigStore
  readonly topics: Topics
  readonly coordinators: Coordinators
  readonly groups: GroupRegistry
  readonly offsets: OffsetStore
  readonly transactions: Transactions
  readonly authorizer: Authorizer
  readonly quotas: Quotas
}
