import { Deadline } from '../../base/deadline'
import { ErrorCode } from '../../base/error-codes'
import { BrokerError, KafkaError } from '../../base/errors'
import { partitionsByTopic } from '../../base/topic-partition'
import type { Cluster } from '../../cluster/cluster'
import {
  addPartitionsToTxnApi,
  type AddPartitionsToTxnResponse,
} from '../../wire/generated/client/add-partitions-to-txn'
import type { PartitionQueue } from '../partition-queue'
import type { ProducerIdAndEpoch } from '../producer-identity'
import { callCoordinator } from './coordinator-calls'

/** Versions from 4 on are spoken between brokers. */
const maxClientVersion = 3

/** Who is told. */
export interface EnrolmentListener {
  /** The partitions are part of the transaction: their batches may leave. */
  onEnrolled(queues: readonly PartitionQueue[]): void
  onEnrolmentFailed(error: KafkaError): void
}

/**
 * Makes partitions part of the open transaction before their first batch leaves (AddPartitionsToTxn), where the broker
 * does not do it by itself (before KIP-890's second part). All that ask in one turn of the event loop, or while a
 * request is under way, share the next request.
 */
export class PartitionEnrolment {
  readonly #cluster: Cluster
  readonly #transactionalId: string
  readonly #timeoutMs: number
  readonly #listener: EnrolmentListener
  readonly #enrolled = new Set<PartitionQueue>()
  #asked = new Set<PartitionQueue>()
  #running: Promise<void> | undefined

  constructor(cluster: Cluster, transactionalId: string, timeoutMs: number, listener: EnrolmentListener) {
    this.#cluster = cluster
    this.#transactionalId = transactionalId
    this.#timeoutMs = timeoutMs
    this.#listener = listener
  }

  /** Whether the partition's batches may leave; if not it is asked for, and the listener hears of it. */
  admits(queue: PartitionQueue, identity: ProducerIdAndEpoch): boolean {
    if (this.#enrolled.has(queue)) return true
    this.#asked.add(queue)
    this.#running ??= this.#run(identity).finally(() => {
      this.#running = undefined
    })
    return false
  }

  /** Resolves when no request is under way: an end of the transaction must not overtake one (X9). */
  async idle(): Promise<void> {
    await this.#running
  }

  /** The transaction is over. */
  clear(): void {
    this.#enrolled.clear()
    this.#asked.clear()
  }

  async #run(identity: ProducerIdAndEpoch): Promise<void> {
    // What is sent in the same turn shares the request.
    await Promise.resolve()
    while (this.#asked.size > 0) {
      const queues = [...this.#asked]
      this.#asked = new Set()
      try {
        await this.#add(queues, identity)
        for (const queue of queues) this.#enrolled.add(queue)
        this.#listener.onEnrolled(queues)
      } catch (error) {
        this.#asked.clear()
        this.#listener.onEnrolmentFailed(KafkaError.from(error, 'AddPartitionsToTxn failed'))
      }
    }
  }

  async #add(queues: readonly PartitionQueue[], identity: ProducerIdAndEpoch): Promise<void> {
    const key = this.#transactionalId
    const response = await callCoordinator(
      this.#cluster,
      {
        target: { kind: 'coordinator', type: 'transaction', key },
        api: addPartitionsToTxnApi,
        body: {
          v3AndBelowTransactionalId: key,
          v3AndBelowProducerId: identity.producerId,
          v3AndBelowProducerEpoch: identity.producerEpoch,
          v3AndBelowTopics: [...partitionsByTopic(queues)].map(([name, partitions]) => ({
            name,
            partitions,
          })),
        },
        errorCodeOf: (answer) => partitionFailure(answer)?.errorCode ?? ErrorCode.NONE,
        maxVersion: maxClientVersion,
      },
      new Deadline(this.#cluster.clock, 'AddPartitionsToTxn', this.#timeoutMs),
    )
    const failure = partitionFailure(response)
    if (failure === undefined) return
    const { topic, partition, errorCode } = failure
    throw new BrokerError(errorCode, 'The partition could not be made part of the transaction', {
      topic,
      partition,
      api: 'AddPartitionsToTxn',
    })
  }
}

/** The first partition with an error of its own; those that were only not attempted because of it come last. */
function partitionFailure(response: AddPartitionsToTxnResponse) {
  let found: { topic: string; partition: number; errorCode: number } | undefined
  for (const { name, resultsByPartition } of response.resultsByTopicV3AndBelow) {
    for (const { partitionIndex, partitionErrorCode: errorCode } of resultsByPartition) {
      if (errorCode === ErrorCode.NONE) continue
      if (found === undefined || found.errorCode === ErrorCode.OPERATION_NOT_ATTEMPTED) {
        found = { topic: name, partition: partitionIndex, errorCode }
      }
    }
  }
  return found
}
