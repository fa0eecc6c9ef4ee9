import type { BrokerAddress } from '../network/broker-address'
import type { ConnectionPool } from '../network/connection-pool'
import type { MetadataCache } from './metadata-cache'

/**
 * Picks the broker for requests that any broker can answer: connected ones first, the least loaded of them; then ones
 * not tried yet; those that just failed last. When no known broker can be reached, the bootstrap addresses are tried
 * again (KIP-899).
 */
export class BrokerChoice {
  readonly #bootstrap: readonly BrokerAddress[]
  readonly #metadata: MetadataCache
  readonly #pool: ConnectionPool
  readonly #random: () => number

  constructor(
    bootstrap: readonly BrokerAddress[],
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

  #candidates(connection: string): readonly BrokerAddress[] {
    const known = this.#metadata.brokers()
    const unreachable = known.every((broker) => {
      const link = this.#pool.existing(broker.nodeId, connection)
      return link !== undefined && !link.isReady && link.lastFailure !== undefined
    })
    return unreachable ? [...known, ...this.#bootstrap] : known
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
