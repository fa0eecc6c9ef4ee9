import type { Timer } from '../base/clock'
import type { Deadline } from '../base/deadline'
import { formatTopicPartition } from '../base/topic-partition'
import type { AcknowledgementResult } from './acknowledgement-result'
import type { UnsettledAcknowledgements } from './pending-acknowledgements'
import { ShareBroker, type SharePlanner } from './share-broker'
import { leaderOf } from './share-leader'
import type { SharePartition } from './share-partition'
import { ShareResponseHandler } from './share-response-handler'
import type { ShareSettings } from './share-settings'

export interface ShareFetcherOptions {
  readonly settings: ShareSettings
  /** True while messages are asked for, and none wait to be handed out. */
  readonly isThirsty: () => boolean
}

/**
 * Decides which broker is asked for which partitions, and when. Records are asked for only while somebody wants
 * messages and none are left of those that were acquired before: whatever waits here is locked for others.
 *
 * It is driven by events only: an assignment, the last message handed out, an answer, a metadata update, the end of a
 * backoff.
 */
export class ShareFetcher implements SharePlanner {
  readonly #settings: ShareSettings
  readonly #options: ShareFetcherOptions
  readonly #handler: ShareResponseHandler
  readonly #brokers = new Map<number, ShareBroker>()
  /** Records asked for by the requests under way. */
  readonly #asked = new Map<number, number>()
  readonly #endUpdates: () => void
  #partitions: readonly SharePartition[] = []
  #timer: Timer | undefined
  #timerAt = Infinity
  #isClosed = false

  constructor(options: ShareFetcherOptions) {
    this.#options = options
    this.#settings = options.settings
    this.#handler = new ShareResponseHandler(options.settings)
    this.#endUpdates = this.#settings.cluster.metadata.onUpdate(() => this.#handleMetadata())
  }

  /** The partitions of this member from now on. */
  assign(partitions: readonly SharePartition[]): void {
    this.#partitions = partitions
    this.wake()
  }

  /** Looks at all brokers. */
  wake(): void {
    if (this.#isClosed) return
    for (const partition of this.#partitions) {
      const nodeId = this.#leaderOf(partition)
      if (nodeId < 0) this.#waitForLeader(partition)
      else if (!this.#brokers.has(nodeId)) this.#addBroker(nodeId)
    }
    this.wakeBrokers()
  }

  /** As `wake`, where no partition can have got a leader meanwhile. */
  wakeBrokers(): void {
    for (const broker of this.#brokers.values()) broker.wake()
  }

  partitionsOf(nodeId: number): SharePartition[] {
    const now = this.#settings.cluster.clock.now()
    return this.#partitions.filter((partition) => {
      if (this.#leaderOf(partition) !== nodeId) return false
      if (partition.retryAt <= now) return true
      this.wakeLater(partition.retryAt - now)
      return false
    })
  }

  isUnused(nodeId: number): boolean {
    return !this.#partitions.some((partition) => this.#leaderOf(partition) === nodeId)
  }

  /**
   * With a record limit (KIP-1206) all that is held and asked for stays within it: the brokers share it, and one that
   * has no part of it waits for its turn.
   */
  recordsToAsk(nodeId: number): number {
    if (!this.#options.isThirsty()) return 0
    const { acquireMode, maxPollRecords, held } = this.#settings
    if (acquireMode === 'batch_optimized') return maxPollRecords
    // What is said with the same request is off the account before records are given.
    const saying = held.of(nodeId).reduce((sum, records) => sum + records.pendingCount, 0)
    const asked = [...this.#asked.values()].reduce((sum, count) => sum + count, 0)
    const left = maxPollRecords - (held.count - saying) - asked
    const share = Math.max(1, Math.floor(maxPollRecords / this.#leaderCount()))
    return Math.max(0, Math.min(left, share))
  }

  bytesToAsk(): number {
    const { memory, maxBytes } = this.#settings
    return Math.min(maxBytes, Math.floor(memory.limitBytes / this.#leaderCount()))
  }

  onAsking(nodeId: number, records: number): void {
    this.#asked.set(nodeId, records)
    // Who asked last comes last when there is not enough for all.
    const broker = this.#brokers.get(nodeId)
    if (broker === undefined || this.#settings.acquireMode === 'batch_optimized') return
    this.#brokers.delete(nodeId)
    this.#brokers.set(nodeId, broker)
  }

  onAsked(nodeId: number): void {
    if (this.#asked.delete(nodeId) && this.#settings.acquireMode === 'record_limit') this.wake()
  }

  wakeLater(ms: number): void {
    const { clock } = this.#settings.cluster
    const at = clock.now() + ms
    if (this.#isClosed || at >= this.#timerAt) return
    this.#timer?.cancel()
    this.#timerAt = at
    this.#timer = clock.setTimer(ms, () => {
      this.#timerAt = Infinity
      this.#timer = undefined
      this.wake()
    })
  }

  /** Sends at once what there is to say; resolves with what became of it. */
  async flush(): Promise<AcknowledgementResult[]> {
    return (await Promise.all([...this.#brokers.values()].map((broker) => broker.flush()))).flat()
  }

  /** The brokers that have not taken all that was said. */
  unsettled(): UnsettledAcknowledgements[] {
    return [...this.#brokers.values()].flatMap((broker) => broker.unsettled ?? [])
  }

  /** Says what there is to say, and ends the sessions. Never rejects. */
  async close(deadline: Deadline): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#endUpdates()
    this.#timer?.cancel()
    await Promise.all([...this.#brokers.values()].map((broker) => broker.close(deadline)))
    this.#settings.cluster.closeConnections(this.#settings.connection)
  }

  #leaderCount(): number {
    return Math.max(1, new Set(this.#partitions.map((partition) => this.#leaderOf(partition))).size)
  }

  #leaderOf(partition: SharePartition): number {
    return leaderOf(this.#settings.cluster.metadata, partition)
  }

  #handleMetadata(): void {
    if (this.#isClosed) return
    this.#settings.held.loseMoved(this.#settings.cluster.metadata)
    this.wake()
  }

  #waitForLeader(partition: SharePartition): void {
    const { cluster } = this.#settings
    const now = cluster.clock.now()
    if (partition.retryAt <= now) {
      cluster.metadata.requestRefresh(`no leader known for ${formatTopicPartition(partition)}`)
      partition.retryAt = now + cluster.retryBackoffMaxMs
    }
    this.wakeLater(partition.retryAt - now)
  }

  #addBroker(nodeId: number): void {
    this.#brokers.set(nodeId, new ShareBroker(nodeId, this.#settings, this, this.#handler))
  }
}
