import { ClusterBrokers } from './cluster/cluster-brokers'
import { InternalCoordinators } from './cluster/internal-coordinators'
import { LogCleaner } from './cluster/log-cleaner'
import type { Release } from './contracts/release'
import { ReplicatedPartition } from './cluster/replicated-partition'
import { TopicRegistry } from './cluster/topic-registry'
import { ClusterConfigs } from './configs/cluster-configs'
import { MemoryGroupRegistry } from './groups/group-registry'
import { MemoryOffsetStore } from './groups/offset-store'
import { MemoryBudget } from './log/memory-budget'
import { MemoryLog } from './log/memory-log'
import { newUuid, type Runtime } from './contracts/runtime'
import { ClientQuotas } from './security/client-quotas'
import type { Authorizer } from './contracts/security'
import type { Services } from './contracts/services'
import { TransactionCoordinator } from './transactions/transaction-coordinator'

/** What one cluster is made of. */
export interface ClusterParts {
  readonly runtime: Runtime
  readonly release: Release
  readonly brokerCount: number
  /** What would stand in server.properties. */
  readonly configs: Readonly<Record<string, string>>
  readonly maxBytes: number
  readonly authorizer: (services: Services) => Authorizer
}

/**
 * All parts of one cluster. They know each other through this object, which is why none of them may use another one
 * while it is being made.
 */
export class ClusterServices implements Services {
  readonly runtime: Runtime
  readonly clusterId: string
  readonly release: Release
  readonly configs: ClusterConfigs
  readonly brokers: ClusterBrokers
  readonly topics: TopicRegistry
  readonly coordinators: InternalCoordinators
  readonly groups: MemoryGroupRegistry
  readonly offsets: MemoryOffsetStore
  readonly transactions: TransactionCoordinator
  readonly authorizer: Authorizer
  readonly quotas: ClientQuotas
  /** Bytes that all logs hold together. */
  readonly budget: MemoryBudget
  readonly cleaner: LogCleaner

  constructor({ runtime, release, brokerCount, configs, maxBytes, authorizer }: ClusterParts) {
    this.runtime = runtime
    this.release = release
    this.clusterId = newUuid(runtime.random)
    this.configs = new ClusterConfigs({ brokerCount, configs, release })
    this.budget = new MemoryBudget(runtime, maxBytes)
    this.brokers = new ClusterBrokers(this)
    this.topics = new TopicRegistry({
      services: this,
      createPartition: (place) =>
        new ReplicatedPartition({
          ...place,
          services: this,
          createLog: () => this.#createLog(place.topic, place.index),
        }),
    })
    this.coordinators = new InternalCoordinators({ services: this })
    this.groups = new MemoryGroupRegistry(this)
    this.offsets = new MemoryOffsetStore(this)
    this.transactions = new TransactionCoordinator(this)
    this.quotas = new ClientQuotas(this)
    this.authorizer = authorizer(this)
    this.cleaner = new LogCleaner(this)
  }

  /** Ends all timers. */
  close(): void {
    this.cleaner.stop()
    this.groups.close()
    this.transactions.close()
    this.brokers.close()
    for (const topic of [...this.topics.all]) this.topics.delete(topic.name)
  }

  #createLog(topic: string, partition: number): MemoryLog {
    return new MemoryLog({
      topic,
      partition,
      config: () => this.configs.log(topic),
      runtime: this.runtime,
      budget: this.budget,
    })
  }
}
