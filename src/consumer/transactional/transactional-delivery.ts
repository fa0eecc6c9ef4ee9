import { createDeferred, type Deferred } from '../../base/deferred'
import { isKafkaError, KafkaError } from '../../base/errors'
import type { Logger } from '../../base/logger'
import type { Delivery, DeliveryTools } from '../delivery/delivery'
import { DeliveryEnd, handlerFailure } from '../../message/delivery-end'
import type { Message } from '../../message/message'
import type { HandlerContext } from '../delivery/handler-context'
import { isOutcomeUnknown, mayTryAgain, reasonOf } from './round-failures'
import { RoundCollector, type RoundCollectorOptions } from './round-collector'
import type { TransactionBatch } from './transaction-batch'
import type { TransactionRound } from './transaction-round'
import type { HandlerTransaction, OffsetTransaction, TransactionalProducer } from './transactional-producer'

export type TransactionHandler<M extends Message, Tx extends OffsetTransaction> = (
  batch: TransactionBatch<M>,
  transaction: HandlerTransaction<Tx>,
  context: HandlerContext,
) => unknown

export interface TransactionalDeliveryOptions extends RoundCollectorOptions {
  readonly logger: Logger
  /** Nothing else commits from now on: an older commit must not land behind a transaction's. */
  readonly ready: Promise<void>
  /** How long is waited for more messages when the first ones are there. */
  readonly maxWaitMs: number
  /** After so long without messages, positions behind markers are committed by themselves. */
  readonly passedIntervalMs: number
  /** Milliseconds to wait after so many failures in a row. */
  readonly backoffMs: (failures: number) => number
  /** Partitions go on from an earlier position, or have to find theirs. */
  readonly onRewound: () => void
}

/**
 * How a round ended. After `reject` the whole run ends with the error.
 * `isOpen`: a commit was asked for, and whether it happened is not known.
 */
type RoundEnd =
  | { readonly kind: 'committed' }
  | { readonly kind: 'again' | 'reject'; readonly error: KafkaError; readonly isOpen?: boolean }

/**
 * Processes what is ready in one transaction after another, each with the messages of all ready partitions, so that
 * its cost is shared by them:
 *
 *     take ─▶ begin ─▶ handler ─▶ sendOffsets ─▶ commit ─▶ next round
 *               └──────────┴───────────┴──▶ abort ─▶ rewind ─▶ backoff ─▶ take
 *
 * A revocation waits for the round: its partitions count as being worked on until the transaction has ended. An end
 * whose answer did not come is asked for until it is known (T6), and nothing else happens meanwhile.
 */
export class TransactionalDelivery<M extends Message, Tx extends OffsetTransaction> implements Delivery {
  readonly #tools: DeliveryTools
  readonly #options: TransactionalDeliveryOptions
  readonly #producer: TransactionalProducer<Tx>
  readonly #handler: TransactionHandler<M, Tx>
  readonly #collector: RoundCollector<M>
  readonly #end = new DeliveryEnd()
  #news = createDeferred<void>()
  #sleeper: Deferred<void> | undefined
  #round: TransactionRound<M> | undefined
  #wasFull = false
  #failures = 0

  constructor(
    tools: DeliveryTools,
    options: TransactionalDeliveryOptions,
    producer: TransactionalProducer<Tx>,
    handler: TransactionHandler<M, Tx>,
  ) {
    this.#tools = tools
    this.#options = options
    this.#producer = producer
    this.#handler = handler
    this.#collector = new RoundCollector(tools.ready, options)
    void this.#run()
  }

  /** Resolves when the delivery was stopped and its transaction has ended; rejects when it failed. */
  ended(): Promise<void> {
    return this.#end.outcome()
  }

  wake(): void {
    this.#news.resolve()
    // Partitions may have gone: the handler is told at once.
    this.#round?.isStale()
  }

  async stop(): Promise<void> {
    this.#begin()
    await this.#end.reached()
  }

  fail(error: KafkaError): void {
    this.#begin(error)
  }

  #begin(error?: KafkaError): void {
    this.#end.begin(error)
    this.#news.resolve()
    this.#sleeper?.resolve()
  }

  async #run(): Promise<void> {
    try {
      await this.#options.ready
      while (!this.#end.hasBegun) await this.#step()
    } catch (error) {
      this.#begin(KafkaError.from(error, 'Transactional processing failed'))
    }
    this.#end.complete()
  }

  async #step(): Promise<void> {
    // A turn of its own: what a rebalance has begun has reached the partitions before they are handed out.
    await new Promise((resolve) => setImmediate(resolve))
    if (this.#end.hasBegun) return
    this.#news = createDeferred()
    const round = this.#collector.collect() ?? (await this.#idle())
    if (round === undefined) return
    this.#wasFull = round.batch.length >= this.#options.maxMessages
    const work = this.#tools.watch.begin({ state: undefined, message: undefined })
    this.#round = round
    try {
      await this.#conclude(round, await this.#process(round))
    } finally {
      this.#round = undefined
      round.release()
      if (this.#tools.watch.end(work)) this.#tools.onRecovered()
    }
    if (this.#failures > 0) await this.#sleep(this.#options.backoffMs(this.#failures))
  }

  /** Waits for messages; answers with a round when there is something to commit although none came. */
  async #idle(): Promise<TransactionRound<M> | undefined> {
    const { maxWaitMs, passedIntervalMs } = this.#options
    const isLate = await this.#untilNews(this.#collector.hasPassed ? passedIntervalMs : undefined)
    if (isLate) return this.#collector.collectPassed()
    if (maxWaitMs > 0 && !this.#wasFull) await this.#sleep(maxWaitMs)
    return undefined
  }

  async #process(round: TransactionRound<M>): Promise<RoundEnd> {
    let transaction: Tx
    try {
      transaction = await this.#producer.beginTransaction()
    } catch (caught) {
      return endAfter(KafkaError.from(caught, 'A transaction could not be begun'))
    }
    const failure = await this.#work(round, transaction)
    if (failure !== undefined) return await this.#abort(round, transaction, failure, false)
    const refused = await this.#repeat(round, () => transaction.commit())
    if (refused === undefined) return { kind: 'committed' }
    if (isOutcomeUnknown(refused)) return { kind: 'reject', error: refused, isOpen: true }
    return await this.#abort(round, transaction, endAfter(refused), true)
  }

  /** @param mayBeCommitted a commit was asked for: only an abort that the coordinator took says that it did not happen */
  async #abort(
    round: TransactionRound<M>,
    transaction: Tx,
    failure: RoundFailure,
    mayBeCommitted: boolean,
  ): Promise<RoundEnd> {
    const error = await this.#repeat(round, () => transaction.abort())
    // An abort that fails tells what has become of the producer: fenced, or not able to go on.
    return error === undefined ? failure : { kind: 'reject', error: reasonOf(error), isOpen: mayBeCommitted }
  }

  /** Everything up to the commit; answers with what went wrong. */
  async #work(round: TransactionRound<M>, transaction: Tx): Promise<RoundFailure | undefined> {
    try {
      if (round.batch.length > 0) {
        await this.#handler(round.batch, transaction, this.#contextOf(round))
      }
    } catch (error) {
      if (round.isStale()) return lostRound(error)
      const isPassing = isKafkaError(error) && mayTryAgain(reasonOf(error))
      return isPassing
        ? { kind: 'again', error }
        : { kind: 'reject', error: handlerFailure(error, undefined) }
    }
    if (round.isStale()) return lostRound()
    try {
      await transaction.sendOffsets(round.positions, round.group)
    } catch (caught) {
      return endAfter(KafkaError.from(caught, 'The offsets could not be sent'))
    }
    // Any loss since the beginning turns the commit into an abort (X5).
    return round.isStale() ? lostRound() : undefined
  }

  #contextOf({ signal }: TransactionRound<M>): HandlerContext {
    return { signal, attempt: this.#failures + 1, stop: () => void this.stop() }
  }

  /** Asks for an end until it is known, or until this consumer is being closed and can't wait any longer. */
  async #repeat(round: TransactionRound<M>, end: () => Promise<void>): Promise<KafkaError | undefined> {
    for (let failures = 1; ; failures++) {
      try {
        await end()
        return undefined
      } catch (caught) {
        const error = KafkaError.from(caught, 'The transaction could not be ended')
        const isHopeless = this.#end.hasBegun && round.isGone
        if (!isOutcomeUnknown(error) || isHopeless) return error
        this.#options.logger.warn('The end of a transaction is not confirmed; it is asked for again', {
          reason: error.message,
        })
        await this.#pause(this.#options.backoffMs(failures))
      }
    }
  }

  async #conclude(round: TransactionRound<M>, end: RoundEnd): Promise<void> {
    if (end.kind === 'committed') {
      this.#failures = 0
      return round.complete()
    }
    const { kind, error, isOpen = false } = end
    round.rewind(isOpen)
    this.#options.onRewound()
    if (kind === 'reject') return this.#begin(error)
    this.#failures++
    this.#options.logger.warn('A transaction was aborted; its messages are processed again', {
      messages: round.batch.length,
      code: error.code,
      reason: error.message,
    })
  }

  /** Waits until `wake` or `stop` is called; answers whether `ms` passed first. */
  async #untilNews(ms: number | undefined): Promise<boolean> {
    const news = this.#news
    let isLate = false
    const timer =
      ms === undefined
        ? undefined
        : this.#tools.clock.setTimer(ms, () => {
            isLate = true
            news.resolve()
          })
    await news.promise
    timer?.cancel()
    return isLate
  }

  /** A stop ends it. */
  async #sleep(ms: number): Promise<void> {
    if (this.#end.hasBegun) return
    const sleeper = createDeferred<void>()
    this.#sleeper = sleeper
    const timer = this.#tools.clock.setTimer(ms, sleeper.resolve)
    await sleeper.promise
    timer.cancel()
    this.#sleeper = undefined
  }

  /** A stop does not end it: the end of a transaction is still to be known. */
  async #pause(ms: number): Promise<void> {
    await new Promise<void>((resolve) => void this.#tools.clock.setTimer(ms, resolve))
  }
}

type RoundFailure = Exclude<RoundEnd, { kind: 'committed' }>

function endAfter(caught: KafkaError): RoundFailure {
  const error = reasonOf(caught)
  return { kind: mayTryAgain(error) ? 'again' : 'reject', error }
}

/** @param cause what the handler threw, if it did: nobody waits for its result any more */
function lostRound(cause?: unknown): RoundFailure {
  const text = 'The group gave the partitions a new generation while the messages were being processed'
  return { kind: 'again', error: new KafkaError('ROUND_LOST', text, { cause, retriable: true }) }
}
