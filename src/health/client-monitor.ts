import type { Clock } from '../base/clock'
import type { KafkaError } from '../base/errors'
import type { Cluster } from '../cluster/cluster'
import { ObservedCluster, type ObservedRequest, type RequestObserver } from '../cluster/observed-cluster'
import { BrokerRequests } from './broker-requests'
import type { FetchStatistics } from './fetch-statistics'
import type { Stall } from './stall'
import { type StallFinder, StallWatchdog } from './stall-watchdog'

/** Counts the requests of one client by what they are for. */
export interface RequestCounter {
  sent(request: ObservedRequest): void
  answered(request: ObservedRequest, response: unknown, now: number): void
  failed(request: ObservedRequest, error: KafkaError, now: number): void
}

/** Where a client that reads stands, as far as it was told. */
type MonitorStage = 'idle' | 'started' | 'suspended' | 'closing' | 'closed'

/** What is watched, and what the log calls it. */
export interface WatchOptions<Kind extends string> {
  readonly finder: StallFinder<Kind>
  readonly stallTimeoutMs: number
  readonly who: string
  readonly names: Readonly<Record<string, unknown>>
}

/** What probes ask of a client. */
export interface ProbeAnswers<Kind extends string> {
  readonly isHealthy: boolean
  readonly isAlive: boolean
  readonly isReady: boolean
  readonly error: KafkaError | undefined
  readonly stalls: readonly Stall<Kind>[]
}

/**
 * Sees what a client that reads does from where it meets the brokers: requests, stalls, errors, its life. What else
 * there is to see is the client's own. Decides nothing, and nothing waits for it.
 */
export abstract class ClientMonitor<Kind extends string> implements RequestObserver {
  /** The cluster as the client is to use it. */
  readonly cluster: Cluster
  protected readonly clock: Clock
  protected readonly requests: BrokerRequests
  protected abstract readonly counter: RequestCounter
  protected abstract readonly statistics: { readonly fetches: FetchStatistics; stallBegan(): void }
  protected abstract readonly events: {
    stallBegan(stall: Stall): void
    stallEnded(stall: Stall): void
    error(error: KafkaError, isFatal: boolean): void
  }
  #watchdog: StallWatchdog<Kind> | undefined
  #stage: MonitorStage = 'idle'
  #error: KafkaError | undefined

  /** @param perBroker kinds of requests of which each broker's are a matter of their own */
  constructor(cluster: Cluster, perBroker: readonly string[]) {
    this.cluster = new ObservedCluster(cluster, this)
    this.clock = cluster.clock
    this.requests = new BrokerRequests(perBroker)
  }

  /** The client is put together: from now on it is looked at. */
  protected watch(options: WatchOptions<Kind>): void {
    this.#watchdog = new StallWatchdog({
      ...options,
      clock: this.clock,
      logger: this.cluster.logger,
      onBegan: (stall) => {
        this.statistics.stallBegan()
        this.events.stallBegan(stall)
      },
      onEnded: (stall) => this.events.stallEnded(stall),
    })
  }

  protected get stage(): MonitorStage {
    return this.#stage
  }

  /** Why the client can't go on; undefined when it can. */
  protected get error(): KafkaError | undefined {
    return this.#error
  }

  // What it is told

  started(): void {
    this.#stage = 'started'
    this.arm()
  }

  /** The member leaves its group for now: for `maxPollIntervalMs` a handler has not come back, or nobody has asked. */
  suspended(): void {
    if (this.#stage === 'started') this.#stage = 'suspended'
  }

  resumed(): void {
    if (this.#stage === 'suspended') this.#stage = 'started'
  }

  /** Something began that may stall. */
  arm(): void {
    this.#watchdog?.arm()
  }

  handedOut(topic: string, messages: number, bytes: number): void {
    this.statistics.fetches.consumed(topic, messages, bytes, this.clock.now())
  }

  raised(error: KafkaError, isFatal: boolean): void {
    if (isFatal) this.#error ??= error
    this.events.error(error, isFatal)
  }

  closing(): void {
    this.#stage = 'closing'
  }

  closed(): void {
    this.#stage = 'closed'
    this.#watchdog?.close()
  }

  requestSent(request: ObservedRequest): void {
    this.requests.sent(request)
    this.counter.sent(request)
    this.arm()
  }

  requestAnswered(request: ObservedRequest, response: unknown): void {
    const now = this.clock.now()
    this.requests.answered(request, response, now)
    this.counter.answered(request, response, now)
  }

  requestFailed(request: ObservedRequest, error: KafkaError): void {
    const now = this.clock.now()
    this.requests.failed(request, error, now)
    if (this.#stage !== 'closing' && this.#stage !== 'closed') this.counter.failed(request, error, now)
  }

  // What it tells

  /** @param partitions those that are read; one with an error is not healthy */
  protected probe(
    state: string,
    partitions: readonly { readonly error: KafkaError | undefined }[],
  ): ProbeAnswers<Kind> {
    const stalls = this.#watchdog?.stalls() ?? []
    const isHealthy =
      stalls.length === 0 && state !== 'failed' && partitions.every(({ error }) => error === undefined)
    const needsRestart = stalls.some(({ kind }) => kind === 'handler' || kind === 'listener')
    return {
      isHealthy,
      isAlive: state !== 'failed' && !needsRestart,
      isReady: isHealthy && state === 'stable',
      error: this.#error,
      stalls: Object.freeze(stalls),
    }
  }
}
