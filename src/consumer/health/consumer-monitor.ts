import type { Clock } from '../../base/clock'
import type { KafkaError } from '../../base/errors'
import type { Cluster } from '../../cluster/cluster'
import { ObservedCluster, type ObservedRequest, type RequestObserver } from '../../cluster/observed-cluster'
import { BrokerRequests } from '../../health/broker-requests'
import { StallWatchdog } from '../../health/stall-watchdog'
import type { HandlerWatch } from '../../message/handler-watch'
import type { ResolvedConsumerOptions } from '../consumer-options'
import type { FailureMonitor } from '../failures/failure-monitor'
import type { GroupProtocol } from '../group/create-membership'
import type { GroupListener, GroupMembership, GroupOffsets } from '../group/group-membership'
import type { ConsumerMetrics } from './consumer-metrics'
import { ConsumerStatistics } from './consumer-statistics'
import { gaugesOf } from './consumer-gauges'
import { RequestStatistics } from './request-statistics'
import type { TopicSelection } from '../subscription/topic-selection'
import type { SubscriptionState } from '../subscription-state'
import { CommitMonitor } from './commit-monitor'
import { type ConsumerEventOutlets, consumerEventOutlets } from '../events/consumer-event-listeners'
import { ConsumerEvents, type PassedPartition } from './consumer-events'
import type { ConsumerHealth, ConsumerState, GroupHealth } from './consumer-health'
import { GroupMonitor } from './group-monitor'
import { ListenerMonitor, type PartitionsListeners } from './listener-monitor'
import { partitionHealthOf } from './partition-health'
import { lagOf, type PartitionLag } from './partition-lag'
import { ConsumerStallFinder } from './consumer-stall-finder'
import type { StallKind } from './stall-kind'

/** The rooms of the consumer that are looked at. */
export interface MonitoredParts {
  readonly subscription: SubscriptionState
  readonly watch: HandlerWatch
  readonly memory: { readonly usedBytes: number }
  readonly failures: FailureMonitor
  /** Undefined without a group's assignment. */
  readonly membership: GroupMembership | undefined
}

/**
 * Sees what a consumer does from where its rooms meet the brokers, the group and the user, and tells how it is: health,
 * stalls, metrics, events. Decides nothing, and nothing waits for it.
 */
export class ConsumerMonitor implements RequestObserver {
  /** The cluster as the consumer is to use it. */
  readonly cluster: Cluster
  /** Where events go. */
  readonly outlets: ConsumerEventOutlets
  readonly #options: ResolvedConsumerOptions
  readonly #clock: Clock
  readonly #statistics: ConsumerStatistics
  readonly #requestStatistics: RequestStatistics
  readonly #events: ConsumerEvents
  readonly #requests = new BrokerRequests(['Fetch'])
  readonly #listeners: ListenerMonitor
  #group: GroupMonitor | undefined
  #commits: CommitMonitor | undefined
  #parts: MonitoredParts | undefined
  #watchdog: StallWatchdog<StallKind> | undefined
  #stage: 'idle' | 'started' | 'suspended' | 'closing' | 'closed' = 'idle'
  #error: KafkaError | undefined
  #protocol: GroupProtocol

  constructor(cluster: Cluster, options: ResolvedConsumerOptions) {
    this.cluster = new ObservedCluster(cluster, this)
    this.#options = options
    this.#clock = cluster.clock
    this.#protocol = options.groupProtocol
    this.#statistics = new ConsumerStatistics(this.#clock.now())
    this.outlets = consumerEventOutlets(options.events ?? {}, cluster.logger)
    this.#events = new ConsumerEvents(cluster.clientId, options.groupId, this.outlets)
    this.#requestStatistics = new RequestStatistics(this.#statistics, this.#events)
    this.#listeners = new ListenerMonitor(this.#clock, (name, durationMs) =>
      this.#statistics.listenerReturned(name, durationMs, this.#clock.now()),
    )
  }

  // Where it stands in between

  /** The user's listeners, watched. */
  listeners(listeners: PartitionsListeners): PartitionsListeners {
    return this.#listeners.watch(listeners)
  }

  /** What a membership is to tell, so that it is seen here on its way to the consumer. */
  groupListener(listener: GroupListener): GroupListener {
    this.#group = new GroupMonitor(listener, this.#clock, {
      rebalanced: (outcome) => {
        this.#statistics.rebalanced(outcome.durationMs, this.#clock.now())
        const { leaderId = null, assignor = null } = this.#requestStatistics.member ?? {}
        this.#events.rebalanced(outcome, { ...this.#identity(), leaderId, assignor })
      },
      rebalanceBegan: () => {
        const { memberId, generationId } = this.#identity()
        this.#events.rebalanceBegan(memberId, generationId)
      },
      partitionsMoved: (how, partitions, durationMs) =>
        this.#events.partitionsMoved(how, partitions, durationMs),
      sessionLost: (reason) => this.#events.sessionLost(reason),
    })
    return this.#group
  }

  /** @param isRepeated whether a commit that failed is made again by itself */
  offsets(offsets: GroupOffsets, isRepeated: () => boolean): GroupOffsets {
    const observer = {
      commitBegan: () => this.arm(),
      commitEnded: (...ended: Parameters<ConsumerEvents['commitEnded']>) => {
        this.#statistics.commitEnded(ended[1], ended[2] !== undefined)
        this.#events.commitEnded(...ended)
      },
      committedLookedUp: (durationMs: number) => this.#statistics.committedLookedUp(durationMs),
    }
    this.#commits = new CommitMonitor(offsets, this.#clock, observer, isRepeated)
    return this.#commits
  }

  /** The consumer is put together. */
  attach(parts: MonitoredParts): void {
    this.#parts = parts
    const { clientId, logger } = this.cluster
    const { groupId, stallTimeoutMs, fetchMaxWaitMs } = this.#options
    const finder = new ConsumerStallFinder({
      ...parts,
      cluster: this.cluster,
      requests: this.#requests,
      listeners: this.#listeners,
      group: this.#group,
      commits: this.#commits,
      stallTimeoutMs,
      fetchMaxWaitMs,
    })
    this.#watchdog = new StallWatchdog({
      clock: this.#clock,
      logger,
      finder,
      stallTimeoutMs,
      who: 'The consumer',
      names: { clientId, groupId },
      onBegan: (stall) => {
        this.#statistics.stallBegan()
        this.#events.stallBegan(stall)
      },
      onEnded: (stall) => this.#events.stallEnded(stall),
    })
  }

  // What it is told

  started(): void {
    this.#stage = 'started'
    this.#group?.begin()
    this.arm()
  }

  /** The member leaves its group for now: for `maxPollIntervalMs` a handler has not come back, or nobody has asked. */
  suspended(): void {
    if (this.#stage !== 'started') return
    this.#stage = 'suspended'
    this.#group?.stayOut()
  }

  resumed(): void {
    if (this.#stage !== 'suspended') return
    this.#stage = 'started'
    this.#group?.comeBack()
  }

  /** Another subscription; without topics the member stays out of its group. */
  subscribed({ topics, pattern }: TopicSelection): void {
    if (topics.length === 0 && pattern === null) this.#group?.stayOut()
    else this.#group?.comeBack()
  }

  /** Something began that may stall. */
  arm(): void {
    this.#watchdog?.arm()
  }

  handedOut(topic: string, messages: number, bytes: number): void {
    this.#statistics.fetches.consumed(topic, messages, bytes, this.#clock.now())
  }

  /** The partition's position has moved from this offset without a message. */
  recordsPassedOver(partition: PassedPartition, fromOffset: bigint): void {
    this.#events.recordsPassedOver(partition, fromOffset)
  }

  raised(error: KafkaError, isFatal: boolean): void {
    if (isFatal) this.#error ??= error
    this.#events.error(error, isFatal)
  }

  closing(): void {
    this.#stage = 'closing'
    this.#group?.end()
  }

  closed(): void {
    this.#stage = 'closed'
    this.#watchdog?.close()
  }

  requestSent(request: ObservedRequest): void {
    this.#requests.sent(request)
    this.#requestStatistics.sent(request)
    if (request.api === 'JoinGroup' || (request.api === 'ConsumerGroupHeartbeat' && !this.#isMember)) {
      this.#group?.begin()
    }
    this.arm()
  }

  requestAnswered(request: ObservedRequest, response: unknown): void {
    const now = this.#clock.now()
    this.#requests.answered(request, response, now)
    this.#requestStatistics.answered(request, response, now)
    if (request.api === 'JoinGroup') this.#protocol = 'classic'
    else if (request.api === 'ConsumerGroupHeartbeat') this.#protocol = 'consumer'
  }

  requestFailed(request: ObservedRequest, error: KafkaError): void {
    const now = this.#clock.now()
    this.#requests.failed(request, error, now)
    if (this.#stage !== 'closing' && this.#stage !== 'closed')
      this.#requestStatistics.failed(request, error, now)
  }

  get #isMember(): boolean {
    return (this.#parts?.membership?.metadata.memberId ?? '') !== ''
  }

  // What it tells

  health(): ConsumerHealth {
    const { isolationLevel } = this.#options
    const context = {
      clock: this.#clock,
      metadata: this.cluster.metadata,
      requests: this.#requests,
      isReadCommitted: isolationLevel === 'read_committed',
    }
    const state = this.#state()
    const stalls = this.#watchdog?.stalls() ?? []
    const partitions = (this.#parts?.subscription.all() ?? []).map((one) => partitionHealthOf(one, context))
    const isHealthy =
      stalls.length === 0 && state !== 'failed' && partitions.every(({ error }) => error === undefined)
    const needsRestart = stalls.some(({ kind }) => kind === 'handler' || kind === 'listener')
    return Object.freeze({
      state,
      isHealthy,
      isAlive: state !== 'failed' && !needsRestart,
      isReady: isHealthy && state === 'stable',
      error: this.#error,
      stalls: Object.freeze(stalls),
      group: this.#groupHealth(),
      partitions: Object.freeze(partitions),
    })
  }

  #state(): ConsumerState {
    if (this.#stage === 'closing' || this.#stage === 'closed') return this.#stage
    if (this.#error !== undefined) return 'failed'
    if (this.#stage !== 'started' || this.#group === undefined) {
      return this.#stage === 'started' ? 'stable' : this.#stage
    }
    if (this.#group.since === undefined && this.#isMember) return 'stable'
    return this.#group.hasJoined && this.#isMember ? 'rebalancing' : 'joining'
  }

  #groupHealth(): GroupHealth | undefined {
    const { groupId, groupInstanceId } = this.#options
    if (groupId === null) return undefined
    return Object.freeze({ groupId, ...this.#identity(), groupInstanceId, protocol: this.#protocol })
  }

  #identity(): { readonly memberId: string; readonly generationId: number } {
    const { memberId = '', generationId = -1 } = this.#parts?.membership?.metadata ?? {}
    return { memberId, generationId }
  }

  lag(): readonly PartitionLag[] {
    const isReadCommitted = this.#options.isolationLevel === 'read_committed'
    const owned = (this.#parts?.subscription.all() ?? []).filter(({ isOwned }) => isOwned)
    return owned.map((state) => ({
      topic: state.topic,
      partition: state.partition,
      lag: lagOf(state, isReadCommitted),
    }))
  }

  metrics(): ConsumerMetrics {
    const parts = this.#parts
    const isReadCommitted = this.#options.isolationLevel === 'read_committed'
    const states = parts?.subscription.all() ?? []
    const gauges = gaugesOf(states, isReadCommitted, {
      bufferedBytes: parts?.memory.usedBytes ?? 0,
      failures: parts?.failures.counts() ?? { retried: 0, skipped: 0, deadLettered: 0 },
    })
    return this.#statistics.snapshot(gauges, this.#clock.now())
  }
}
