import type { Timer } from '../../base/clock'
import type { PartitionState } from '../partition-state'
import { BrokerFetcher, type FetchPlanner } from './broker-fetcher'
import { FetchResponseHandler } from './fetch-response-handler'
import type { FetchSettings } from './fetch-settings'
import { FetchShares } from './fetch-shares'

/**
 * Keeps every fetchable partition supplied: knows which broker to ask for which, and how much. What is asked for
 * never exceeds a partition's share of the budget, so that a paused or slow partition, whose share is full, takes
 * nothing from the others (L17).
 *
 * It is driven by events only: a position found, data delivered, a partition resumed, an answer, a metadata update,
 * the end of a backoff. Each leads to the partition it is about, never to a look at all of them; only an update of the
 * metadata concerns them all.
 */
export class Fetcher implements FetchPlanner {
  readonly #settings: FetchSettings
  readonly #shares: FetchShares
  readonly #handler: FetchResponseHandler
  readonly #brokers = new Map<number, BrokerFetcher>()
  /** Partitions that are not asked for before their `retryAt`. */
  readonly #waiting = new Set<PartitionState>()
  readonly #endUpdates: () => void
  #timer: Timer | undefined
  #timerAt = Infinity
  #isUpdateScheduled = false
  #isClosed = false

  constructor(settings: FetchSettings) {
    this.#settings = settings
    const { memory, maxPartitionBytes, subscription, cluster } = settings
    this.#shares = new FetchShares({
      limitBytes: memory.limitBytes,
      maxPartitionBytes,
      partitionCount: () => subscription.size,
    })
    this.#handler = new FetchResponseHandler(settings, this.#shares, (state) => this.#checkLeader(state))
    this.#endUpdates = cluster.metadata.onUpdate(() => this.#scheduleUpdate())
  }

  /** Looks at all partitions: after an assignment, or when many were set anew. */
  wake(): void {
    for (const state of this.#settings.subscription.all()) this.wakePartition(state)
  }

  /**
   * Looks at one partition: its position was found, its data was delivered, it was resumed. Cheap when it is being
   * fetched already, or holds enough.
   */
  wakePartition(state: PartitionState): void {
    if (state.standingFetch?.token === state.token || this.#isClosed) return
    if (!isFetchable(state) || this.#holdsEnough(state)) return
    const nodeId = this.#nodeOf(state)
    if (nodeId >= 0) this.#broker(nodeId).list(state)
  }

  admits(state: PartitionState, asker: BrokerFetcher): boolean {
    if (!isFetchable(state) || this.#holdsEnough(state)) return false
    const now = this.#settings.cluster.clock.now()
    if (state.retryAt > now) {
      this.#wait(state, now)
      return false
    }
    const standing = state.standingFetch
    if (standing?.token === state.token && standing.asker !== asker && standing.asker?.isAsking) {
      // The other broker's answer may yet bring data. When it has come, the partition is looked at there.
      standing.asker.reconsider(state)
      return false
    }
    const nodeId = this.#nodeOf(state)
    if (nodeId === asker.nodeId) return true
    if (nodeId >= 0) this.#broker(nodeId).list(state)
    return false
  }

  #holdsEnough(state: PartitionState): boolean {
    const { reader } = state
    return reader.failure !== undefined || reader.queue.heldBytes > this.#shares.bytesFor(state)
  }

  bytesFor(state: PartitionState): number {
    return this.#shares.bytesFor(state)
  }

  #wait(state: PartitionState, now: number): void {
    this.#waiting.add(state)
    this.wakeLater(state.retryAt - now)
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
      this.#endWaits(clock.now())
      for (const broker of this.#brokers.values()) broker.wake()
    })
  }

  #endWaits(now: number): void {
    for (const state of this.#waiting) {
      if (state.retryAt > now && state.isOwned) this.wakeLater(state.retryAt - now)
      else {
        this.#waiting.delete(state)
        this.wakePartition(state)
      }
    }
  }

  /** The broker to ask: the preferred replica while it is obeyed, else the leader; -1 while there is none. */
  #nodeOf(state: PartitionState): number {
    const { cluster } = this.#settings
    if (state.preferredReplica >= 0) {
      if (this.#isKnown(state.preferredReplica) && cluster.clock.now() < state.preferredReplicaUntil) {
        return state.preferredReplica
      }
      state.preferredReplica = -1
    }
    const leaderId = cluster.metadata.partition(state.topic, state.partition)?.leaderId ?? -1
    if (leaderId < 0) this.#waitForLeader(state)
    return leaderId
  }

  #isKnown(replica: number): boolean {
    return this.#settings.cluster.metadata.brokers().some(({ nodeId }) => nodeId === replica)
  }

  #waitForLeader(state: PartitionState): void {
    const { cluster } = this.#settings
    const now = cluster.clock.now()
    if (state.retryAt <= now) {
      cluster.metadata.requestRefresh(`no leader known for ${state.topic}-${state.partition}`)
      state.retryAt = now + cluster.retryBackoffMaxMs
    }
    this.#wait(state, now)
  }

  /** Once a turn: a broker that names many leaders makes an update of each. */
  #scheduleUpdate(): void {
    if (this.#isUpdateScheduled) return
    this.#isUpdateScheduled = true
    queueMicrotask(() => {
      this.#isUpdateScheduled = false
      if (this.#isClosed) return
      for (const state of this.#settings.subscription.all()) this.#checkLeader(state)
    })
  }

  /** A partition that moved is asked for at its new leader at once, even if the old one still owes an answer. */
  #checkLeader(state: PartitionState): void {
    if (state.phase !== 'fetching') return
    const description = this.#settings.cluster.metadata.topic(state.topic)
    const leader = description?.partitions[state.partition]
    if (description === undefined || leader === undefined || leader.leaderId < 0) return
    const { standingFetch: standing } = state
    if (state.leaderId !== leader.leaderId || state.leaderEpoch !== leader.leaderEpoch) {
      const isKnown = state.leaderId >= 0
      state.leaderId = leader.leaderId
      state.leaderEpoch = leader.leaderEpoch
      state.retryAt = 0
      if (isKnown && (state.isInFlight || standing?.token === state.token)) state.abandonFetch()
      if (isKnown && state.positionEpoch >= 0 && state.positionEpoch < leader.leaderEpoch) {
        state.needsValidation = true
        this.#settings.onLeaderChanged(state)
      }
    } else if (
      standing !== undefined &&
      (standing.topicId !== description.topicId ||
        (state.preferredReplica >= 0 && !this.#isKnown(state.preferredReplica)))
    ) {
      standing.asker?.reconsider(state)
    }
    this.wakePartition(state)
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
  return (
    state.phase === 'fetching' &&
    !state.isPaused &&
    !state.isInFlight &&
    !state.needsValidation &&
    !state.needsNoFetch
  )
}
