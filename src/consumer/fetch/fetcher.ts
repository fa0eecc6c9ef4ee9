import type { Timer } from '../../base/clock'
import type { PartitionState } from '../partition-state'
import { BrokerFetcher, type FetchPlanner } from './broker-fetcher'
import { FetchResponseHandler } from './fetch-response-handler'
import type { FetchSettings } from './fetch-settings'

const smallestShareBytes = 32 * 1024

/**
 * Keeps every fetchable partition supplied: knows which broker to ask for which, and how much. What is asked for
 * never exceeds a partition's share of the budget, so that a paused or slow partition, whose share is full, takes
 * nothing from the others (L17).
 *
 * It is driven by events only: a position found, data delivered, a partition resumed, an answer, a metadata update,
 * the end of a backoff.
 */
export class Fetcher implements FetchPlanner {
  readonly #settings: FetchSettings
  readonly #handler: FetchResponseHandler
  readonly #brokers = new Map<number, BrokerFetcher>()
  readonly #endUpdates: () => void
  #timer: Timer | undefined
  #timerAt = Infinity
  #isClosed = false

  constructor(settings: FetchSettings) {
    this.#settings = settings
    this.#handler = new FetchResponseHandler(settings)
    this.#endUpdates = settings.cluster.metadata.onUpdate(() => this.#handleMetadata())
  }

  /** Looks at all partitions: after an assignment, a metadata update, a backoff. */
  wake(): void {
    if (this.#isClosed) return
    const nodes = new Set<number>()
    for (const state of this.#settings.subscription.all()) {
      if (isFetchable(state)) nodes.add(this.#nodeOf(state))
    }
    for (const nodeId of nodes) if (nodeId >= 0) this.#broker(nodeId).wake()
  }

  /** Looks at one partition: its position was found, its data was delivered, it was resumed. */
  wakePartition(state: PartitionState): void {
    if (this.#isClosed || !isFetchable(state)) return
    const nodeId = this.#nodeOf(state)
    if (nodeId >= 0) this.#broker(nodeId).wake()
  }

  eligible(nodeId: number): PartitionState[] {
    const now = this.#settings.cluster.clock.now()
    const enough = this.bytesPerPartition()
    const partitions: PartitionState[] = []
    for (const state of this.#settings.subscription.all()) {
      if (!isFetchable(state) || this.#nodeOf(state) !== nodeId) continue
      if (state.retryAt > now) this.wakeLater(state.retryAt - now)
      else if (state.reader.failure !== undefined) continue
      else if (state.reader.queue.heldBytes < enough) partitions.push(state)
    }
    // Those that got data last stand at the end, so that none is starved by the limit of a response (C11).
    partitions.sort((a, b) => a.turn - b.turn)
    return partitions
  }

  /** Half a share: while one half is being delivered the other is fetched. */
  bytesPerPartition(): number {
    const { memory, maxPartitionBytes, subscription } = this.#settings
    const share = Math.max(smallestShareBytes, memory.limitBytes / Math.max(1, subscription.all().length))
    return Math.min(maxPartitionBytes, Math.floor(share / 2))
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

  /** The broker to ask: the preferred replica while it is obeyed, else the leader; -1 while there is none. */
  #nodeOf(state: PartitionState): number {
    const { cluster } = this.#settings
    if (state.preferredReplica >= 0) {
      const isKnown = cluster.metadata.brokers().some(({ nodeId }) => nodeId === state.preferredReplica)
      if (isKnown && cluster.clock.now() < state.preferredReplicaUntil) return state.preferredReplica
      state.preferredReplica = -1
    }
    const leaderId = cluster.metadata.partition(state.topic, state.partition)?.leaderId ?? -1
    if (leaderId < 0) this.#waitForLeader(state)
    return leaderId
  }

  #waitForLeader(state: PartitionState): void {
    const { cluster } = this.#settings
    const now = cluster.clock.now()
    if (state.retryAt > now) return this.wakeLater(state.retryAt - now)
    cluster.metadata.requestRefresh(`no leader known for ${state.topic}-${state.partition}`)
    state.retryAt = now + cluster.retryBackoffMaxMs
    this.wakeLater(cluster.retryBackoffMaxMs)
  }

  /** Partitions that moved are asked for at their new leader at once, even if the old one still owes an answer. */
  #handleMetadata(): void {
    if (this.#isClosed) return
    const { metadata } = this.#settings.cluster
    for (const state of this.#settings.subscription.all()) {
      if (state.phase !== 'fetching') continue
      const leader = metadata.partition(state.topic, state.partition)
      if (leader === undefined || leader.leaderId < 0) continue
      if (state.leaderId === leader.leaderId && state.leaderEpoch === leader.leaderEpoch) continue
      const isKnown = state.leaderId >= 0
      state.leaderId = leader.leaderId
      state.leaderEpoch = leader.leaderEpoch
      state.retryAt = 0
      if (isKnown && state.isInFlight) state.abandonFetch()
      if (isKnown && state.positionEpoch >= 0 && state.positionEpoch < leader.leaderEpoch) {
        state.needsValidation = true
        this.#settings.onLeaderChanged(state)
      }
    }
    this.wake()
  }

  #broker(nodeId: number): BrokerFetcher {
    let broker = this.#brokers.get(nodeId)
    if (broker === undefined) {
      broker = new BrokerFetcher(nodeId, this.#settings, this, this.#handler)
      this.#brokers.set(nodeId, broker)
    }
    return broker
  }

  /** Stops fetching, ends the sessions and the connections. Never rejects. */
  async close(timeoutMs: number): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#endUpdates()
    this.#timer?.cancel()
    await Promise.all([...this.#brokers.values()].map((broker) => broker.close(timeoutMs)))
    this.#settings.cluster.closeConnections(this.#settings.connection)
  }
}

function isFetchable(state: PartitionState): boolean {
  return state.phase === 'fetching' && !state.isPaused && !state.isInFlight && !state.needsValidation
}
