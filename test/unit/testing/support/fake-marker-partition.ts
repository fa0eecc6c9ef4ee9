import type {
  AppendedBatches,
  PartitionEvent,
  TransactionMarker,
} from '../../../../src/testing/contracts/partition'
import { fail } from '../../../../src/testing/contracts/kafka-failure'

/** A partition that notes its markers; a test takes its leader away, holds its replication or deletes it. */
export class FakeMarkerPartition {
  readonly topic: string
  readonly index: number
  readonly markers: TransactionMarker[] = []
  isDeleted = false
  /** Thrown by the next attempts, until it is undefined again. */
  failure: Error | undefined
  #leaderId = 0
  #endOffset = 0n
  #highWatermark = 0n
  #isReplicationHeld = false
  readonly #listeners = new Set<(event: PartitionEvent) => void>()

  constructor(topic: string, index: number) {
    this.topic = topic
    this.index = index
  }

  get leaderId(): number {
    return this.#leaderId
  }

  get highWatermark(): bigint {
    return this.#highWatermark
  }

  /** How many wait for a change of this partition. */
  get watchers(): number {
    return this.#listeners.size
  }

  /** It is there on each broker; nobody looks into it. */
  log(): object {
    return {}
  }

  appendMarker(marker: TransactionMarker): AppendedBatches {
    if (this.failure !== undefined) throw this.failure
    if (this.#leaderId < 0) throw fail('NOT_LEADER_OR_FOLLOWER')
    this.markers.push(marker)
    const offset = this.#endOffset++
    this.tell('append')
    if (!this.#isReplicationHeld) this.#replicate()
    return {
      baseOffset: offset,
      lastOffset: offset,
      logAppendTime: -1,
      logStartOffset: 0n,
      isDuplicate: false,
    }
  }

  whenReplicated(): Promise<void> {
    return Promise.resolve()
  }

  setLeader(leaderId: number): void {
    this.#leaderId = leaderId
    this.tell('leader')
  }

  holdReplication(): void {
    this.#isReplicationHeld = true
  }

  releaseReplication(): void {
    this.#isReplicationHeld = false
    this.#replicate()
  }

  delete(): void {
    this.isDeleted = true
    this.tell('deleted')
  }

  watch(listener: (event: PartitionEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  tell(event: PartitionEvent): void {
    for (const listener of [...this.#listeners]) listener(event)
  }

  #replicate(): void {
    this.#highWatermark = this.#endOffset
    this.tell('high-watermark')
  }
}
