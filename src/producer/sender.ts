import type { Timer } from '../base/clock'
import { ErrorCode, errorKind } from '../base/error-codes'
import { BrokerError, type KafkaError } from '../base/errors'
import type { BrokerMetadata } from '../cluster/metadata'
import type { Cluster } from '../cluster/cluster'
import type {
  ProduceResponse,
  ProduceResponsePartitionProduceResponse,
} from '../wire/generated/client/produce'
import { BatchEncoder } from './batch-encoder'
import { failureOfBatch, refusalErrors } from './batch-failures'
import { splitBatch } from './batch-splitter'
import { BrokerSender, type BrokerSenderOwner } from './broker-sender'
import type { BufferMemory } from './buffer-memory'
import { DeliveryDeadlines } from './delivery-deadlines'
import { DrainSchedule } from './drain-schedule'
import type { PartitionQueue } from './partition-queue'
import type { OutgoingBatch, ProduceOutcome } from './produce-request'
import { mayBeStoredDespite, refusalAction } from './produce-policy'
import type { ErrorOfRecord, ProducerBatch } from './producer-batch'
import { type IdentityProvider, ProducerIdentity } from './producer-identity'
import type { ProducerMonitor } from './producer-monitor'
import type { ResolvedProducerOptions } from './producer-options'
import type { ProducerTopic } from './producer-topic'
import type { AccumulatorListener } from './record-accumulator'
import type { TransactionManager } from './transactions/transaction-manager'

/** Batches of a partition that are compressed ahead of their turn. */
const compressedAhead = 2

/**
 * Carries batches to their leaders and decides what becomes of each (laws L7 to L11). It owns the senders of the
 * brokers, the deadlines of the batches and the waits between retries; the order and the numbers of a partition's
 * batches are kept by its queue.
 *
 * Nothing here polls (R13, L23). A partition that may have something to send is listed at its leader's BrokerSender,
 * once, and the DrainSchedule says when all that can be sent is sent. A partition that can't send leaves the list; what
 * stands in its way lists it again when it is gone:
 *
 *     requests in flight ── their outcome          no leader ── a metadata update
 *     backoff, linger ───── a timer                no identity ── InitProducerId's answer
 *     compression ───────── its end                all slots taken ── stays listed
 */
export class Sender implements AccumulatorListener, BrokerSenderOwner {
  readonly #cluster: Cluster
  readonly #options: ResolvedProducerOptions
  readonly #memory: BufferMemory
  readonly #topicOf: (name: string) => ProducerTopic | undefined
  readonly #connection: string
  readonly #identity: IdentityProvider | undefined
  readonly #transactions: TransactionManager | undefined
  readonly #monitor: ProducerMonitor
  readonly #encoder: BatchEncoder
  readonly #deadlines: DeliveryDeadlines
  readonly #brokers = new Map<number, BrokerSender>()
  readonly #schedule = new DrainSchedule()
  readonly #withoutIdentity = new Set<PartitionQueue>()
  readonly #timers = new Map<PartitionQueue, Timer>()
  #hurrying = 0
  #closed = false
  /** Why nothing more of the transaction is sent. */
  #abortCause: KafkaError | undefined

  constructor(collaborators: {
    cluster: Cluster
    options: ResolvedProducerOptions
    memory: BufferMemory
    connection: string
    topicOf: (name: string) => ProducerTopic | undefined
    transactions: TransactionManager | undefined
    monitor: ProducerMonitor
  }) {
    const { cluster, options, transactions } = collaborators
    this.#transactions = transactions
    this.#monitor = collaborators.monitor
    this.#cluster = cluster
    this.#options = options
    this.#memory = collaborators.memory
    this.#connection = collaborators.connection
    this.#topicOf = collaborators.topicOf
    this.#encoder = new BatchEncoder(options, cluster.logger, (batch) => this.#wake(batch.queue))
    this.#deadlines = new DeliveryDeadlines(cluster.clock, options.deliveryTimeoutMs, (batch) =>
      this.#expire(batch),
    )
    if (transactions !== undefined) this.#identity = transactions
    else if (options.idempotent) {
      this.#identity = new ProducerIdentity(cluster, options.maxBlockMs, {
        onIdentity: () => this.#onIdentity(),
        onIdentityRefused: (error) => this.#failUnsent(error),
      })
    }
  }

  /** Unfinished batches, the oldest first. */
  batches(): Iterable<ProducerBatch> {
    return this.#deadlines
  }

  /** Asks for the producer id ahead of the first batch. */
  prepareIdentity(): void {
    this.#identity?.ensure()
  }

  onBatchOpened(batch: ProducerBatch): void {
    this.#deadlines.add(batch)
  }

  onBatchWithdrawn(batch: ProducerBatch): void {
    batch.stage = 'done'
    this.#deadlines.remove(batch)
  }

  onAppended(queue: PartitionQueue, isFull: boolean): void {
    if (queue.isListed) return
    if (isFull || this.#options.lingerMs === 0) this.#wake(queue)
    else if (!this.#timers.has(queue)) this.#wakeLater(queue, this.#options.lingerMs)
  }

  /** Looks at all partitions at once: memory is short, so that nothing may linger. */
  onMemoryShort(): void {
    if (this.#options.lingerMs > 0) for (const batch of this.#deadlines) this.#wake(batch.queue)
  }

  /** The partitions are part of the transaction: their batches may leave. */
  onEnrolled(queues: readonly PartitionQueue[]): void {
    for (const queue of queues) this.#wake(queue)
  }

  /** The transaction will be aborted: what is not on its way is dropped, and what comes back unstored too (T7). */
  abortUnsent(cause: KafkaError): void {
    this.#abortCause = cause
    for (const batch of [...this.#deadlines]) this.#dropAborted(batch.queue)
  }

  /** A transaction begins: what is sent from now on is its own. */
  forgetAbort(): void {
    this.#abortCause = undefined
  }

  /** Ends all lingering until `relax`: someone waits for the batches, or for their memory. */
  hurry(): void {
    this.#hurrying++
    for (const batch of this.#deadlines) this.#wake(batch.queue)
  }

  relax(): void {
    this.#hurrying--
  }

  /** Metadata changed: partitions whose leader changed, or came back, go to where they belong. */
  onMetadata(): void {
    for (const batch of this.#deadlines) {
      const { queue } = batch
      if (queue.head === batch && queue.retryAt <= this.#cluster.clock.now()) this.#wake(queue)
    }
  }

  takeNext(queue: PartitionQueue, nodeId: number): OutgoingBatch | undefined {
    if (this.#closed) return undefined
    if (queue.leaderId !== nodeId) {
      this.#wake(queue)
      return undefined
    }
    if (this.#identity !== undefined) queue.settleSequences(this.#identity)
    const batch = queue.next
    if (batch === undefined || !this.#mayLeave(queue, batch)) return undefined
    const identity = this.#identity?.current
    if (this.#identity !== undefined && batch.baseSequence < 0 && identity === undefined) {
      this.#withoutIdentity.add(queue)
      this.#identity.ensure()
      return undefined
    }
    if (!this.#encoder.prepare(batch)) {
      this.#prepareFollowers(queue, 1)
      return undefined
    }
    if (this.#transactions?.admits(queue) === false) return undefined
    if (identity !== undefined) queue.number(batch, identity)
    this.#encoder.seal(batch)
    queue.drained(batch, nodeId)
    this.#monitor.batchSent(batch, nodeId)
    this.#prepareFollowers(queue, 0)
    return { batch, topicId: this.#topicOf(queue.topic)?.topicId ?? '' }
  }

  onOutcome(
    outgoing: OutgoingBatch,
    nodeId: number,
    outcome: ProduceOutcome,
    response?: ProduceResponse,
  ): void {
    const { batch } = outgoing
    const { queue } = batch
    queue.returned(batch)
    if (batch.stage === 'done') {
      // It outlived its delivery timeout on the way; its bytes are free only now.
      this.#memory.release(batch.reservedBytes)
    } else if (queue.head !== batch) {
      // One before it failed, so that it is sent again behind that one whatever its own outcome was (R1).
      if (mayBeStored(outcome)) batch.maybeStored = true
    } else if (outcome.kind === 'stored') {
      this.#succeed(batch, nodeId, outcome.baseOffset, outcome.logAppendTimeMs)
    } else if (outcome.kind === 'lost') this.#lost(batch, nodeId, outcome.error, outcome.maybeWritten)
    else this.#refused(batch, nodeId, outcome.response, response)
    this.#dropAborted(queue)
    if (queue.head === undefined) this.#cancelTimer(queue)
    else this.#wake(queue)
  }

  onSlotFree(sender: BrokerSender): void {
    this.#schedule.add(sender)
  }

  /** Fails all that is unfinished and stops every timer; outcomes of requests in flight are ignored. */
  close(errorOf: (batch: ProducerBatch) => KafkaError): void {
    this.#closed = true
    this.#identity?.close()
    for (const batch of this.#deadlines) {
      const error = errorOf(batch)
      this.#drop(batch, () => error)
    }
    this.#deadlines.close()
    for (const timer of this.#timers.values()) timer.cancel()
    this.#timers.clear()
  }

  /** Lists the partition at its leader, to be looked at when the turn ends. */
  #wake(queue: PartitionQueue): void {
    if (queue.isListed || this.#closed || queue.next === undefined) return
    if (queue.leaderId < 0) {
      if (!this.#timers.has(queue)) this.#waitForLeader(queue)
      return
    }
    let broker = this.#brokers.get(queue.leaderId)
    if (broker === undefined) {
      broker = this.#createBrokerSender(queue.leaderId)
      this.#brokers.set(queue.leaderId, broker)
    }
    broker.list(queue)
    this.#schedule.add(broker)
  }

  #onIdentity(): void {
    const waiting = [...this.#withoutIdentity]
    this.#withoutIdentity.clear()
    for (const queue of waiting) this.#wake(queue)
  }

  #createBrokerSender(nodeId: number): BrokerSender {
    const options = {
      acks: this.#options.acks,
      requestTimeoutMs: this.#options.requestTimeoutMs,
      maxInFlightRequests: this.#options.maxInFlightRequestsPerConnection,
      maxRequestSizeBytes: this.#options.maxRequestSizeBytes,
      connection: this.#connection,
      transactions: this.#transactions,
      monitor: this.#monitor,
    }
    return new BrokerSender(nodeId, this.#cluster, options, this)
  }

  /** Whether order, backoff and linger let the partition's next batch go now; if not, someone will wake it. */
  #mayLeave(queue: PartitionQueue, batch: ProducerBatch): boolean {
    if (!queue.maySend(this.#identity)) return false
    const now = this.#cluster.clock.now()
    let waitMs = queue.retryAt - now
    if (batch.stage === 'open' && this.#hurrying === 0 && !this.#memory.hasWaiters) {
      waitMs = Math.max(waitMs, batch.createdAt + this.#options.lingerMs - now)
    }
    if (waitMs <= 0) return true
    this.#wakeLater(queue, waitMs)
    return false
  }

  /** Asks for metadata again and again, at growing distances, until the partition has a leader. */
  #waitForLeader(queue: PartitionQueue): void {
    this.#cluster.metadata.requestRefresh(`${queue.topic}-${queue.partition} has no leader`)
    this.#wakeLater(queue, this.#backOff(queue))
  }

  #backOff(queue: PartitionQueue): number {
    queue.failures++
    return this.#cluster.backoffMs(queue.failures)
  }

  #wakeLater(queue: PartitionQueue, ms: number): void {
    this.#timers.get(queue)?.cancel()
    const timer = this.#cluster.clock.setTimer(ms, () => {
      this.#timers.delete(queue)
      this.#wake(queue)
    })
    this.#timers.set(queue, timer)
  }

  #cancelTimer(queue: PartitionQueue): void {
    if (this.#timers.size === 0) return
    this.#timers.get(queue)?.cancel()
    this.#timers.delete(queue)
  }

  /**
   * Lets full batches be compressed while those before them are, or are on their way: on several threads, where the codec has
   * them. Only a few: what is compressed takes memory beside the records.
   */
  #prepareFollowers(queue: PartitionQueue, first: number): void {
    for (let i = first; i < first + compressedAhead; i++) {
      const batch = queue.after(i)
      if (batch?.stage === 'closed') this.#encoder.prepare(batch)
    }
  }

  #succeed(batch: ProducerBatch, nodeId: number, baseOffset: bigint, logAppendTimeMs: number): void {
    batch.queue.succeeded(batch, nodeId)
    if (baseOffset >= 0n) batch.queue.nextOffset = baseOffset + BigInt(batch.recordCount)
    this.#deadlines.remove(batch)
    this.#memory.release(batch.reservedBytes)
    this.#monitor.batchAcknowledged(batch, nodeId, baseOffset)
    batch.succeed(baseOffset, logAppendTimeMs)
    // Of an earlier request, or one without an answer, bytes may still be on their way out.
    if (batch.attempts === 1 && this.#options.acks !== 0) batch.recycle()
  }

  #lost(batch: ProducerBatch, nodeId: number, error: KafkaError, maybeWritten: boolean): void {
    batch.lastError = error
    if (maybeWritten) batch.maybeStored = true
    const { queue } = batch
    // Without an answer to come, a retry could only make duplicates (P10).
    const isLast = batch.attempts > this.#options.retries
    if (isLast || !error.retriable || (this.#options.acks === 0 && maybeWritten)) this.#giveUp(batch, error)
    else {
      this.#monitor.batchRetried(batch, nodeId, 'retry')
      this.#cluster.metadata.requestRefresh(
        `Produce to ${queue.topic}-${queue.partition} failed: ${error.code}`,
      )
      this.#retryLater(queue)
    }
  }

  #refused(
    batch: ProducerBatch,
    nodeId: number,
    answer: ProduceResponsePartitionProduceResponse,
    response: ProduceResponse | undefined,
  ): void {
    const { queue } = batch
    const { topic, partition } = queue
    const { errorCode } = answer
    batch.lastError = new BrokerError(errorCode, 'The broker refused a batch', {
      topic,
      partition,
      nodeId,
      api: 'Produce',
      brokerMessage: answer.errorMessage,
    })
    if (mayBeStoredDespite(errorCode)) batch.maybeStored = true
    const isIdempotent = batch.baseSequence >= 0
    let action = refusalAction(errorCode, {
      recordCount: batch.recordCount,
      maybeStored: batch.maybeStored,
      isIdempotent,
      isTransactional: this.#transactions !== undefined,
      logStartOffset: answer.logStartOffset,
    })
    if (action === 'retry' && batch.attempts > this.#options.retries) action = 'fail'
    if (action !== 'duplicate' && action !== 'fail') this.#monitor.batchRetried(batch, nodeId, action)
    switch (action) {
      case 'duplicate':
        return this.#succeed(batch, nodeId, -1n, -1)
      case 'split':
        return this.#split(batch)
      case 'renumber':
        return this.#renumber(batch, answer.logStartOffset)
      case 'renew':
        if (batch.identity !== undefined) this.#identity?.renew(batch.identity)
        queue.renumber()
        return this.#retryLater(queue)
      case 'fail':
        return this.#giveUp(batch, batch.lastError, refusalErrors(batch, answer))
      case 'retry':
        if (this.#followHint(queue, answer, response)) queue.rewind()
        else {
          if (errorKind(errorCode) === 'refreshMetadata') {
            this.#cluster.metadata.requestRefresh(`Produce to ${topic}-${partition}: ${batch.lastError.code}`)
          }
          this.#retryLater(queue)
        }
    }
  }

  /** Moves to the leader the broker named (KIP-951); answers whether it named a newer one. */
  #followHint(
    queue: PartitionQueue,
    answer: ProduceResponsePartitionProduceResponse,
    response: ProduceResponse | undefined,
  ): boolean {
    const isLeaderError =
      answer.errorCode === ErrorCode.NOT_LEADER_OR_FOLLOWER ||
      answer.errorCode === ErrorCode.FENCED_LEADER_EPOCH
    const { leaderId, leaderEpoch } = answer.currentLeader
    if (!isLeaderError || leaderId < 0 || leaderEpoch <= queue.leaderEpoch) return false
    const endpoint: BrokerMetadata | undefined = response?.nodeEndpoints.find(
      (node) => node.nodeId === leaderId,
    )
    this.#cluster.metadata.updateLeader(queue.topic, queue.partition, leaderId, leaderEpoch, endpoint)
    queue.follow(leaderId, leaderEpoch)
    return true
  }

  #renumber(batch: ProducerBatch, logStartOffset: bigint): void {
    const { queue } = batch
    const details = { topic: queue.topic, partition: queue.partition, error: batch.lastError?.code }
    if (queue.nextOffset > 0n && logStartOffset < queue.nextOffset) {
      this.#cluster.logger.error(
        'The broker lost track of what it acknowledged: messages of this partition may be missing from its log',
        details,
      )
    } else this.#cluster.logger.info('A partition starts its sequence again', details)
    if (batch.identity !== undefined) this.#identity?.bump(batch.identity)
    queue.renumber()
  }

  #split(batch: ProducerBatch): void {
    const parts = splitBatch(batch)
    const barriers = batch.takeBarriers()
    this.#deadlines.remove(batch)
    for (const part of parts) this.#deadlines.add(part)
    // A flush waits for the whole: the last part is finished last.
    for (const barrier of barriers) parts.at(-1)?.addBarrier(barrier)
    batch.queue.replaceHead(parts)
    batch.stage = 'done'
  }

  #retryLater(queue: PartitionQueue): void {
    queue.rewind()
    queue.retryAt = this.#cluster.clock.now() + this.#backOff(queue)
  }

  /** The head fails for good. */
  #giveUp(batch: ProducerBatch, cause: KafkaError, errorOf?: ErrorOfRecord): void {
    const { queue } = batch
    const error = failureOfBatch(batch, cause)
    this.#drop(batch, errorOf ?? (() => error))
    queue.rewind()
    this.#transactions?.fail('Produce', error, batch.baseSequence >= 0)
  }

  #expire(batch: ProducerBatch): void {
    const error = failureOfBatch(batch, batch.lastError, this.#options.deliveryTimeoutMs)
    const { queue } = batch
    this.#drop(batch, () => error)
    queue.rewind()
    this.#transactions?.fail('Produce', error, batch.baseSequence >= 0)
    if (queue.head === undefined) this.#cancelTimer(queue)
    else this.#wake(queue)
  }

  /** The brokers give no identity: batches that never left fail. */
  #failUnsent(cause: KafkaError): void {
    for (const batch of this.#deadlines) {
      if (batch.attempts > 0) continue
      const error = failureOfBatch(batch, cause)
      this.#drop(batch, () => error)
    }
    this.#withoutIdentity.clear()
  }

  #dropAborted(queue: PartitionQueue): void {
    const cause = this.#abortCause
    if (cause === undefined) return
    for (const batch of [...queue.batches]) {
      if (batch.inFlight) continue
      const error = failureOfBatch(batch, cause)
      this.#drop(batch, () => error)
      if (batch.baseSequence >= 0) this.#transactions?.fail('Produce', error, true)
    }
  }

  #drop(batch: ProducerBatch, errorOf: ErrorOfRecord): void {
    this.#deadlines.remove(batch)
    batch.queue.abandon(batch)
    if (!batch.inFlight) this.#memory.release(batch.reservedBytes)
    this.#monitor.batchFailed(batch, errorOf)
    batch.fail(errorOf)
  }
}

function mayBeStored(outcome: ProduceOutcome): boolean {
  if (outcome.kind === 'lost') return outcome.maybeWritten
  return outcome.kind === 'stored' || mayBeStoredDespite(outcome.response.errorCode)
}
