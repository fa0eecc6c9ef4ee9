import type { Producer } from '../producer'
import type { TransactionGroup, TransactionOffset } from './transaction-offsets'

/** Limits of the calls that wait for the coordinator. */
export interface TransactionWaitOptions {
  readonly signal?: AbortSignal | undefined
  /** Milliseconds. Default: the producer's `maxBlockMs`; of `commit` and `abort` `deliveryTimeoutMs`. */
  readonly timeoutMs?: number | undefined
}

/** What a transaction asks of its producer. */
export interface TransactionHost {
  readonly send: Producer['send']
  sendOffsets(
    transaction: Transaction,
    offsets: readonly TransactionOffset[],
    group: TransactionGroup,
    options: TransactionWaitOptions,
  ): Promise<void>
  end(transaction: Transaction, committed: boolean, options: TransactionWaitOptions): Promise<void>
  requireCurrent(transaction: Transaction, call: string): void
}

/**
 * One open transaction: what is sent in it becomes visible to readers of `read_committed` all at once, when it is
 * committed, or never.
 */
export class Transaction {
  readonly #host: TransactionHost

  constructor(host: TransactionHost) {
    this.#host = host
  }

  /**
   * As `producer.send`, in this transaction. Calls need not be awaited: `commit` waits for all of them, and refuses
   * when one has failed.
   */
  readonly send: Producer['send'] = ((...args: Parameters<Producer['send']>) => {
    try {
      this.#host.requireCurrent(this, 'send')
    } catch (error) {
      return Promise.reject(error)
    }
    const sent = this.#host.send(...args)
    // Told by the commit as well, so that nobody has to listen here: a rejection must not end the process.
    sent.catch(() => {})
    return sent
  }) as Producer['send']

  /**
   * Commits offsets of a group with the transaction, so that what was read and what was written count together.
   * @param offsets of each partition the offset of the next message to read
   * @param group of the consumer that read them: `consumer.groupMetadata()`, which lets the broker refuse a member
   *   that has lost its partitions (KIP-447)
   * @throws BrokerError (ILLEGAL_GENERATION, UNKNOWN_MEMBER_ID, STALE_MEMBER_EPOCH, …): the member is out of date, abort
   */
  sendOffsets(
    offsets: readonly TransactionOffset[],
    group: TransactionGroup,
    options: TransactionWaitOptions = {},
  ): Promise<void> {
    return this.#host.sendOffsets(this, offsets, group, options)
  }

  /**
   * Waits for everything that was sent, then commits. May be called again after TRANSACTION_OUTCOME_UNKNOWN, and only
   * then.
   * @throws the error of a message that failed: the transaction can only be aborted. FencedError: it was given up.
   *   TimeoutError (TRANSACTION_OUTCOME_UNKNOWN): it may be committed
   */
  commit(options: TransactionWaitOptions = {}): Promise<void> {
    return this.#host.end(this, true, options)
  }

  /** Takes everything back; what was not sent yet fails with TRANSACTION_ABORTED. */
  abort(options: TransactionWaitOptions = {}): Promise<void> {
    return this.#host.end(this, false, options)
  }
}
