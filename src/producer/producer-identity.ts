import type { Timer } from '../base/clock'
import { Deadline } from '../base/deadline'
import { KafkaError } from '../base/errors'
import type { Cluster } from '../cluster/cluster'
import { initProducerIdApi } from '../wire/generated/client/init-producer-id'

/** Who a batch is from, for the broker's search for duplicates. Compared by reference. */
export interface ProducerIdAndEpoch {
  readonly producerId: bigint
  readonly producerEpoch: number
}

/** What a partition's queue needs of the identity. */
export interface IdentitySource {
  readonly current: ProducerIdAndEpoch | undefined
  /** Raises the epoch, unless `seen` is not current any more: another partition did it already (R10). */
  bump(seen: ProducerIdAndEpoch): void
}

/** What the sender needs of it. */
export interface IdentityProvider extends IdentitySource {
  /** Asks for an identity unless there is one or one is being asked for. */
  ensure(): void
  /** Gives the identity up for a new one, unless it is not current any more. */
  renew(seen: ProducerIdAndEpoch): void
  close(): void
}

/** Who is told. */
export interface IdentityListener {
  /** There is an identity: what waited for it may be sent. */
  onIdentity(): void
  /** The brokers refuse to give one; a later `ensure` asks again. */
  onIdentityRefused(error: KafkaError): void
}

/** From here on the next epoch would not fit its int16, and a new id is asked for. */
const lastEpoch = 32_766
/** A producer without transactions has no transaction timeout. */
const noTransactionTimeoutMs = 0x7fffffff

/**
 * Owns producer id and epoch of the idempotent producer. They are obtained at first use, by InitProducerId from any
 * broker; the epoch is raised here, without a broker, when a partition's sequence has to start again (KIP-360).
 */
export class ProducerIdentity implements IdentityProvider {
  readonly #cluster: Cluster
  readonly #timeoutMs: number
  readonly #listener: IdentityListener
  #current: ProducerIdAndEpoch | undefined
  #asking = false
  #failures = 0
  #retryTimer: Timer | undefined
  #closed = false

  /** @param timeoutMs bounds one round of asking all brokers; after it another begins */
  constructor(cluster: Cluster, timeoutMs: number, listener: IdentityListener) {
    this.#cluster = cluster
    this.#timeoutMs = timeoutMs
    this.#listener = listener
  }

  get current(): ProducerIdAndEpoch | undefined {
    return this.#current
  }

  ensure(): void {
    if (this.#current !== undefined || this.#asking || this.#closed) return
    this.#asking = true
    void this.#ask()
  }

  bump(seen: ProducerIdAndEpoch): void {
    if (this.#current !== seen) return
    if (seen.producerEpoch >= lastEpoch) {
      this.renew(seen)
      return
    }
    this.#current = { producerId: seen.producerId, producerEpoch: seen.producerEpoch + 1 }
    this.#cluster.logger.info('Raised the producer epoch', { ...this.#current })
  }

  renew(seen: ProducerIdAndEpoch): void {
    if (this.#current !== seen) return
    this.#current = undefined
    this.ensure()
  }

  close(): void {
    this.#closed = true
    this.#retryTimer?.cancel()
  }

  async #ask(): Promise<void> {
    try {
      const response = await this.#cluster.request(
        { kind: 'any' },
        initProducerIdApi,
        {
          transactionalId: null,
          transactionTimeoutMs: noTransactionTimeoutMs,
          producerId: -1n,
          producerEpoch: -1,
        },
        {
          deadline: new Deadline(this.#cluster.clock, 'InitProducerId', this.#timeoutMs),
          errorOf: (answer) => (answer.errorCode === 0 ? undefined : { errorCode: answer.errorCode }),
        },
      )
      if (this.#closed) return
      this.#asking = false
      this.#failures = 0
      this.#current = { producerId: response.producerId, producerEpoch: response.producerEpoch }
      this.#listener.onIdentity()
    } catch (error) {
      if (!this.#closed) this.#failed(KafkaError.from(error, 'InitProducerId failed'))
    }
  }

  #failed(error: KafkaError): void {
    if (!error.retriable) {
      this.#asking = false
      this.#listener.onIdentityRefused(error)
      return
    }
    const { clock, logger } = this.#cluster
    const waitMs = this.#cluster.backoffMs(++this.#failures)
    logger.warn('No producer id yet, asking again', { error: error.message, waitMs })
    this.#retryTimer = clock.setTimer(waitMs, () => void this.#ask())
  }
}
