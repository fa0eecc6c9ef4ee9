import type { Timer } from '../../base/clock'
import { ErrorCode } from '../../base/error-codes'
import { KafkaError } from '../../base/errors'
import type { PartitionState } from '../partition-state'
import type { FetchExchange } from './fetch-exchange'
import type { AskedPartition, FetchResponseHandler } from './fetch-response-handler'
import { FetchSession, finalEpoch } from './fetch-session'
import type { FetchSettings } from './fetch-settings'

/** How long a partition waits for the long poll that is under way before it is asked for by itself. */
const patienceMs = 20

/** What it needs of the fetcher. */
export interface ImmediateFetchPlanner {
  eligible(nodeId: number): PartitionState[]
  bytesPerPartition(): number
  wakePartition(state: PartitionState): void
}

/**
 * The way past a long poll. A broker answers one connection's requests one after another, so a partition that becomes
 * fetchable while its broker holds a poll for others (after a seek, a resume, an assignment, or because its data was
 * delivered) would wait for up to `fetch.max.wait.ms`. It is asked for at once, on a connection of its own, without a
 * session and without a wait. What has nothing to give then waits for the next poll like the others.
 */
export class ImmediateFetch {
  readonly #exchange: FetchExchange
  readonly #settings: FetchSettings
  readonly #handler: FetchResponseHandler
  readonly #planner: ImmediateFetchPlanner
  /** Partitions that were asked for during the present poll. */
  readonly #asked = new Set<PartitionState>()
  #timer: Timer | undefined
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
    this.#asked.clear()
    this.#timer?.cancel()
    this.#timer = undefined
  }

  /** Something became fetchable during the poll. */
  wake(): void {
    if (this.#timer !== undefined || this.#isFetching || !this.#isPolling) return
    this.#timer = this.#settings.cluster.clock.setTimer(patienceMs, () => {
      this.#timer = undefined
      if (this.#isPolling && !this.#isFetching) this.#start()
    })
  }

  #start(): void {
    const partitions = this.#planner
      .eligible(this.#exchange.nodeId)
      .filter((state) => !this.#asked.has(state))
    if (partitions.length === 0) return
    const perPartition = this.#planner.bytesPerPartition()
    const reservedBytes = this.#exchange.reserve(partitions.length, perPartition)
    if (reservedBytes === 0) return
    this.#isFetching = true
    for (const state of partitions) this.#asked.add(state)
    void this.#fetch(this.#exchange.ask(partitions), perPartition, reservedBytes)
  }

  async #fetch(asked: readonly AskedPartition[], perPartition: number, reservedBytes: number): Promise<void> {
    let isHandled = false
    try {
      const plan = new FetchSession().plan(this.#exchange.targets(asked, perPartition))
      const response = await this.#exchange.send(
        { ...plan, sessionEpoch: finalEpoch },
        { maxBytes: reservedBytes, maxWaitMs: 0, minBytes: 0, connection: this.connection },
      )
      if (response.errorCode === ErrorCode.NONE) {
        isHandled = true
        // Those that brought data may be asked for again during the same poll.
        for (const state of this.#handler.handle(response, asked, reservedBytes)) {
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
      for (const { state, token } of asked) state.clearInFlight(token)
      this.#isFetching = false
      this.wake()
      // The poll may have ended meanwhile, and its successor found these still being asked for.
      for (const { state } of asked) this.#planner.wakePartition(state)
    }
  }

  get connection(): string {
    return `${this.#settings.connection}:now`
  }

  close(): void {
    this.pollEnded()
  }
}
