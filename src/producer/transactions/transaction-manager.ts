import type { Deadline } from '../../base/deadline'
import { ErrorCode } from '../../base/error-codes'
import { AbortedError, BrokerError, KafkaError, TimeoutError } from '../../base/errors'
import type { Cluster, RequestTarget } from '../../cluster/cluster'
import { addOffsetsToTxnApi } from '../../wire/generated/client/add-offsets-to-txn'
import { endTxnApi } from '../../wire/generated/client/end-txn'
import { initProducerIdApi } from '../../wire/generated/client/init-producer-id'
import {
  txnOffsetCommitApi,
  type TxnOffsetCommitRequestRequestTopic,
  type TxnOffsetCommitResponse,
} from '../../wire/generated/client/txn-offset-commit'
import type { PartitionQueue } from '../partition-queue'
import type { IdentityProvider, ProducerIdAndEpoch } from '../producer-identity'
import { callCoordinator } from './coordinator-calls'
import { PartitionEnrolment } from './partition-enrolment'
import { fencedError, transactionFailure, type TransactionRequest } from './transaction-failures'
import { offsetsByTopic, type TransactionGroup, type TransactionOffset } from './transaction-offsets'
import { illegalCall, type TransactionState } from './transaction-state'

export interface TransactionSettings {
  readonly transactionalId: string
  readonly transactionTimeoutMs: number
  /** Bounds each request that nobody waits for by a deadline of his own. */
  readonly maxBlockMs: number
}

/** What the sender does when the transaction's state changes. */
export interface TransactionListener {
  /** Batches of these partitions may leave now. */
  onEnrolled(queues: readonly PartitionQueue[]): void
  /** The transaction can't be committed: what was not sent yet is dropped. */
  onTransactionFailed(error: KafkaError): void
}

/** The first level of `transaction.version` at which brokers add partitions by themselves (KIP-890). */
const levelWithImplicitPartitions = 2

/**
 * Whether the coordinator knows of the transaction; `maybe` after a request that failed. Below that level it refuses to
 * end one that it does not know.
 */
type BegunAtBroker = 'no' | 'maybe' | 'yes'

/** The highest Produce version of a transaction below that level. */
const maxProduceVersionBefore = 11

/**
 * Owns the transactional id's producer id and epoch, and the state of the transaction (L12). The sender asks it before
 * it drains, and tells it what failed; the producer asks it to begin and to end. Speaks both transaction protocols:
 * from level 2 of `transaction.version` on, brokers add partitions and offsets by themselves and raise the epoch with
 * each end.
 */
export class TransactionManager implements IdentityProvider {
  readonly transactionalId: string
  readonly #cluster: Cluster
  readonly #settings: TransactionSettings
  readonly #listener: TransactionListener
  readonly #enrolment: PartitionEnrolment
  readonly #coordinator: RequestTarget
  #state: TransactionState = 'uninitialized'
  #error: KafkaError | undefined
  #identity: ProducerIdAndEpoch | undefined
  #isEnding = false
  #hasImplicitPartitions = false
  /** Groups whose offsets are part of the transaction. */
  readonly #groups = new Set<string>()
  readonly #offsetsUnderWay = new Set<Promise<void>>()
  #begunAtBroker: BegunAtBroker = 'no'
  /** A sequence is broken, so that the next transaction needs another epoch. */
  #needsNewEpoch = false

  constructor(cluster: Cluster, settings: TransactionSettings, listener: TransactionListener) {
    this.transactionalId = settings.transactionalId
    this.#cluster = cluster
    this.#settings = settings
    this.#listener = listener
    this.#coordinator = { kind: 'coordinator', type: 'transaction', key: settings.transactionalId }
    this.#enrolment = new PartitionEnrolment(cluster, settings.transactionalId, settings.maxBlockMs, {
      onEnrolled: (queues) => {
        this.#begunAtBroker = 'yes'
        listener.onEnrolled(queues)
      },
      onEnrolmentFailed: (error) => {
        this.#noteMaybeBegun()
        this.fail('AddPartitionsToTxn', error)
      },
    })
  }

  get state(): TransactionState {
    return this.#state
  }

  /** Why the transaction, or the producer, has failed. */
  get error(): KafkaError | undefined {
    return this.#error
  }

  get current(): ProducerIdAndEpoch | undefined {
    return this.#identity
  }

  /** The highest Produce version that the transaction's batches may have; undefined for the client's own. */
  get maxProduceVersion(): number | undefined {
    return this.#hasImplicitPartitions ? undefined : maxProduceVersionBefore
  }

  /** A partition's sequence is broken: inside a transaction that ends it. */
  bump(seen: ProducerIdAndEpoch): void {
    if (this.#identity !== seen) return
    this.#needsNewEpoch = true
    this.fail(
      'Produce',
      new KafkaError('OUT_OF_ORDER_SEQUENCE_NUMBER', 'A batch of the transaction was lost: abort it', {
        retriable: false,
      }),
    )
  }

  /** It is obtained when the first transaction begins, not by a batch that is there already. */
  ensure(): void {}

  renew(seen: ProducerIdAndEpoch): void {
    this.bump(seen)
  }

  close(): void {
    this.#enrolment.clear()
  }

  /** Whether a batch of the partition may leave now; if not, the listener is told when it may. */
  admits(queue: PartitionQueue): boolean {
    if (this.#state !== 'inTransaction' || this.#identity === undefined) return false
    if (!this.#hasImplicitPartitions) return this.#enrolment.admits(queue, this.#identity)
    this.#begunAtBroker = 'yes'
    return true
  }

  /** Throws unless messages may be sent now. */
  requireOpen(call: string): void {
    if (this.#state !== 'inTransaction') throw this.#refusal(call)
    if (this.#isEnding)
      throw new KafkaError('INVALID_TXN_STATE', `${call} is not possible: the transaction is being ended`)
  }

  /** An end was asked for: what came in from now on would miss it. */
  prepareEnd(): void {
    this.#isEnding = true
  }

  /** Messages are about to be dropped: whatever else is under way, the transaction can't be committed any more (L12). */
  giveUp(error: KafkaError): void {
    if (this.#state !== 'inTransaction') return
    this.#state = 'abortableError'
    this.#error = error
  }

  /** The producer is closed: a commit that waits for its messages must not go on without them (L12). */
  shutDown(error: KafkaError): void {
    if (this.#state === 'fatalError') return
    this.#state = 'fatalError'
    this.#error = error
  }

  /**
   * Obtains producer id and epoch, and fences whoever had the transactional id before: once, and once more when the
   * brokers have learned to add partitions by themselves meanwhile (T3).
   */
  async initialize(deadline: Deadline): Promise<void> {
    const isUpgrade = this.#state === 'ready' && this.#brokersAddPartitions && !this.#hasImplicitPartitions
    if (this.#state !== 'uninitialized' && !isUpgrade) {
      if (this.#state === 'initializing' || this.#state === 'fatalError') throw this.#refusal('init')
      return
    }
    const before = this.#state
    this.#state = 'initializing'
    try {
      const none = { producerId: -1n, producerEpoch: -1 }
      await this.#initProducerId(isUpgrade ? (this.#identity ?? none) : none, deadline)
      this.#hasImplicitPartitions = this.#brokersAddPartitions
      this.#state = 'ready'
    } catch (caught) {
      const error = KafkaError.from(caught, 'InitProducerId failed')
      if (!isOpen(error) && transactionFailure('InitProducerId', error) !== 'abortable') {
        throw this.#failForGood('InitProducerId', error)
      }
      this.#state = before
      throw error
    }
  }

  begin(): void {
    if (this.#state !== 'ready') throw this.#refusal('begin')
    this.#isEnding = false
    this.#hasImplicitPartitions = this.#brokersAddPartitions
    this.#state = 'inTransaction'
  }

  get #brokersAddPartitions(): boolean {
    return this.#cluster.finalizedFeature('transaction.version') >= levelWithImplicitPartitions
  }

  /** Sends offsets as a part of the transaction: they count when it is committed. */
  async sendOffsets(
    offsets: readonly TransactionOffset[],
    group: TransactionGroup,
    deadline: Deadline,
  ): Promise<void> {
    this.requireOpen('sendOffsets')
    const topics = offsetsByTopic(offsets)
    if (topics.length === 0) return
    const work = this.#sendTopics(topics, group, deadline)
    this.#offsetsUnderWay.add(work)
    try {
      await work
    } finally {
      this.#offsetsUnderWay.delete(work)
    }
  }

  async #sendTopics(
    topics: readonly TxnOffsetCommitRequestRequestTopic[],
    group: TransactionGroup,
    deadline: Deadline,
  ): Promise<void> {
    let request: TransactionRequest = 'AddOffsetsToTxn'
    try {
      if (!this.#hasImplicitPartitions) await this.#addOffsets(group.groupId, deadline)
      request = 'TxnOffsetCommit'
      await this.#commitOffsets(topics, group, deadline)
      this.#begunAtBroker = 'yes'
    } catch (caught) {
      this.#noteMaybeBegun()
      throw this.fail(request, KafkaError.from(caught, `${request} failed`))
    }
  }

  /**
   * Ends the transaction. When the coordinator did not answer in time the state stays, and the same end may be asked
   * for again.
   */
  async end(committed: boolean, deadline: Deadline): Promise<void> {
    const ending: TransactionState = committed ? 'committing' : 'aborting'
    const allowed: readonly TransactionState[] = committed
      ? ['inTransaction', 'committing']
      : ['inTransaction', 'abortableError', 'aborting']
    if (!allowed.includes(this.#state)) throw this.#refusal(committed ? 'commit' : 'abort')
    this.#state = ending
    try {
      await deadline.race(
        Promise.all([this.#enrolment.idle(), Promise.allSettled(this.#offsetsUnderWay)]),
        () => new TimeoutError('TIMEOUT', 'What was sent in the transaction has no outcome yet'),
      )
      // A partition, or offsets, may have been refused while the end waited for them.
      if (this.#state !== ending) throw this.#error as KafkaError
      if (this.#begunAtBroker !== 'no') await this.#endTxn(committed, deadline)
      this.#begunAtBroker = 'no'
      if (this.#needsNewEpoch) await this.#renewEpoch(deadline)
    } catch (caught) {
      if (this.#state !== ending) throw caught
      throw this.#endFailed(committed, KafkaError.from(caught, 'EndTxn failed'))
    }
    this.#enrolment.clear()
    this.#groups.clear()
    this.#error = undefined
    this.#state = 'ready'
  }

  /**
   * Something of the transaction failed for good; answers with what its user is told.
   * @param breaksSequence a batch that had its number is given up, so that the next one would not follow on it
   */
  fail(request: TransactionRequest, error: KafkaError, breaksSequence = false): KafkaError {
    if (this.#state === 'fatalError') return this.#error as KafkaError
    if (breaksSequence) this.#needsNewEpoch = true
    const failure = transactionFailure(request, error)
    if (failure === 'fenced' || failure === 'fatal') return this.#failForGood(request, error)
    if (failure === 'abortableWithBump') this.#needsNewEpoch = true
    if (this.#state === 'inTransaction' || this.#state === 'committing') {
      this.#state = 'abortableError'
      this.#error = error
      this.#listener.onTransactionFailed(error)
    }
    return error
  }

  #failForGood(request: TransactionRequest, error: KafkaError): KafkaError {
    const isFenced = transactionFailure(request, error) === 'fenced'
    this.#state = 'fatalError'
    this.#error = isFenced ? fencedError(this.transactionalId, error) : error
    this.#listener.onTransactionFailed(this.#error)
    return this.#error
  }

  #endFailed(committed: boolean, error: KafkaError): KafkaError {
    if (isOpen(error)) {
      return new TimeoutError(
        'TRANSACTION_OUTCOME_UNKNOWN',
        `The coordinator did not confirm the ${committed ? 'commit' : 'abort'} in time; it may have happened: ${error.message}. Ask for the same end again`,
        { cause: error, maybeWritten: true },
      )
    }
    const failure = transactionFailure('EndTxn', error)
    if (committed && (failure === 'abortable' || failure === 'abortableWithBump'))
      return this.fail('EndTxn', error)
    return this.#failForGood('EndTxn', error)
  }

  #refusal(call: string): KafkaError {
    if (this.#state === 'fatalError') return this.#error as KafkaError
    return illegalCall(call, this.#state, this.#error)
  }

  #noteMaybeBegun(): void {
    if (this.#begunAtBroker === 'no') this.#begunAtBroker = 'maybe'
  }

  async #initProducerId(identity: ProducerIdAndEpoch, deadline: Deadline): Promise<void> {
    const response = await callCoordinator(
      this.#cluster,
      {
        target: this.#coordinator,
        api: initProducerIdApi,
        body: {
          transactionalId: this.transactionalId,
          transactionTimeoutMs: this.#settings.transactionTimeoutMs,
          ...identity,
        },
        errorCodeOf: (answer) => answer.errorCode,
        // Raising an epoch needs to say which (KIP-360).
        ...(identity.producerId >= 0n && { minVersion: 3 }),
      },
      deadline,
    )
    this.#identity = { producerId: response.producerId, producerEpoch: response.producerEpoch }
  }

  async #renewEpoch(deadline: Deadline): Promise<void> {
    const identity = this.#identity as ProducerIdAndEpoch
    // With implicit partitions the end itself raised the epoch.
    if (!this.#hasImplicitPartitions) await this.#initProducerId(identity, deadline)
    this.#needsNewEpoch = false
  }

  async #endTxn(committed: boolean, deadline: Deadline): Promise<void> {
    const identity = this.#identity as ProducerIdAndEpoch
    const isUncertain = !committed && !this.#hasImplicitPartitions && this.#begunAtBroker === 'maybe'
    const notBegun = isUncertain ? ErrorCode.INVALID_TXN_STATE : undefined
    const response = await callCoordinator(
      this.#cluster,
      {
        target: this.#coordinator,
        api: endTxnApi,
        body: { transactionalId: this.transactionalId, ...identity, committed },
        errorCodeOf: ({ errorCode }) => (errorCode === notBegun ? ErrorCode.NONE : errorCode),
        ...(this.#hasImplicitPartitions ? { minVersion: 5 } : { maxVersion: 4 }),
      },
      deadline,
    )
    if (this.#hasImplicitPartitions && response.producerId >= 0n) {
      this.#identity = { producerId: response.producerId, producerEpoch: response.producerEpoch }
    }
  }

  async #addOffsets(groupId: string, deadline: Deadline): Promise<void> {
    if (this.#groups.has(groupId)) return
    await callCoordinator(
      this.#cluster,
      {
        target: this.#coordinator,
        api: addOffsetsToTxnApi,
        body: { transactionalId: this.transactionalId, ...(this.#identity as ProducerIdAndEpoch), groupId },
        errorCodeOf: (answer) => answer.errorCode,
      },
      deadline,
    )
    this.#groups.add(groupId)
  }

  async #commitOffsets(
    topics: readonly TxnOffsetCommitRequestRequestTopic[],
    group: TransactionGroup,
    deadline: Deadline,
  ): Promise<void> {
    const { groupId, generationId = -1, memberId = '', groupInstanceId = null } = group
    const response = await callCoordinator(
      this.#cluster,
      {
        target: { kind: 'coordinator', type: 'group', key: groupId },
        api: txnOffsetCommitApi,
        body: {
          transactionalId: this.transactionalId,
          groupId,
          ...(this.#identity as ProducerIdAndEpoch),
          generationIdOrMemberEpoch: generationId,
          memberId,
          groupInstanceId,
          topics,
        },
        errorCodeOf: (answer) => offsetFailure(answer)?.errorCode ?? ErrorCode.NONE,
        // From 6 on topics go by their ids.
        ...(this.#hasImplicitPartitions ? { minVersion: 5, maxVersion: 5 } : { maxVersion: 4 }),
      },
      deadline,
    )
    const failure = offsetFailure(response)
    if (failure === undefined) return
    const { topic, partition, errorCode } = failure
    throw new BrokerError(errorCode, 'The offset could not be committed with the transaction', {
      topic,
      partition,
      groupId,
      api: 'TxnOffsetCommit',
    })
  }
}

/** True when it is not known whether the coordinator has acted: nothing but the same request may follow. */
function isOpen(error: KafkaError): boolean {
  return error.retriable || error instanceof AbortedError
}

function offsetFailure(response: TxnOffsetCommitResponse) {
  for (const { name, partitions } of response.topics) {
    for (const { partitionIndex, errorCode } of partitions) {
      if (errorCode !== ErrorCode.NONE) return { topic: name, partition: partitionIndex, errorCode }
    }
  }
  return undefined
}
