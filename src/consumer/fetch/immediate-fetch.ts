import type { Timer } from '../../base/clock'
import { ErrorCode } from '../../base/error-codes'
import { KafkaError } from '../../base/errors'
import type { PartitionState } from '../partition-state'
import type { AskedPartition } from './asked-partition'
import type { FetchExchange } from './fetch-exchange'
import type { FetchResponseHandler } from './fetch-response-handler'
import { planOnce } from './fetch-session'
import type { FetchSettings } from './fetch-settings'
import { FetchTargets } from './fetch-targets'

/** How long a partition waits for the long poll that is under way before it is asked for by itself. */
const patienceMs = 20
/** The same when the broker is known to have something for it: long enough that others come along. */
const shortPatienceMs = 1

/** What it needs of the fetcher. */
export interface ImmediateFetchPlanner {
  /** Those of the partitions that are to be asked for now and are not part of the poll, as far as they are `isTaken`. */
  takeListed(isTaken: (state: PartitionState) => boolean): PartitionState[]
  bytesFor(state: PartitionState): number
  wakePartition(state: PartitionState): void
}

/**
 * The way past a long poll. A broker answers one connection's requests one after another, so a partition that becomes
 * fetchable while its broker holds a poll for others (after a seek, a resume, an assignment, or because its data was
 * delivered) would wait for up to `fetch.max.wait.ms`. It is asked for at once, on a connection of its own, without a
 * session and without a wait. What has nothing to give then waits for the next poll like the others; while that is far
 * off, because nothing happens at the broker (see PollPace), it is asked for again after `fetch.max.wait.ms`.
 */
export class ImmediateFetch {
  readonly #exchange: FetchExchange
  readonly #settings: FetchSettings
  readonly #handler: FetchResponseHandler
  readonly #planner: ImmediateFetchPlanner
  /** Partitions that were asked for in vain during the present poll, and when; the oldest first. */
  readonly #asked = new Map<PartitionState, number>()
  #timer: Timer | undefined
  #timerAt = Infinity
  /** Woken while a fetch was under way. */
  #isWoken = false
  #isPolling = false
  #isFetching = false

  constructor(
    exchange: FetchExchange,
    settings: FetchSettings,
    handler: FetchResponseHandler,
    planner: ImmediateFetchPlanner,
  ) {
    this.#exchange = exchange
    this.#settings = settings
    this.#handler = handler
    this.#planner = planner
  }

  /** A long poll was sent. */
  pollBegan(): void {
    this.#isPolling = true
  }

  /** The poll was answered: its successor asks for everything. */
  pollEnded(): void {
    this.#isPolling = false
    this.#isWoken = false
    if (this.#asked.size > 0) this.#asked.clear()
    this.#disarm()
  }

  /** The partition became fetchable during the poll. */
  wake(state: PartitionState): void {
    if (!this.#isPolling || this.#asked.has(state)) return
    if (this.#isFetching) this.#isWoken = true
    else this.#armIn(this.#hasMore(state) ? shortPatienceMs : patienceMs)
  }

  #hasMore(state: PartitionState): boolean {
    const { isolationLevel } = this.#settings
    return state.fetchOffset < (isolationLevel === 1 ? state.lastStableOffset : state.highWatermark)
  }

  #armIn(ms: number): void {
    const { clock } = this.#settings.cluster
    const at = clock.now() + ms
    if (at >= this.#timerAt) return
    this.#disarm()
    this.#timerAt = at
    this.#timer = clock.setTimer(ms, () => {
      this.#disarm()
      this.#start()
    })
  }

  /** For what was asked for in vain. In most cases the poll ends before. */
  #armForAsked(): void {
    const [oldest] = this.#asked.values()
    if (oldest === undefined || !this.#isPolling) return
    const { clock } = this.#settings.cluster
    this.#armIn(Math.max(shortPatienceMs, oldest + this.#againMs - clock.now()))
  }

  get #againMs(): number {
    return Math.max(patienceMs, this.#settings.maxWaitMs)
  }

  #forgetAskedLongAgo(): void {
    const until = this.#settings.cluster.clock.now() - this.#againMs
    for (const [state, at] of this.#asked) {
      if (at > until) return
      this.#asked.delete(state)
    }
  }

  #disarm(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#timerAt = Infinity
  }

  #start(): void {
    if (!this.#isPolling || this.#isFetching) return
    this.#forgetAskedLongAgo()
    const targets = new FetchTargets<AskedPartition>()
    for (const state of this.#planner.takeListed((one) => !this.#asked.has(one))) {
      targets.set(this.#exchange.ask(state, this.#planner.bytesFor(state)))
    }
    if (targets.size === 0) return this.#armForAsked()
    const reservedBytes = this.#exchange.reserve(targets.bytes)
    if (reservedBytes === 0) return this.#armIn(this.#againMs)
    this.#isFetching = true
    const now = this.#settings.cluster.clock.now()
    for (const { state } of targets) {
      this.#asked.set(state, now)
      state.markInFlight()
    }
    void this.#fetch(targets, reservedBytes)
  }

  async #fetch(targets: FetchTargets<AskedPartition>, reservedBytes: number): Promise<void> {
    let isHandled = false
    try {
      const limits = { maxBytes: reservedBytes, maxWaitMs: 0, minBytes: 0, connection: this.connection }
      const response = await this.#exchange.send(planOnce(targets), limits)
      if (response.errorCode === ErrorCode.NONE) {
        isHandled = true
        const find = (topic: string, topicId: string, partition: number) =>
          targets.find(topic, topicId, partition)
        // Those that brought data may be asked for again during the same poll.
        for (const state of this.#handler.handle(response, find, reservedBytes)) {
          this.#asked.delete(state)
          this.#settings.onRecords(state)
        }
      }
    } catch (caught) {
      // Whatever is wrong, the poll meets it too, and deals with it.
      const reason = KafkaError.from(caught).message
      this.#settings.cluster.logger.debug('An immediate fetch failed', {
        nodeId: this.#exchange.nodeId,
        reason,
      })
    } finally {
      if (!isHandled) this.#settings.memory.release(reservedBytes)
      for (const { state, token } of targets) state.clearInFlight(token)
      this.#isFetching = false
      if (this.#isWoken && this.#isPolling) this.#armIn(shortPatienceMs)
      this.#isWoken = false
      // The poll may have ended meanwhile, and its successor found these still being asked for.
      for (const { state } of targets) this.#planner.wakePartition(state)
      this.#armForAsked()
    }
  }

  get connection(): string {
    return `${this.#settings.connection}:now`
  }

  close(): void {
    this.pollEnded()
  }
}
