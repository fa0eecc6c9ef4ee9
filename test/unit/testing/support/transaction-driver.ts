import { BrokerError } from '../../../../src/base/errors'
import { TransactionCoordinator } from '../../../../src/testing/transactions/transaction-coordinator'
import type { TransactionProtocol } from '../../../../src/testing/transactions/transaction-state'
import type { ProducerIdAndEpoch } from '../../../../src/testing/contracts/transactions'
import { FakeTransactionServices } from './fake-transaction-services'

/** One transactional id and its coordinator, for tests that say in one line what a producer does. */
export class TransactionDriver {
  readonly services: FakeTransactionServices
  readonly coordinator: TransactionCoordinator
  readonly transactionalId = 'payments'

  constructor(services = new FakeTransactionServices()) {
    this.services = services
    this.coordinator = new TransactionCoordinator(services)
  }

  init(expected?: ProducerIdAndEpoch, timeoutMs = 60_000): ProducerIdAndEpoch {
    const { transactionalId } = this
    return this.coordinator.initProducerId({
      transactionalId,
      timeoutMs,
      ...(expected === undefined ? {} : { expected }),
    })
  }

  add(
    producer: ProducerIdAndEpoch,
    protocol: TransactionProtocol = 2,
    topic = 'orders',
    partition = 0,
  ): void {
    const { transactionalId } = this
    this.coordinator.addPartitions({ transactionalId, producer }, [{ topic, partition }], protocol)
  }

  end(
    producer: ProducerIdAndEpoch,
    committed: boolean,
    protocol: TransactionProtocol = 2,
  ): ProducerIdAndEpoch {
    return this.coordinator.end(this.transactionalId, { producer, committed }, protocol)
  }

  /** Lets what is due happen. */
  async settle(): Promise<void> {
    await this.services.clock.advance(0)
  }

  get state(): string | undefined {
    return this.coordinator.get(this.transactionalId)?.facts.state
  }

  /** The id at an epoch at which the next bump uses up the last one. */
  async exhaust(): Promise<ProducerIdAndEpoch> {
    let producer = this.init()
    while (producer.producerEpoch < 32766) producer = this.init(producer)
    return producer
  }
}

/** Name of the code that a call is refused with; `NONE` when it is not. */
export function codeOf(call: () => unknown): string {
  try {
    call()
    return 'NONE'
  } catch (error) {
    if (error instanceof BrokerError) return error.code
    throw error
  }
}
