import { formatTopicPartition, type TopicPartition } from '../../base/topic-partition'
import type { ProducerIdAndEpoch } from '../contracts/transactions'
import type { TransactionProtocol, TransactionState } from './transaction-state'

/** What stands for "none" in the fields of a transaction, as on the wire. */
export const noProducerId = -1n
export const noProducerEpoch = -1

const maxEpoch = 0x7fff

/** The last epoch that is given to a producer; the one above it is kept for fencing it. */
export const lastUsableEpoch = maxEpoch - 1

export function isEpochExhausted(epoch: number): boolean {
  return epoch >= lastUsableEpoch
}

/** All that is known of a transactional id but its partitions; replaced as a whole with each change. */
export interface TransactionFacts {
  readonly state: TransactionState
  readonly producerId: bigint
  /** The producer id before the last change: tells the retry of a call whose answer got lost. */
  readonly previousProducerId: bigint
  /** The id that replaces an exhausted one when the end is complete; -1 when the id stays. */
  readonly nextProducerId: bigint
  readonly producerEpoch: number
  readonly lastProducerEpoch: number
  readonly timeoutMs: number
  /** Wall time; -1 when no transaction was begun yet. */
  readonly startTimestamp: number
  readonly lastUpdateTimestamp: number
  readonly protocol: TransactionProtocol
}

/**
 * One transactional id. It owns the state machine below, and refuses nothing: who may ask for which change is the
 * coordinator's matter. The epoch never goes down for one producer id.
 *
 *   Empty -> Ongoing -> PrepareCommit -> CompleteCommit -+
 *     ^        |   \--> PrepareAbort  -> CompleteAbort  -+
 *     +--------+------------------------------------------+   (InitProducerId, next transaction)
 */
export class TransactionMetadata {
  readonly transactionalId: string
  #facts: TransactionFacts
  #partitions = new Map<string, TopicPartition>()

  constructor(transactionalId: string, producerId: bigint, timeoutMs: number, now: number) {
    this.transactionalId = transactionalId
    this.#facts = {
      state: 'Empty',
      producerId,
      previousProducerId: noProducerId,
      nextProducerId: noProducerId,
      producerEpoch: noProducerEpoch,
      lastProducerEpoch: noProducerEpoch,
      timeoutMs,
      startTimestamp: -1,
      lastUpdateTimestamp: now,
      protocol: 1,
    }
  }

  get facts(): TransactionFacts {
    return this.#facts
  }

  get partitions(): Iterable<TopicPartition> {
    return this.#partitions.values()
  }

  /** True between the decision to end a transaction and its last marker: all others are told to wait. */
  get isEnding(): boolean {
    return this.#facts.state === 'PrepareCommit' || this.#facts.state === 'PrepareAbort'
  }

  has(partition: TopicPartition): boolean {
    return this.#partitions.has(formatTopicPartition(partition))
  }

  /**
   * The next epoch for a producer that initializes. `expected` is the epoch it believes to have: the current one
   * goes on after an error; the one before is the retry of a call that was answered, and gets the same answer.
   * False when it is neither: the producer was fenced.
   */
  incrementEpoch(timeoutMs: number, expected: number | undefined, now: number): boolean {
    const { producerEpoch: current, lastProducerEpoch: last } = this.#facts
    const bumped = current + 1
    if (expected === undefined) {
      this.#initialize({ producerEpoch: bumped, lastProducerEpoch: noProducerEpoch, timeoutMs }, now)
    } else if (current === noProducerEpoch || expected === current) {
      this.#initialize({ producerEpoch: bumped, lastProducerEpoch: current, timeoutMs }, now)
    } else if (expected === last) {
      this.#initialize({ producerEpoch: current, lastProducerEpoch: last, timeoutMs }, now)
    } else return false
    return true
  }

  /** A new producer id for one whose epochs are used up. */
  rotateProducerId(producerId: bigint, timeoutMs: number, recordLastEpoch: boolean, now: number): void {
    const lastProducerEpoch = recordLastEpoch ? this.#facts.producerEpoch : noProducerEpoch
    this.#initialize({ producerId, producerEpoch: 0, lastProducerEpoch, timeoutMs }, now)
  }

  /** Makes all who hold the present epoch zombies. The new epoch is given to nobody. */
  fence(): void {
    this.#change({ producerEpoch: this.#facts.producerEpoch + 1, lastProducerEpoch: noProducerEpoch })
  }

  /** The partition belongs to the transaction now, which begins by that if none is open. */
  add(partitions: Iterable<TopicPartition>, protocol: TransactionProtocol, now: number): void {
    for (const it of partitions) this.#partitions.set(formatTopicPartition(it), it)
    const startTimestamp = this.#facts.state === 'Ongoing' ? this.#facts.startTimestamp : now
    this.#change({ state: 'Ongoing', startTimestamp, lastUpdateTimestamp: now, protocol })
  }

  /** Decides the end. With protocol 2 the epoch grows by it, so that late batches of this transaction are refused. */
  prepareEnd(committed: boolean, protocol: TransactionProtocol, nextProducerId: bigint, now: number): void {
    const { state, producerEpoch, startTimestamp } = this.#facts
    const bumped = protocol === 2 ? { lastProducerEpoch: producerEpoch } : {}
    this.#change({
      ...bumped,
      // A fenced producer can stand at the highest epoch there is; it is known to nobody, so it may stay.
      producerEpoch: protocol === 2 && producerEpoch < maxEpoch ? producerEpoch + 1 : producerEpoch,
      state: committed ? 'PrepareCommit' : 'PrepareAbort',
      nextProducerId,
      protocol,
      // KIP-890 lets a producer abort although nothing was added: the time of that is the start.
      startTimestamp: state === 'Ongoing' ? startTimestamp : now,
      lastUpdateTimestamp: now,
    })
  }

  /** All markers are written. */
  completeEnd(now: number): void {
    const next = this.afterEnd
    this.#partitions = new Map()
    this.#change({
      ...next,
      state: this.#facts.state === 'PrepareCommit' ? 'CompleteCommit' : 'CompleteAbort',
      nextProducerId: noProducerId,
      lastUpdateTimestamp: now,
    })
  }

  /** What the producer is told to go on with after the end that is under way. */
  get afterEnd(): ProducerIdAndEpoch {
    const { producerId, producerEpoch, nextProducerId, protocol } = this.#facts
    if (protocol === 2 && nextProducerId !== noProducerId)
      return { producerId: nextProducerId, producerEpoch: 0 }
    return { producerId, producerEpoch }
  }

  #initialize(changes: Partial<TransactionFacts>, now: number): void {
    this.#partitions = new Map()
    this.#change({ ...changes, state: 'Empty', startTimestamp: -1, lastUpdateTimestamp: now })
  }

  #change(changes: Partial<TransactionFacts>): void {
    this.#facts = { ...this.#facts, ...changes, previousProducerId: this.#facts.producerId }
  }
}
