import type { Timer } from '../base/clock'
import { Deadline } from '../base/deadline'
import type { Cluster } from '../cluster/cluster'

/** Milliseconds between looks at whether the broker that keeps a request back still is the coordinator. */
export const coordinatorCheckMs = 5_000

/**
 * Asks who a group's coordinator is while one request waits in the broker, and calls back when it is another than at
 * the start. A broker that froze keeps a JoinGroup for as long as the rebalance may take, while the group has long
 * gone on with its new coordinator.
 */
export class CoordinatorWatch {
  readonly #cluster: Cluster
  readonly #groupId: string
  readonly #nodeId: number
  readonly #intervalMs: number
  readonly #onMoved: () => void
  #timer: Timer | undefined
  #ended = false

  constructor(cluster: Cluster, groupId: string, nodeId: number, intervalMs: number, onMoved: () => void) {
    this.#cluster = cluster
    this.#groupId = groupId
    this.#nodeId = nodeId
    this.#intervalMs = intervalMs
    this.#onMoved = onMoved
    this.#schedule()
  }

  end(): void {
    this.#ended = true
    this.#timer?.cancel()
  }

  #schedule(): void {
    this.#timer = this.#cluster.clock.setTimer(this.#intervalMs, () => void this.#check())
  }

  async #check(): Promise<void> {
    const { clock, requestTimeoutMs } = this.#cluster
    const deadline = new Deadline(clock, 'FindCoordinator', requestTimeoutMs)
    this.#cluster.forgetCoordinator('group', this.#groupId)
    // Without an answer nothing is known; the next check asks again.
    const nodeId = await this.#cluster.coordinator('group', this.#groupId, deadline).catch(() => this.#nodeId)
    if (this.#ended) return
    if (nodeId === this.#nodeId) this.#schedule()
    else this.#onMoved()
  }
}
