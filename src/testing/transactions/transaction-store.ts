import type { TransactionServices } from './transaction-services'
import type { TransactionMetadata } from './transaction-metadata'

const cleanupIntervalConfig = 'transaction.remove.expired.transaction.cleanup.interval.ms'

/**
 * All transactional ids of the cluster. Those that rest for `transactional.id.expiration.ms` are forgotten at the
 * times when Kafka's scheduled clean-up would have run; since nobody can see when that happens, the next look does it.
 */
export class TransactionStore {
  readonly #services: TransactionServices
  readonly #transactions = new Map<string, TransactionMetadata>()
  #cleanedUpAt = 0

  constructor(services: TransactionServices) {
    this.#services = services
  }

  get(transactionalId: string): TransactionMetadata | undefined {
    this.#cleanUp()
    return this.#transactions.get(transactionalId)
  }

  get all(): Iterable<TransactionMetadata> {
    this.#cleanUp()
    return this.#transactions.values()
  }

  add(transaction: TransactionMetadata): TransactionMetadata {
    this.#transactions.set(transaction.transactionalId, transaction)
    return transaction
  }

  #cleanUp(): void {
    const interval = this.#services.configs.brokerNumber(cleanupIntervalConfig)
    const now = this.#services.runtime.clock.wallTime()
    if (now - this.#cleanedUpAt < interval) return
    const lastRun = now - (now % interval)
    this.#cleanedUpAt = lastRun
    const expiredBefore = lastRun - this.#services.configs.brokerNumber('transactional.id.expiration.ms')
    for (const [transactionalId, transaction] of this.#transactions) {
      const { state, lastUpdateTimestamp } = transaction.facts
      const isResting = state !== 'Ongoing' && !transaction.isEnding
      if (isResting && lastUpdateTimestamp <= expiredBefore) this.#transactions.delete(transactionalId)
    }
  }
}
