import { Deadline } from '../../base/deadline'
import { FencedError, isKafkaError, KafkaError } from '../../base/errors'
import type { Cluster } from '../../cluster/cluster'
import type { Producer } from '../producer'
import type { ProducerMonitor } from '../producer-monitor'
import type { ResolvedProducerOptions } from '../producer-options'
import { Transaction, type TransactionHost, type TransactionWaitOptions } from './transaction'
import type { TransactionManager } from './transaction-manager'
import type { TransactionGroup, TransactionOffset } from './transaction-offsets'
import { illegalCall } from './transaction-state'

/** What the producer does for its transactions. */
export interface TransactionalProducer {
  readonly monitor: ProducerMonitor
  readonly send: Producer['send']
  /** Resolves when everything that was sent has its outcome. */
  flush(deadline: Deadline): Promise<void>
  /** A transaction begins: what was dropped with the last one is forgotten. */
  forgetAbort(): void
  /** Drops what was not sent yet. */
  abortUnsent(error: KafkaError): void
}

/** The life of transactions, one after another: begins them, and ends them in the right order. */
export class ProducerTransactions implements TransactionHost {
  readonly send: Producer['send']
  readonly #cluster: Cluster
  readonly #options: ResolvedProducerOptions
  readonly #manager: TransactionManager
  readonly #producer: TransactionalProducer
  /** By the clock's `now`: when the current transaction began. */
  #beganAt = 0
  #current: Transaction | undefined
  /** Ended, and known how: the same end may be asked for again. */
  #last: { readonly transaction: Transaction; readonly committed: boolean } | undefined

  constructor(
    cluster: Cluster,
    options: ResolvedProducerOptions,
    manager: TransactionManager,
    producer: TransactionalProducer,
  ) {
    this.#cluster = cluster
    this.#options = options
    this.#manager = manager
    this.#producer = producer
    this.send = producer.send
  }

  /** Obtains the producer id, which ends what an earlier producer of the same transactional id left open. */
  async initialize(options: TransactionWaitOptions): Promise<void> {
    const deadline = this.#deadline('initTransactions', this.#options.maxBlockMs, options)
    await this.#producer.monitor.timed('txnInit', () => this.#manager.initialize(deadline))
  }

  begin(options: TransactionWaitOptions): Promise<Transaction> {
    return this.#producer.monitor.timed('txnBegin', () => this.#begin(options))
  }

  async #begin(options: TransactionWaitOptions): Promise<Transaction> {
    const { state, error } = this.#manager
    if (this.#current !== undefined && state !== 'fatalError') throw illegalCall('begin', state, error)
    await this.initialize(options)
    this.#manager.begin()
    this.#producer.forgetAbort()
    this.#beganAt = this.#producer.monitor.transactionBegan(this.#manager.transactionalId)
    return (this.#current = new Transaction(this))
  }

  /** Runs `work` in a transaction: commits when it resolves, aborts when it throws. */
  async run<Result>(
    work: (transaction: Transaction) => Promise<Result>,
    options: TransactionWaitOptions,
  ): Promise<Result> {
    const transaction = await this.begin(options)
    try {
      const result = await work(transaction)
      await this.end(transaction, true, options)
      return result
    } catch (error) {
      await this.#abortAfter(error, transaction)
      // Of a batch the broker says no more than that its epoch is out of date: the abort tells who is fenced.
      const { error: reason } = this.#manager
      throw isKafkaError(error) && reason instanceof FencedError ? reason : error
    }
  }

  requireCurrent(transaction: Transaction, call: string): void {
    if (this.#current === transaction) return
    throw new KafkaError('INVALID_TXN_STATE', `${call} is not possible: this transaction has ended`)
  }

  async sendOffsets(
    transaction: Transaction,
    offsets: readonly TransactionOffset[],
    group: TransactionGroup,
    options: TransactionWaitOptions,
  ): Promise<void> {
    this.requireCurrent(transaction, 'sendOffsets')
    const deadline = this.#deadline('sendOffsets', this.#options.maxBlockMs, options)
    await this.#producer.monitor.timed('txnSendOffsets', () =>
      this.#manager.sendOffsets(offsets, group, deadline),
    )
  }

  async end(transaction: Transaction, committed: boolean, options: TransactionWaitOptions): Promise<void> {
    if (this.#last?.transaction === transaction && this.#last.committed === committed) return
    const call = committed ? 'commit' : 'abort'
    this.requireCurrent(transaction, call)
    this.#manager.prepareEnd()
    const deadline = this.#deadline(call, this.#options.deliveryTimeoutMs, options)
    const { monitor } = this.#producer
    const { transactionalId } = this.#manager
    try {
      await monitor.timed(committed ? 'txnCommit' : 'txnAbort', () =>
        this.#end(transaction, committed, deadline),
      )
    } catch (caught) {
      const error = KafkaError.from(caught)
      monitor.transactionEndFailed(transactionalId, call, error)
      throw error
    }
    this.#current = undefined
    this.#last = { transaction, committed }
    monitor.transactionEnded(transactionalId, committed ? 'committed' : 'aborted', this.#beganAt)
  }

  async #end(transaction: Transaction, committed: boolean, deadline: Deadline): Promise<void> {
    if (committed) await this.#settleForCommit(deadline)
    else await this.#settleForAbort(deadline)
    // Another end may have come first meanwhile.
    this.requireCurrent(transaction, committed ? 'commit' : 'abort')
    await this.#manager.end(committed, deadline)
  }

  /** Ends what is open when the producer is closed; never rejects. */
  async close(timeoutMs: number): Promise<void> {
    if (this.#current === undefined || timeoutMs <= 0) return
    await this.#abortAfter('the producer was closed', this.#current, timeoutMs)
  }

  async #settleForCommit(deadline: Deadline): Promise<void> {
    if (this.#manager.state === 'committing') return
    await this.#producer.flush(deadline)
    // A message may have failed that nobody awaited: a part of the transaction is not a transaction.
    if (this.#manager.error !== undefined) throw this.#manager.error
  }

  async #settleForAbort(deadline: Deadline): Promise<void> {
    const reason = this.#manager.error
    const options = reason === undefined ? {} : { cause: reason }
    const error = new KafkaError('TRANSACTION_ABORTED', 'The transaction is aborted', options)
    this.#manager.giveUp(error)
    this.#producer.abortUnsent(error)
    await this.#producer.flush(deadline)
  }

  async #abortAfter(cause: unknown, transaction: Transaction, timeoutMs?: number): Promise<void> {
    const { state } = this.#manager
    // An open commit must not become an abort (T6), and nothing is left to a producer that has failed for good.
    if (this.#current !== transaction || state === 'committing' || state === 'fatalError') return
    try {
      await this.end(transaction, false, { timeoutMs })
    } catch (error) {
      // It was ended by who fenced this producer.
      if (error instanceof FencedError) return
      this.#cluster.logger.warn('A transaction could not be aborted; the broker ends it after its timeout', {
        transactionalId: this.#manager.transactionalId,
        error: KafkaError.from(error).message,
        cause: KafkaError.from(cause).message,
      })
    }
  }

  #deadline(
    what: string,
    fallbackMs: number,
    { timeoutMs = fallbackMs, signal }: TransactionWaitOptions,
  ): Deadline {
    return new Deadline(this.#cluster.clock, what, timeoutMs, signal)
  }
}
