import { ErrorCode } from '../../base/error-codes'
import { BrokerError } from '../../base/errors'
import type { TopicPartition } from '../../base/topic-partition'
import type { Partition } from '../contracts/partition'
import { errorCodeOf, fail } from '../contracts/kafka-failure'
import type { TransactionServices } from './transaction-services'
import { decideEnd, decideEndV2, type EndRequest } from './end-transaction-rules'
import { offsetsTopic } from './marker-delivery'
import { TransactionEnds } from './transaction-ends'
import { isEpochExhausted, noProducerEpoch, noProducerId, TransactionMetadata } from './transaction-metadata'
import { TransactionStore } from './transaction-store'
import type { TransactionProtocol } from './transaction-state'
import { TransactionTimeouts } from './transaction-timeouts'
import type { ProducerIdAndEpoch, Transactions } from '../contracts/transactions'

export interface TransactionCoordinatorOptions {
  /**
   * Milliseconds between the answer to EndTxn and the markers: the time in which a client that is quick gets
   * CONCURRENT_TRANSACTIONS. Default: 0, the next turn of the event loop.
   */
  readonly markerDelayMs?: number
}

/** What InitProducerId asks for. */
export interface InitProducerIdOptions {
  readonly transactionalId: string
  readonly timeoutMs: number
  /** What the producer believes to have; it goes on from there instead of fencing all others. */
  readonly expected?: ProducerIdAndEpoch
}

/** Whose transaction a call is about, and as whom it comes. */
export interface TransactionCaller {
  readonly transactionalId: string
  readonly producer: ProducerIdAndEpoch
}

/** A transaction as a test sees it. */
export interface TransactionInspection {
  readonly transactionalId: string
  readonly state: string
  readonly producerId: bigint
  readonly producerEpoch: number
  readonly timeoutMs: number
  readonly startTimestamp: number
  readonly partitions: readonly TopicPartition[]
}

/**
 * The transaction coordinators of all brokers in one: the state of each transactional id survives a move of its
 * coordinator, as it does in `__transaction_state`. It decides who may do what, in the order in which Kafka checks;
 * that the right broker was asked is checked before, by the handlers.
 */
export class TransactionCoordinator implements Transactions {
  readonly #services: TransactionServices
  readonly #store: TransactionStore
  readonly #ends: TransactionEnds
  readonly #timeouts: TransactionTimeouts
  #nextProducerId = 0n

  constructor(services: TransactionServices, options: TransactionCoordinatorOptions = {}) {
    this.#services = services
    this.#store = new TransactionStore(services)
    this.#ends = new TransactionEnds(services, options.markerDelayMs ?? 0)
    this.#timeouts = new TransactionTimeouts(services, this.#store, (it) => this.#abortFenced(it))
  }

  newProducerId(): bigint {
    return this.#nextProducerId++
  }

  /**
   * A producer id and epoch for a transactional id; all who had it before are fenced by that.
   * @throws INVALID_REQUEST, INVALID_TRANSACTION_TIMEOUT, PRODUCER_FENCED, and CONCURRENT_TRANSACTIONS while its last
   *   transaction is ended first
   */
  initProducerId(options: InitProducerIdOptions): ProducerIdAndEpoch {
    const { transactionalId, timeoutMs, expected } = options
    if (transactionalId === '') throw fail('INVALID_REQUEST')
    const longest = this.#services.configs.brokerNumber('transaction.max.timeout.ms')
    if (timeoutMs <= 0 || timeoutMs > longest) throw fail('INVALID_TRANSACTION_TIMEOUT')
    const transaction =
      this.#store.get(transactionalId) ??
      this.#store.add(new TransactionMetadata(transactionalId, this.newProducerId(), timeoutMs, this.#now()))
    if (transaction.isEnding) throw fail('CONCURRENT_TRANSACTIONS')
    if (expected !== undefined && !mayGoOn(transaction, expected)) throw fail('PRODUCER_FENCED')
    if (transaction.facts.state === 'Ongoing') {
      this.#abortFenced(transaction)
      throw fail('CONCURRENT_TRANSACTIONS')
    }
    const { producerEpoch } = transaction.facts
    const isUsedUp = isEpochExhausted(producerEpoch)
    if (isUsedUp && (expected === undefined || expected.producerEpoch === producerEpoch)) {
      transaction.rotateProducerId(this.newProducerId(), timeoutMs, expected !== undefined, this.#now())
    } else if (!transaction.incrementEpoch(timeoutMs, expected?.producerEpoch, this.#now())) {
      throw fail('PRODUCER_FENCED')
    }
    return { producerId: transaction.facts.producerId, producerEpoch: transaction.facts.producerEpoch }
  }

  /**
   * Adds partitions to a transaction, which begins by that if none is open.
   * @throws INVALID_REQUEST, INVALID_PRODUCER_ID_MAPPING, PRODUCER_FENCED, CONCURRENT_TRANSACTIONS
   */
  addPartitions(
    caller: TransactionCaller,
    partitions: readonly TopicPartition[],
    protocol: TransactionProtocol,
  ): void {
    const transaction = this.#require(caller.transactionalId)
    if (transaction.isEnding) throw fail('CONCURRENT_TRANSACTIONS')
    requireProducer(transaction, caller.producer)
    const isOngoing = transaction.facts.state === 'Ongoing'
    if (isOngoing && partitions.every((partition) => transaction.has(partition))) return
    transaction.add(partitions, protocol, this.#now())
    if (!isOngoing) this.#timeouts.begun()
  }

  /**
   * Are the partitions part of the open transaction? Answers for each.
   * @throws as `addPartitions`
   */
  havePartitions(caller: TransactionCaller, partitions: readonly TopicPartition[]): boolean[] {
    const transaction = this.#require(caller.transactionalId)
    requireProducer(transaction, caller.producer)
    if (transaction.isEnding) throw fail('CONCURRENT_TRANSACTIONS')
    return partitions.map((it) => transaction.has(it))
  }

  /**
   * Ends a transaction, and answers what the producer goes on with. The markers are written afterwards.
   * @throws INVALID_REQUEST, INVALID_PRODUCER_ID_MAPPING, PRODUCER_FENCED, CONCURRENT_TRANSACTIONS, INVALID_TXN_STATE
   */
  end(transactionalId: string, request: EndRequest, protocol: TransactionProtocol): ProducerIdAndEpoch {
    const transaction = this.#require(transactionalId)
    const decide = protocol === 2 ? decideEndV2 : decideEnd
    if (decide(transaction, request) === 'ended') {
      return { producerId: transaction.facts.producerId, producerEpoch: transaction.facts.producerEpoch }
    }
    this.#begin(transaction, request.committed, protocol)
    return transaction.afterEnd
  }

  verifyPartition(
    transactionalId: string,
    producer: ProducerIdAndEpoch,
    partition: Pick<Partition, 'topic' | 'index'>,
    mayAdd: boolean,
    knowsAbortable = mayAdd,
  ): void {
    const target = { topic: partition.topic, partition: partition.index }
    try {
      this.#verify({ transactionalId, producer }, target, mayAdd)
    } catch (error) {
      throw asProduceFailure(error, mayAdd, knowsAbortable)
    }
  }

  verifyOffsets(
    transactionalId: string,
    producer: ProducerIdAndEpoch,
    groupId: string,
    mayAdd: boolean,
    knowsAbortable = mayAdd,
  ): void {
    const target = {
      topic: offsetsTopic,
      partition: this.#services.coordinators.partitionOf('group', groupId),
    }
    try {
      this.#verify({ transactionalId, producer }, target, mayAdd)
    } catch (error) {
      throw asParticipantFailure(error, knowsAbortable)
    }
  }

  whenEnded(transactionalId: string): Promise<void> | undefined {
    const transaction = this.#store.get(transactionalId)
    if (transaction?.isEnding !== true) return undefined
    const longest = this.#services.configs.brokerNumber('add.partitions.to.txn.retry.backoff.max.ms')
    return this.#ends.whenEnded(transaction, longest)
  }

  /** The state of a transactional id; undefined when there is none. */
  get(transactionalId: string): TransactionMetadata | undefined {
    return this.#store.get(transactionalId)
  }

  /** All transactional ids, in the order in which they came. */
  get all(): Iterable<TransactionMetadata> {
    return this.#store.all
  }

  /** All transactions as plain values, for tests. */
  inspect(): TransactionInspection[] {
    return [...this.#store.all].map(({ transactionalId, facts, partitions }) => ({
      transactionalId,
      state: facts.state,
      producerId: facts.producerId,
      producerEpoch: facts.producerEpoch,
      timeoutMs: facts.timeoutMs,
      startTimestamp: facts.startTimestamp,
      partitions: [...partitions],
    }))
  }

  /** Lets transactions that end from now on hang before their markers, until `releaseMarkers`. */
  holdMarkers(): void {
    this.#ends.hold()
  }

  /** Writes the markers that were held, and holds no more. */
  releaseMarkers(): void {
    this.#ends.release()
  }

  /** Stops all timers and waiting; for the end of the cluster. */
  close(): void {
    this.#timeouts.close()
    this.#ends.close()
  }

  #verify(caller: TransactionCaller, target: TopicPartition, mayAdd: boolean): void {
    const transaction = this.#store.get(caller.transactionalId)
    // By far the most frequent case: all batches of a partition but the first of a transaction.
    if (transaction !== undefined && isOngoingOf(transaction, caller.producer) && transaction.has(target))
      return
    if (!mayAdd && !this.#isVerifying) return
    const { brokerId } = this.#services.coordinators.find('transaction', caller.transactionalId)
    // Kafka's brokers ask each other; one that does not answer is a connection that fails.
    if (this.#services.brokers.get(brokerId)?.state !== 'running') throw fail('NETWORK_EXCEPTION')
    if (mayAdd) return this.addPartitions(caller, [target], 2)
    const [isIn] = this.havePartitions(caller, [target])
    if (isIn !== true) throw fail('TRANSACTION_ABORTABLE')
  }

  /** Since Kafka 3.6 (KIP-890), unless it is switched off. */
  get #isVerifying(): boolean {
    const [major = 0, minor = 0] = this.#services.release.name.split('.').map(Number)
    if (major < 3 || (major === 3 && minor < 6)) return false
    return this.#services.configs.broker('transaction.partition.verification.enable') !== 'false'
  }

  /**
   * Ends the transaction of a producer that is fenced: by one that takes its place, or because its time is over. With
   * KIP-890 the end bumps the epoch by itself; before, the epoch is bumped for it.
   */
  #abortFenced(transaction: TransactionMetadata): void {
    const level = this.#services.release.features.get('transaction.version')?.finalized ?? 0
    if (level < 2) transaction.fence()
    this.#begin(transaction, false, level >= 2 ? 2 : 1)
  }

  #begin(transaction: TransactionMetadata, committed: boolean, protocol: TransactionProtocol): void {
    const needsNewId = protocol === 2 && isEpochExhausted(transaction.facts.producerEpoch)
    const nextProducerId = needsNewId ? this.newProducerId() : noProducerId
    transaction.prepareEnd(committed, protocol, nextProducerId, this.#now())
    this.#ends.begin(transaction)
  }

  #require(transactionalId: string): TransactionMetadata {
    if (transactionalId === '') throw fail('INVALID_REQUEST')
    const transaction = this.#store.get(transactionalId)
    if (transaction === undefined) throw fail('INVALID_PRODUCER_ID_MAPPING')
    return transaction
  }

  #now(): number {
    return this.#services.runtime.clock.wallTime()
  }
}

function isOngoingOf({ facts }: TransactionMetadata, producer: ProducerIdAndEpoch): boolean {
  return (
    facts.state === 'Ongoing' &&
    facts.producerId === producer.producerId &&
    facts.producerEpoch === producer.producerEpoch
  )
}

function requireProducer({ facts }: TransactionMetadata, producer: ProducerIdAndEpoch): void {
  if (facts.producerId !== producer.producerId) throw fail('INVALID_PRODUCER_ID_MAPPING')
  if (facts.producerEpoch !== producer.producerEpoch) throw fail('PRODUCER_FENCED')
}

/** A producer that says who it was may go on, unless somebody else took its place meanwhile (KIP-360). */
function mayGoOn({ facts }: TransactionMetadata, expected: ProducerIdAndEpoch): boolean {
  return (
    facts.producerEpoch === noProducerEpoch ||
    facts.producerId === expected.producerId ||
    (facts.previousProducerId === expected.producerId && isEpochExhausted(expected.producerEpoch))
  )
}

/** The codes of a coordinator as a broker that is no coordinator hands them on. */
function asParticipantFailure(error: unknown, knowsAbortable: boolean): unknown {
  const code = errorCodeOf(error)
  if (code === ErrorCode.PRODUCER_FENCED) return fail('INVALID_PRODUCER_EPOCH')
  if (code === ErrorCode.TRANSACTION_ABORTABLE && !knowsAbortable) return fail('INVALID_TXN_STATE')
  return error
}

const unknownToProducers: ReadonlySet<number> = new Set([
  ErrorCode.NETWORK_EXCEPTION,
  ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
  ErrorCode.COORDINATOR_NOT_AVAILABLE,
  ErrorCode.NOT_COORDINATOR,
])

/** As above for Produce, whose clients retry NOT_ENOUGH_REPLICAS and may not know the codes of coordinators. */
function asProduceFailure(error: unknown, mayAdd: boolean, knowsAbortable: boolean): unknown {
  const failure = asParticipantFailure(error, knowsAbortable)
  if (!(failure instanceof BrokerError)) return failure
  if (failure.code === 'INVALID_TXN_STATE') {
    return fail('INVALID_TXN_STATE', 'Partition was not added to the transaction')
  }
  const isConcurrent = failure.code === 'CONCURRENT_TRANSACTIONS' && !mayAdd
  if (!isConcurrent && !unknownToProducers.has(failure.errorCode)) return failure
  return fail(
    'NOT_ENOUGH_REPLICAS',
    `Unable to verify the partition has been added to the transaction. Underlying error: ${failure.code}`,
  )
}
