import type { BrokerAddress } from '../network/broker-address'
import type { BootstrapBrokers } from './bootstrap-brokers'
import type { ConnectionPool } from '../network/connection-pool'
import type { MetadataCache } from './metadata-cache'

/**
 * Picks the broker for requests that any broker can answer: connected ones first, the least loaded of them; then ones
 * not tried yet; those that just failed last. When no known broker can be reached, the bootstrap addresses are tried
 * again (KIP-899).
 */
export class BrokerChoice {
  readonly #bootstrap: BootstrapBrokers
  readonly #metadata: MetadataCache
  readonly #pool: ConnectionPool
  readonly #random: () => number

  constructor(
    bootstrap: BootstrapBrokers,
    metadata: MetadataCache,
    pool: ConnectionPool,
    random: () => number,
  ) {
    this.#bootstrap = bootstrap
    this.#metadata = metadata
    this.#pool = pool
    this.#random = random
  }

  /** The next broker for a request that was tried on `tried`; undefined when all were. */
  next(connection: string, tried: ReadonlySet<number>): BrokerAddress | undefined {
    let best: BrokerAddress | undefined
    let bestRank = Infinity
    for (const candidate of this.#candidates(connection)) {
      if (tried.has(candidate.nodeId)) continue
      const rank = this.#rank(candidate, connection)
      if (rank < bestRank) [best, bestRank] = [candidate, rank]
    }
    return best
  }

  /**
   * Asks for other bootstrap addresses where a function gives them and no address leads anywhere (KIP-1102). Undefined
   * when nothing is to be waited for.
   */
  prepare(connection: string): Promise<void> | undefined {
    if (!this.#bootstrap.isFunction) return undefined
    const { list } = this.#bootstrap
    const known = this.#metadata.brokers()
    if (list.length > 0) {
      if (!this.#haveFailed(known, connection)) return undefined
      // Addresses from when the cluster was last found may be old; those that were just given have not been tried.
      const untried = known.length === 0 || list.some(({ nodeId }) => this.#pool.existing(nodeId, connection))
      if (untried && !this.#haveFailed(list, connection)) return undefined
    }
    return this.#bootstrap.refresh()
  }

  #candidates(connection: string): readonly BrokerAddress[] {
    const known = this.#metadata.brokers()
    return this.#haveFailed(known, connection) ? [...known, ...this.#bootstrap.list] : known
  }

  #haveFailed(brokers: readonly BrokerAddress[], connection: string): boolean {
    return brokers.every((broker) => {
      const link = this.#pool.existing(broker.nodeId, connection)
      return link !== undefined && !link.isReady && link.lastFailure !== undefined
    })
  }

  #rank(candidate: BrokerAddress, connection: string): number {
    const link = this.#pool.existing(candidate.nodeId, connection)
    // The fraction spreads the choice among equals.
    const chance = this.#random()
    if (link?.isReady && !this.#pool.isStalled(candidate.nodeId)) return link.load + chance
    // One that just failed, or is silent, is the last choice.
    const doubtful = link !== undefined && (link.isReady || link.isPausing || link.lastFailure !== undefined)
    return (doubtful ? 2e6 : 1e6) + chance
  }
}
