import type { Timer } from '../../base/clock'
import type { TransactionServices } from './transaction-services'
import type { TransactionMetadata } from './transaction-metadata'
import type { TransactionStore } from './transaction-store'

const checkIntervalConfig = 'transaction.abort.timed.out.transaction.cleanup.interval.ms'

/**
 * Aborts transactions whose time is over. As in Kafka it looks at fixed intervals, so an abort comes up to one
 * interval late; there is a timer only while a transaction is open.
 */
export class TransactionTimeouts {
  readonly #services: TransactionServices
  readonly #store: TransactionStore
  readonly #abort: (transaction: TransactionMetadata) => void
  #timer: Timer | undefined
  #isClosed = false

  constructor(
    services: TransactionServices,
    store: TransactionStore,
    abort: (it: TransactionMetadata) => void,
  ) {
    this.#services = services
    this.#store = store
    this.#abort = abort
  }

  /** A transaction was begun: from now on there is something to look at. */
  begun(): void {
    if (this.#timer !== undefined || this.#isClosed) return
    const { clock } = this.#services.runtime
    const interval = this.#services.configs.brokerNumber(checkIntervalConfig)
    this.#timer = clock.setTimer(interval - (clock.now() % interval), () => this.#check())
    this.#timer.unref?.()
  }

  close(): void {
    this.#isClosed = true
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #check(): void {
    this.#timer = undefined
    const now = this.#services.runtime.clock.wallTime()
    const open = [...this.#store.all].filter(({ facts }) => facts.state === 'Ongoing')
    for (const transaction of open) {
      const { startTimestamp, timeoutMs } = transaction.facts
      if (startTimestamp + timeoutMs < now && this.#isCoordinated(transaction)) this.#abort(transaction)
    }
    if (open.some(({ facts }) => facts.state === 'Ongoing')) this.begun()
  }

  /** Nobody looks at the transactions of a coordinator that is away; the next one does. */
  #isCoordinated({ transactionalId }: TransactionMetadata): boolean {
    return coordinatorRuns(this.#services, transactionalId)
  }
}

/** True while there is a coordinator for a transactional id, and it answers. */
export function coordinatorRuns(services: TransactionServices, transactionalId: string): boolean {
  try {
    const { brokerId } = services.coordinators.find('transaction', transactionalId)
    return services.brokers.get(brokerId)?.state === 'running'
  } catch {
    return false
  }
}
