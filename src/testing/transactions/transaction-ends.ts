import type { Timer } from '../../base/clock'
import type { TransactionMarker } from '../contracts/partition'
import type { TransactionServices } from './transaction-services'
import { MarkerDelivery } from './marker-delivery'
import type { TransactionMetadata } from './transaction-metadata'
import { coordinatorRuns } from './transaction-timeouts'

/** What is under way for one ending transaction: a timer before the markers, or their delivery. */
interface TransactionEnd {
  readonly transaction: TransactionMetadata
  timer: Timer | undefined
  delivery: MarkerDelivery | undefined
  /** Those who wait for the last marker. */
  readonly waiters: Set<() => void>
}

/**
 * The transactions between the decision to end them and their last marker. When the coordinator of one moves, the
 * new one writes all markers again under its own epoch, as Kafka's does after loading the state; a second marker of
 * the same end changes nothing.
 */
export class TransactionEnds {
  readonly #services: TransactionServices
  readonly #markerDelayMs: number
  readonly #ends = new Map<TransactionMetadata, TransactionEnd>()
  #isHeld = false
  #unwatch: (() => void) | undefined

  constructor(services: TransactionServices, markerDelayMs: number) {
    this.#services = services
    this.#markerDelayMs = markerDelayMs
  }

  begin(transaction: TransactionMetadata): void {
    this.#watchCoordinators()
    const end: TransactionEnd = { transaction, timer: undefined, delivery: undefined, waiters: new Set() }
    this.#ends.set(transaction, end)
    if (!this.#isHeld) this.#schedule(end)
  }

  /** Resolves after the last marker, or when the time is over; undefined when the transaction does not end now. */
  whenEnded(transaction: TransactionMetadata, timeoutMs: number): Promise<void> | undefined {
    const end = this.#ends.get(transaction)
    if (end === undefined) return undefined
    return new Promise((resolve) => {
      const tell = (): void => {
        timer.cancel()
        end.waiters.delete(tell)
        resolve()
      }
      const timer = this.#services.runtime.clock.setTimer(timeoutMs, tell)
      timer.unref?.()
      end.waiters.add(tell)
    })
  }

  hold(): void {
    this.#isHeld = true
    for (const end of this.#ends.values()) {
      end.timer?.cancel()
      end.timer = undefined
    }
  }

  release(): void {
    this.#isHeld = false
    for (const end of [...this.#ends.values()]) {
      if (end.timer === undefined && end.delivery === undefined) this.#deliver(end)
    }
  }

  close(): void {
    this.#unwatch?.()
    for (const end of this.#ends.values()) {
      end.timer?.cancel()
      end.delivery?.stop()
      for (const tell of [...end.waiters]) tell()
    }
    this.#ends.clear()
  }

  #schedule(end: TransactionEnd): void {
    end.timer = this.#services.runtime.clock.setTimer(this.#markerDelayMs, () => {
      end.timer = undefined
      this.#deliver(end)
    })
    end.timer.unref?.()
  }

  #deliver(end: TransactionEnd): void {
    const { transaction } = end
    if (!coordinatorRuns(this.#services, transaction.transactionalId)) return
    end.delivery = new MarkerDelivery(this.#services, {
      transactionalId: transaction.transactionalId,
      partitions: [...transaction.partitions],
      marker: () => this.#markerOf(transaction),
      onDelivered: () => {
        this.#ends.delete(transaction)
        transaction.completeEnd(this.#services.runtime.clock.wallTime())
        for (const tell of [...end.waiters]) tell()
      },
    })
    end.delivery.start()
  }

  #markerOf({ transactionalId, facts }: TransactionMetadata): TransactionMarker {
    return {
      producerId: facts.producerId,
      producerEpoch: facts.producerEpoch,
      committed: facts.state === 'PrepareCommit',
      coordinatorEpoch: this.#services.coordinators.epoch('transaction', transactionalId),
      transactionVersion: facts.protocol,
    }
  }

  /** From the first end on: the services are not there yet when this is constructed. */
  #watchCoordinators(): void {
    if (this.#unwatch !== undefined) return
    const { coordinators, brokers } = this.#services
    const unwatchCoordinators = coordinators.watch((type, partition) => {
      if (type !== 'transaction') return
      this.#restart((id) => coordinators.partitionOf('transaction', id) === partition)
    })
    const unwatchBrokers = brokers.watch(() => this.#resume())
    this.#unwatch = () => {
      unwatchCoordinators()
      unwatchBrokers()
    }
  }

  #restart(isConcerned: (transactionalId: string) => boolean): void {
    for (const end of [...this.#ends.values()]) {
      if (!isConcerned(end.transaction.transactionalId)) continue
      end.delivery?.stop()
      end.delivery = undefined
      if (!this.#isHeld && end.timer === undefined) this.#deliver(end)
    }
  }

  /** A coordinator that was paused goes on where it was. */
  #resume(): void {
    if (this.#isHeld) return
    for (const end of [...this.#ends.values()]) {
      if (end.timer === undefined && end.delivery === undefined) this.#deliver(end)
    }
  }
}
