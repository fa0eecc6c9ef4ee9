import { addPartitionsToTxnApi } from '../../../src/wire/generated/client/add-partitions-to-txn'
import { endTxnApi, type EndTxnResponse } from '../../../src/wire/generated/client/end-txn'
import { findCoordinatorApi } from '../../../src/wire/generated/client/find-coordinator'
import {
  initProducerIdApi,
  type InitProducerIdResponse,
} from '../../../src/wire/generated/client/init-producer-id'
import type { BrokerUnderTest } from './describe-each-broker'
import { batch, only, produce, type BatchOptions, type TestTopic } from './log'

/** COORDINATOR_LOAD_IN_PROGRESS, COORDINATOR_NOT_AVAILABLE, NOT_COORDINATOR and CONCURRENT_TRANSACTIONS: what passes. */
const passing = new Set([14, 15, 16, 51])

/** Repeats a request while its answer is one that every client tries again after. */
export async function untilSettled<T>(ask: () => Promise<T>, errorOf: (answer: T) => number): Promise<T> {
  for (;;) {
    const answer = await ask()
    if (!passing.has(errorOf(answer))) return answer
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** Waits until there is a coordinator (type 0 of a group, 1 of a transactional id); that also makes its topic. */
export async function findCoordinator(broker: BrokerUnderTest, key: string, keyType: number): Promise<void> {
  await untilSettled(
    () => broker.raw(findCoordinatorApi, 2, { key, keyType }),
    (answer) => answer.errorCode,
  )
}

/** Asks for a producer id, for a transactional one too. */
export async function initProducerId(
  broker: BrokerUnderTest,
  options: {
    version?: number
    transactionalId?: string | null
    timeoutMs?: number
    producerId?: bigint
    producerEpoch?: number
  } = {},
): Promise<InitProducerIdResponse> {
  const { version = 4, transactionalId = null, timeoutMs = 60_000, producerId = -1n } = options
  const known = version >= 3 ? { producerId, producerEpoch: options.producerEpoch ?? -1 } : {}
  if (transactionalId !== null) await findCoordinator(broker, transactionalId, 1)
  const request = { transactionalId, transactionTimeoutMs: timeoutMs, ...known }
  return untilSettled(
    () => broker.raw(initProducerIdApi, version, request),
    (answer) => answer.errorCode,
  )
}

/** A transactional producer as the protocol sees it: an id, an epoch and its sequences. */
export class TransactionalProducer {
  readonly transactionalId: string
  producerId = -1n
  epoch = -1
  readonly #broker: BrokerUnderTest
  readonly #sequences = new Map<string, number>()

  constructor(broker: BrokerUnderTest, transactionalId = broker.uniqueName('txn')) {
    this.#broker = broker
    this.transactionalId = transactionalId
  }

  /** Gets an id and an epoch, fencing whoever had them. */
  async init(timeoutMs = 60_000): Promise<this> {
    const answer = await initProducerId(this.#broker, { transactionalId: this.transactionalId, timeoutMs })
    if (answer.errorCode !== 0) throw new Error(`No producer id: ${answer.errorCode}`)
    this.producerId = answer.producerId
    this.epoch = answer.producerEpoch
    this.#sequences.clear()
    return this
  }

  /** Says that a partition takes part, as protocol v1 has it, and gives the error code. */
  async add(topic: TestTopic, partition = 0, version = 3): Promise<number> {
    const answer = await untilSettled(
      () =>
        this.#broker.raw(addPartitionsToTxnApi, version, {
          v3AndBelowTransactionalId: this.transactionalId,
          v3AndBelowProducerId: this.producerId,
          v3AndBelowProducerEpoch: this.epoch,
          v3AndBelowTopics: [{ name: topic.name, partitions: [partition] }],
        }),
      (one) => one.resultsByTopicV3AndBelow[0]?.resultsByPartition[0]?.partitionErrorCode ?? -1,
    )
    return only(only(answer.resultsByTopicV3AndBelow).resultsByPartition).partitionErrorCode
  }

  /** Writes values in the transaction and gives the error code. */
  async write(
    topic: TestTopic,
    values: readonly string[],
    version = 9,
    options: BatchOptions = {},
  ): Promise<number> {
    const sequence = this.#sequences.get(topic.name) ?? 0
    const records = batch({
      values,
      isTransactional: true,
      producerId: this.producerId,
      producerEpoch: this.epoch,
      baseSequence: sequence,
      ...options,
    })
    const { transactionalId } = this
    const answer = await untilSettled(
      () => produce(this.#broker, topic, records, { version, transactionalId }),
      (one) => one.errorCode,
    )
    if (answer.errorCode === 0) this.#sequences.set(topic.name, sequence + values.length)
    return answer.errorCode
  }

  /** Ends the transaction. Protocol v2 gives a new epoch (version 5), which is taken over. */
  async end(committed: boolean, version = 3): Promise<EndTxnResponse> {
    const { transactionalId, producerId, epoch } = this
    const answer = await untilSettled(
      () =>
        this.#broker.raw(endTxnApi, version, {
          transactionalId,
          producerId,
          producerEpoch: epoch,
          committed,
        }),
      (one) => one.errorCode,
    )
    if (version >= 5 && answer.errorCode === 0) {
      this.producerId = answer.producerId
      this.epoch = answer.producerEpoch
      this.#sequences.clear()
    }
    return answer
  }
}
