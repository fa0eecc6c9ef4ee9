import type { Timer } from '../../base/clock'
import type { Cluster } from '../../cluster/cluster'
import type { PartitionState } from '../partition-state'
import type { SubscriptionState } from '../subscription-state'

export interface PartitionScanOptions {
  readonly cluster: Cluster
  readonly subscription: SubscriptionState
  /** Whether something has to be found out about the partition. */
  readonly isWaiting: (partition: PartitionState) => boolean
  /** Takes the waiting partitions whose backoff has passed, and of which nothing is being found out yet. */
  readonly onDue: (partitions: readonly PartitionState[]) => void
}

/**
 * Looks at the partitions when something may have become due: once a turn however often it is woken, and again when the
 * earliest of their backoffs has passed. Between these nothing runs.
 */
export class PartitionScan {
  readonly #options: PartitionScanOptions
  readonly #abort = new AbortController()
  /** When those are due again that failed since the last look, by how often they did. */
  readonly #retryAt = new Map<number, number>()
  #timer: Timer | undefined
  #isScheduled = false

  constructor(options: PartitionScanOptions) {
    this.#options = options
  }

  /** Fires when the scan is closed: ends the requests that it started. */
  get signal(): AbortSignal {
    return this.#abort.signal
  }

  /** Looks after the partitions soon. Cheap, however often it is called. */
  wake(): void {
    if (this.#isScheduled || this.signal.aborted) return
    this.#isScheduled = true
    queueMicrotask(() => {
      this.#isScheduled = false
      if (!this.signal.aborted) this.#run()
    })
  }

  #run(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#retryAt.clear()
    const { cluster, subscription, isWaiting, onDue } = this.#options
    const now = cluster.clock.now()
    const due: PartitionState[] = []
    let nextAt = Infinity
    for (const state of subscription.all()) {
      if (state.isInFlight || !isWaiting(state)) continue
      if (state.retryAt > now) nextAt = Math.min(nextAt, state.retryAt)
      else due.push(state)
    }
    if (due.length > 0) onDue(due)
    if (nextAt < Infinity) this.#timer = cluster.clock.setTimer(nextAt - now, () => this.wake())
  }

  /**
   * The partition is due again after a backoff. Those that failed together are due together: a broker that refuses
   * thousands of partitions for a while is asked for all of them at once, not for each at a time of its own.
   */
  retryLater(state: PartitionState): void {
    state.failures++
    state.retryAt = this.#retryAt.get(state.failures) ?? this.#backOff(state.failures)
    this.wake()
  }

  #backOff(failures: number): number {
    const { cluster } = this.#options
    const retryAt = cluster.clock.now() + cluster.backoffMs(failures)
    this.#retryAt.set(failures, retryAt)
    return retryAt
  }

  close(): void {
    this.#abort.abort()
    this.#timer?.cancel()
    this.#timer = undefined
  }
}
