import { ConnectionError, KafkaError, TimeoutError } from '../base/errors'
import type { Cluster } from '../cluster/cluster'
import { produceApi, type ProduceResponse } from '../wire/generated/client/produce'
import type { PartitionQueue } from './partition-queue'
import type { ProducerBatch } from './producer-batch'
import type { ProducerMonitor } from './producer-monitor'
import {
  createProduceRequest,
  maxProduceVersion,
  type OutgoingBatch,
  outcomesOf,
  type ProduceOutcome,
} from './produce-request'
import type { TransactionManager } from './transactions/transaction-manager'

export interface BrokerSenderOptions {
  readonly acks: number
  readonly requestTimeoutMs: number
  readonly maxInFlightRequests: number
  readonly maxRequestSizeBytes: number
  readonly connection: string
  readonly transactions: TransactionManager | undefined
  readonly monitor: ProducerMonitor
}

/** What a broker's sender asks and tells. */
export interface BrokerSenderOwner {
  /**
   * The next batch of the partition, sealed and numbered, if one may go to this broker now. When none may,
   * whatever stands in the way lists the partition again once it is gone.
   */
  takeNext(queue: PartitionQueue, nodeId: number): OutgoingBatch | undefined
  /** A batch that was taken has its outcome. */
  onOutcome(
    outgoing: OutgoingBatch,
    nodeId: number,
    outcome: ProduceOutcome,
    response?: ProduceResponse,
  ): void
  /** A request slot of this broker is free again. */
  onSlotFree(sender: BrokerSender): void
}

/** A request in flight. Outcomes are handled in the order of the requests, however promises settle (R2). */
interface InFlightRequest {
  readonly outgoing: readonly OutgoingBatch[]
  outcomes: ProduceOutcome[] | undefined
  response: ProduceResponse | undefined
}

/**
 * Owns the requests in flight to one broker, and the list of partitions that may have something for it. A request
 * takes one batch of each partition that has one ready; the list is a queue, so that partitions take turns (R14).
 */
export class BrokerSender {
  readonly nodeId: number
  isDue = false
  readonly #cluster: Cluster
  readonly #options: BrokerSenderOptions
  readonly #owner: BrokerSenderOwner
  readonly #inFlight: InFlightRequest[] = []
  #listed: PartitionQueue[] = []

  constructor(nodeId: number, cluster: Cluster, options: BrokerSenderOptions, owner: BrokerSenderOwner) {
    this.nodeId = nodeId
    this.#cluster = cluster
    this.#options = options
    this.#owner = owner
  }

  /** True while the broker owes no answer. */
  get isIdle(): boolean {
    return this.#inFlight.length === 0
  }

  /** The partition may have something to send to this broker. */
  list(queue: PartitionQueue): void {
    queue.isListed = true
    this.#listed.push(queue)
  }

  /** Sends what can be sent now. */
  drain(): void {
    while (this.#inFlight.length < this.#options.maxInFlightRequests && this.#listed.length > 0) {
      const outgoing = this.#collect()
      if (outgoing.length === 0) return
      this.#send(outgoing)
    }
  }

  #collect(): OutgoingBatch[] {
    const round = this.#listed
    const again: PartitionQueue[] = []
    const outgoing: OutgoingBatch[] = []
    this.#listed = again
    let bytes = 0
    let at = 0
    for (; at < round.length; at++) {
      const queue = round[at] as PartitionQueue
      const batch = queue.next
      const size = batch?.builder.byteLength ?? 0
      if (bytes > 0 && bytes + size > this.#options.maxRequestSizeBytes) break
      if (batch !== undefined && outgoing[0] !== undefined && !shareRequest(outgoing[0].batch, batch)) {
        again.push(queue)
        continue
      }
      queue.isListed = false
      const next = this.#owner.takeNext(queue, this.nodeId)
      if (next === undefined) continue
      outgoing.push(next)
      bytes += next.batch.sealed?.byteLength ?? 0
      // There may be more, for the next request; not if the owner listed it meanwhile.
      if (queue.next !== undefined && !queue.isListed) {
        queue.isListed = true
        again.push(queue)
      }
    }
    if (at < round.length) this.#listed = [...round.slice(at), ...again]
    return outgoing
  }

  #send(outgoing: readonly OutgoingBatch[]): void {
    const { acks, requestTimeoutMs, connection, transactions, monitor } = this.#options
    const timeoutMs = Math.max(...outgoing.map(({ batch }) => batch.terms.acknowledgementTimeoutMs))
    const transactionalId = transactions?.transactionalId ?? null
    const request: InFlightRequest = { outgoing, outcomes: undefined, response: undefined }
    this.#inFlight.push(request)
    const maxVersion = transactions?.maxProduceVersion ?? maxProduceVersion(outgoing)
    const sentAt = monitor.requestSent(recordsIn(outgoing))
    this.#cluster
      .send(this.nodeId, produceApi, createProduceRequest(outgoing, { transactionalId, acks, timeoutMs }), {
        timeoutMs: requestTimeoutMs,
        connection,
        noResponse: acks === 0,
        maxVersion,
      })
      .then(
        (response) => {
          monitor.requestEnded(sentAt, acks === 0 ? undefined : response.throttleTimeMs)
          request.response = acks === 0 ? undefined : response
          request.outcomes =
            acks === 0
              ? outgoing.map(() => ({ kind: 'stored', baseOffset: -1n, logAppendTimeMs: -1 }))
              : outcomesOf(outgoing, response)
          this.#settle()
        },
        (caught: unknown) => {
          monitor.requestEnded(sentAt, undefined)
          const error = KafkaError.from(caught, 'The Produce request failed', { api: 'Produce' })
          const maybeWritten = isMaybeWritten(error)
          request.outcomes = outgoing.map(() => ({ kind: 'lost', error, maybeWritten }))
          this.#settle()
        },
      )
  }

  /** Handles the outcomes of the oldest requests that have theirs. */
  #settle(): void {
    for (;;) {
      const oldest = this.#inFlight[0]
      if (oldest?.outcomes === undefined) return
      this.#inFlight.shift()
      for (let i = 0; i < oldest.outgoing.length; i++) {
        this.#owner.onOutcome(
          oldest.outgoing[i] as OutgoingBatch,
          this.nodeId,
          oldest.outcomes[i] as ProduceOutcome,
          oldest.response,
        )
      }
      this.#owner.onSlotFree(this)
    }
  }
}

/** A request tells its broker one time to wait for replicas. */
function shareRequest(one: ProducerBatch, other: ProducerBatch): boolean {
  return one.terms.acknowledgementTimeoutMs === other.terms.acknowledgementTimeoutMs
}

function recordsIn(outgoing: readonly OutgoingBatch[]): number {
  let count = 0
  for (const { batch } of outgoing) count += batch.recordCount
  return count
}

/** False only when it is certain that no broker saw the request. */
function isMaybeWritten(error: KafkaError): boolean {
  if (error instanceof ConnectionError || error instanceof TimeoutError) return error.maybeWritten
  return error.code === 'INTERNAL_ERROR' || error.code === 'DECODE_FAILED'
}
