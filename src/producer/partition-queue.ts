import type { ProducerBatch } from './producer-batch'
import type { IdentitySource, ProducerIdAndEpoch } from './producer-identity'

const maxSequence = 0x7fffffff

/** The sequence that follows a batch of `count` records; after 2^31 - 1 comes 0. */
export function sequenceAfter(sequence: number, count: number): number {
  return sequence > maxSequence - count ? count - (maxSequence - sequence) - 1 : sequence + count
}

/**
 * Owns the batches of one partition, in the order of their records, and the sequence numbers they get:
 *
 *     batches   [ in flight | in flight | sealed | sealed | open ]
 *                 head                    drainIndex
 *
 * Laws L7 and L8 are kept here. Only the head is ever finished; when it has to be sent again, draining starts over
 * at the head (`rewind`), with the same sequence numbers. Several requests are in flight only while all goes well:
 * after one success on the current leader, and not while a gap in the sequence may exist.
 *
 * A gap may exist (`hasGap`) once a batch that had a sequence number left the queue without success: it may be in
 * the log or not. Batches that were numbered behind it are then sent one at a time, with their numbers: if the broker
 * takes one, the lost batch is in the log; if it misses something (OUT_OF_ORDER_SEQUENCE_NUMBER), neither is, and the
 * rest is numbered anew under a higher epoch, as it is when no numbered batch is left (KIP-360).
 */
export class PartitionQueue {
  readonly topic: string
  readonly partition: number
  readonly batches: ProducerBatch[] = []
  /** Requests in flight that carry a batch of this partition. */
  inFlight = 0
  /** By the clock's `now`: nothing is drained before. */
  retryAt = 0
  /** Attempts that failed since the last success. */
  failures = 0
  /** In a broker's list of partitions that may have something to send. */
  isListed = false
  leaderId = -1
  leaderEpoch = -1
  /** Offset behind the last one a broker acknowledged; -1 before there is one. */
  nextOffset = -1n
  /** Bytes of the last batch that was stored: the next one is likely to become as large. */
  lastBatchBytes = 0
  #drainIndex = 0
  #nextSequence = 0
  /** Under which `#nextSequence` counts. */
  #identity: ProducerIdAndEpoch | undefined
  #inFlightNodeId = -1
  /** A batch was stored since the leader, or our luck with it, last changed (R5). */
  #provedLeader = false
  #rewound = false
  #hasGap = false
  #renumberPending = false

  constructor(topic: string, partition: number) {
    this.topic = topic
    this.partition = partition
  }

  get head(): ProducerBatch | undefined {
    return this.batches[0]
  }

  /** The batch that takes records, if there is one. */
  get open(): ProducerBatch | undefined {
    const last = this.batches[this.batches.length - 1]
    return last !== undefined && last.stage === 'open' ? last : undefined
  }

  /** The batch that is drained next, whether or not it may be drained now. */
  get next(): ProducerBatch | undefined {
    return this.batches[this.#drainIndex]
  }

  /** The batch that is drained so many after the next. */
  after(next: number): ProducerBatch | undefined {
    return this.batches[this.#drainIndex + next]
  }

  /** Takes over what metadata says of the leader; answers whether it is another one, or newly elected. */
  follow(leaderId: number, leaderEpoch: number): boolean {
    if (leaderId === this.leaderId && leaderEpoch === this.leaderEpoch) return false
    this.leaderId = leaderId
    this.leaderEpoch = leaderEpoch
    this.#provedLeader = false
    this.retryAt = 0
    return true
  }

  /**
   * Whether `next` may be sent as far as order and sequences are concerned.
   * @param identities undefined without idempotence: then one request is in flight at most (P3)
   */
  maySend(identities: IdentitySource | undefined): boolean {
    if (this.inFlight === 0) return true
    if (identities === undefined || this.#rewound || this.#hasGap || this.#renumberPending) return false
    if (!this.#provedLeader || this.#inFlightNodeId !== this.leaderId) return false
    const next = this.next
    return next !== undefined && (next.baseSequence >= 0 || this.#identity === identities.current)
  }

  /** Closes a gap once nothing is in flight and nothing numbered is left: a new epoch, and sequences from 0. */
  settleSequences(identities: IdentitySource): void {
    if (this.inFlight > 0) return
    if (this.#hasGap && (this.head === undefined || this.head.baseSequence < 0)) {
      if (this.#identity !== undefined) identities.bump(this.#identity)
      this.#hasGap = false
      this.#renumberPending = true
    }
    if (!this.#renumberPending) return
    this.#renumberPending = false
    this.#identity = undefined
    this.#drainIndex = 0
    for (const batch of this.batches) {
      batch.identity = undefined
      batch.baseSequence = -1
    }
  }

  /** Gives `next` its place in the sequence, unless it has one from an earlier attempt (P20). */
  number(batch: ProducerBatch, identity: ProducerIdAndEpoch): void {
    if (batch.baseSequence >= 0) return
    if (this.#identity !== identity) {
      this.#identity = identity
      this.#nextSequence = 0
    }
    batch.identity = identity
    batch.baseSequence = this.#nextSequence
    this.#nextSequence = sequenceAfter(this.#nextSequence, batch.recordCount)
  }

  /** `next` goes out to a broker. */
  drained(batch: ProducerBatch, nodeId: number): void {
    batch.inFlight = true
    batch.attempts++
    this.#drainIndex++
    this.inFlight++
    this.#inFlightNodeId = nodeId
  }

  /** A request that carried `batch` has its outcome. */
  returned(batch: ProducerBatch): void {
    batch.inFlight = false
    if (--this.inFlight === 0) this.#rewound = false
  }

  /** The head is in the log. */
  succeeded(batch: ProducerBatch, nodeId: number): void {
    this.remove(batch)
    this.lastBatchBytes = batch.builder.byteLength
    this.failures = 0
    this.#hasGap = false
    this.#provedLeader = nodeId === this.leaderId
  }

  /** Everything from the head on is drained again, in order, one request at a time until one succeeds (R3, P1). */
  rewind(): void {
    this.#drainIndex = 0
    this.#provedLeader = false
    this.#rewound = this.inFlight > 0
  }

  /** The head and all behind it get numbers from 0 under another epoch, once nothing is in flight. */
  renumber(): void {
    this.#renumberPending = true
    this.#hasGap = false
    this.rewind()
  }

  /** Takes a batch out; one that had a number and no success leaves a gap (see `leaveGap`). */
  remove(batch: ProducerBatch): void {
    const at = this.batches[0] === batch ? 0 : this.batches.indexOf(batch)
    if (at < 0) return
    if (at === 0) this.batches.shift()
    else this.batches.splice(at, 1)
    if (at < this.#drainIndex) this.#drainIndex--
  }

  /** Takes a batch out that was not, or maybe not, stored. */
  abandon(batch: ProducerBatch): void {
    this.remove(batch)
    if (batch.baseSequence >= 0 && !this.#renumberPending) this.#hasGap = true
  }

  /** The head is sent again in parts. Their numbers are its own: those behind it keep theirs. */
  replaceHead(parts: readonly ProducerBatch[]): void {
    const head = this.batches.shift() as ProducerBatch
    let sequence = head.baseSequence
    for (const part of parts) {
      if (head.baseSequence < 0) break
      part.identity = head.identity
      part.baseSequence = sequence
      sequence = sequenceAfter(sequence, part.recordCount)
    }
    this.batches.unshift(...parts)
    this.rewind()
  }

  /** The topic was deleted and created again: no broker knows our numbers any more (P14). */
  forgetSequences(): void {
    if (this.#identity !== undefined) this.renumber()
    this.nextOffset = -1n
  }
}
