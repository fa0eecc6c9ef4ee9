import type { Cluster } from '../../cluster/cluster'
import type { ObservedRequest } from '../../cluster/observed-cluster'
import { ClientMonitor } from '../../health/client-monitor'
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
export class ConsumerMonitor extends ClientMonitor<StallKind> {
  /** Where events go. */
  readonly outlets: ConsumerEventOutlets
  readonly #options: ResolvedConsumerOptions
  protected readonly statistics: ConsumerStatistics
  protected readonly counter: RequestStatistics
  protected readonly events: ConsumerEvents
  readonly #listeners: ListenerMonitor
  #group: GroupMonitor | undefined
  #commits: CommitMonitor | undefined
  #parts: MonitoredParts | undefined
  #protocol: GroupProtocol

  constructor(cluster: Cluster, options: ResolvedConsumerOptions) {
    super(cluster, ['Fetch'])
    this.#options = options
    this.#protocol = options.groupProtocol
    this.statistics = new ConsumerStatistics(this.clock.now())
    this.outlets = consumerEventOutlets(options.events ?? {}, cluster.logger)
    this.events = new ConsumerEvents(cluster.clientId, options.groupId, this.outlets)
    this.counter = new RequestStatistics(this.statistics, this.events)
    this.#listeners = new ListenerMonitor(this.clock, (name, durationMs) =>
      this.statistics.listenerReturned(name, durationMs, this.clock.now()),
    )
  }

  // Where it stands in between

  /** The user's listeners, watched. */
  listeners(listeners: PartitionsListeners): PartitionsListeners {
    return this.#listeners.watch(listeners)
  }

  /** What a membership is to tell, so that it is seen here on its way to the consumer. */
  groupListener(listener: GroupListener): GroupListener {
    this.#group = new GroupMonitor(listener, this.clock, {
      rebalanced: (outcome) => {
        this.statistics.rebalanced(outcome.durationMs, this.clock.now())
        const { leaderId = null, assignor = null } = this.counter.member ?? {}
        this.events.rebalanced(outcome, { ...this.#identity(), leaderId, assignor })
      },
      rebalanceBegan: () => {
        const { memberId, generationId } = this.#identity()
        this.events.rebalanceBegan(memberId, generationId)
      },
      partitionsMoved: (how, partitions, durationMs) =>
        this.events.partitionsMoved(how, partitions, durationMs),
      sessionLost: (reason) => this.events.sessionLost(reason),
    })
    return this.#group
  }

  /** @param isRepeated whether a commit that failed is made again by itself */
  offsets(offsets: GroupOffsets, isRepeated: () => boolean): GroupOffsets {
    const observer = {
      commitBegan: () => this.arm(),
      commitEnded: (...ended: Parameters<ConsumerEvents['commitEnded']>) => {
        this.statistics.commitEnded(ended[1], ended[2] !== undefined)
        this.events.commitEnded(...ended)
      },
      committedLookedUp: (durationMs: number) => this.statistics.committedLookedUp(durationMs),
    }
    this.#commits = new CommitMonitor(offsets, this.clock, observer, isRepeated)
    return this.#commits
  }

  /** The consumer is put together. */
  attach(parts: MonitoredParts): void {
    this.#parts = parts
    const { clientId } = this.cluster
    const { groupId, stallTimeoutMs, fetchMaxWaitMs } = this.#options
    const finder = new ConsumerStallFinder({
      ...parts,
      cluster: this.cluster,
      requests: this.requests,
      listeners: this.#listeners,
      group: this.#group,
      commits: this.#commits,
      stallTimeoutMs,
      fetchMaxWaitMs,
    })
    this.watch({ finder, stallTimeoutMs, who: 'The consumer', names: { clientId, groupId } })
  }

  // What it is told

  override started(): void {
    super.started()
    this.#group?.begin()
  }

  override suspended(): void {
    if (this.stage === 'started') this.#group?.stayOut()
    super.suspended()
  }

  override resumed(): void {
    if (this.stage === 'suspended') this.#group?.comeBack()
    super.resumed()
  }

  /** Another subscription; without topics the member stays out of its group. */
  subscribed({ topics, pattern }: TopicSelection): void {
    if (topics.length === 0 && pattern === null) this.#group?.stayOut()
    else this.#group?.comeBack()
  }

  /** The partition's position has moved from this offset without a message. */
  recordsPassedOver(partition: PassedPartition, fromOffset: bigint): void {
    this.events.recordsPassedOver(partition, fromOffset)
  }

  override closing(): void {
    super.closing()
    this.#group?.end()
  }

  override requestSent(request: ObservedRequest): void {
    super.requestSent(request)
    if (request.api === 'JoinGroup' || (request.api === 'ConsumerGroupHeartbeat' && !this.#isMember)) {
      this.#group?.begin()
    }
  }

  override requestAnswered(request: ObservedRequest, response: unknown): void {
    super.requestAnswered(request, response)
    if (request.api === 'JoinGroup') this.#protocol = 'classic'
    else if (request.api === 'ConsumerGroupHeartbeat') this.#protocol = 'consumer'
  }

  get #isMember(): boolean {
    return (this.#parts?.membership?.metadata.memberId ?? '') !== ''
  }

  // What it tells

  health(): ConsumerHealth {
    const { isolationLevel } = this.#options
    const context = {
      clock: this.clock,
      metadata: this.cluster.metadata,
      requests: this.requests,
      isReadCommitted: isolationLevel === 'read_committed',
    }
    const state = this.#state()
    const partitions = (this.#parts?.subscription.all() ?? []).map((one) => partitionHealthOf(one, context))
    return Object.freeze({
      state,
      ...this.probe(state, partitions),
      group: this.#groupHealth(),
      partitions: Object.freeze(partitions),
    })
  }

  #state(): ConsumerState {
    if (this.stage === 'closing' || this.stage === 'closed') return this.stage
    if (this.error !== undefined) return 'failed'
    if (this.stage !== 'started' || this.#group === undefined) {
      return this.stage === 'started' ? 'stable' : this.stage
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
    return this.statistics.snapshot(gauges, this.clock.now())
  }
}
