import type { Clock } from '../../base/clock'
import type { KafkaError } from '../../base/errors'
import type { TopicPartition } from '../../base/topic-partition'
import type { Cluster } from '../../cluster/cluster'
import { ObservedCluster, type ObservedRequest, type RequestObserver } from '../../cluster/observed-cluster'
import { BrokerRequests } from '../../health/broker-requests'
import { StallWatchdog } from '../../health/stall-watchdog'
import type { HandlerWatch } from '../../message/handler-watch'
import type { AcknowledgementObserver } from '../acknowledgement-outcomes'
import type { AcknowledgementResult } from '../acknowledgement-result'
import type { HeldRecords } from '../held-records'
import type { UnsettledAcknowledgements } from '../pending-acknowledgements'
import type { ResolvedShareConsumerOptions } from '../share-consumer-options'
import type { ShareMembershipListener } from '../share-membership'
import type { SharePartition } from '../share-partition'
import type { ShareConsumerHealth, ShareConsumerState, ShareStallKind } from './share-consumer-health'
import type { ShareConsumerMetrics } from './share-consumer-metrics'
import { shareEventOutlets } from './share-event-listeners'
import { ShareEvents } from './share-events'
import { type ShareAssignmentListener, ShareGroupMonitor } from './share-group-monitor'
import { sharePartitionsHealth } from './share-partition-health'
import { ShareRequestStatistics } from './share-request-statistics'
import { ShareStallFinder } from './share-stall-finder'
import { ShareStatistics } from './share-statistics'

/** The rooms of the share consumer that are looked at. */
export interface MonitoredShareParts {
  readonly membership: { readonly memberId: string; readonly memberEpoch: number }
  readonly held: HeldRecords
  readonly watch: HandlerWatch
  readonly memory: { readonly usedBytes: number }
  /** Has what was handed out counted. */
  readonly buffer: { countHandedOut(): void }
  readonly partitions: () => readonly SharePartition[]
  readonly unsettled: () => readonly UnsettledAcknowledgements[]
  /** True while somebody reads. */
  readonly isRead: () => boolean
  /** True while messages are asked for, and none wait to be handed out. */
  readonly isThirsty: () => boolean
}

/**
 * Sees what a share consumer does from where its rooms meet the brokers, the group and the user, and tells how it is:
 * health, stalls, metrics, events. Decides nothing, and nothing waits for it.
 */
export class ShareMonitor implements RequestObserver, AcknowledgementObserver {
  /** The cluster as the share consumer is to use it. */
  readonly cluster: Cluster
  readonly #options: ResolvedShareConsumerOptions
  readonly #clock: Clock
  readonly #statistics: ShareStatistics
  readonly #requestStatistics: ShareRequestStatistics
  readonly #events: ShareEvents
  readonly #requests = new BrokerRequests(['ShareFetch', 'ShareAcknowledge'])
  #group: ShareGroupMonitor | undefined
  #parts: MonitoredShareParts | undefined
  #watchdog: StallWatchdog<ShareStallKind> | undefined
  #stage: 'idle' | 'started' | 'suspended' | 'closing' | 'closed' = 'idle'
  #error: KafkaError | undefined

  constructor(cluster: Cluster, options: ResolvedShareConsumerOptions) {
    this.cluster = new ObservedCluster(cluster, this)
    this.#options = options
    this.#clock = cluster.clock
    this.#statistics = new ShareStatistics(this.#clock.now())
    const outlets = shareEventOutlets(options.events ?? {}, cluster.logger)
    this.#events = new ShareEvents(cluster.clientId, options.groupId, outlets)
    this.#requestStatistics = new ShareRequestStatistics(this.#statistics, this.#events)
  }

  /** What the membership is to tell, so that it is seen here on its way to the share consumer. */
  membershipListener(listener: ShareAssignmentListener): ShareMembershipListener {
    this.#group = new ShareGroupMonitor(listener, this.#clock, {
      joined: (memberEpoch, durationMs) =>
        this.#events.joined(this.#parts?.membership.memberId ?? '', memberEpoch, durationMs),
      rebalanced: () => this.#statistics.rebalanced(this.#clock.now()),
      partitionsMoved: (how, partitions) => this.#events.partitionsMoved(how, partitions),
      sessionLost: (reason) => this.#events.sessionLost(reason),
    })
    return this.#group
  }

  /** The share consumer is put together. */
  attach(parts: MonitoredShareParts): void {
    this.#parts = parts
    if (this.#group === undefined) return
    const { clientId, logger, metadata } = this.cluster
    const { groupId, stallTimeoutMs, fetchMaxWaitMs } = this.#options
    const requests = this.#requests
    const bounds = { stallTimeoutMs, fetchMaxWaitMs }
    this.#watchdog = new StallWatchdog({
      clock: this.#clock,
      logger,
      finder: new ShareStallFinder({ ...parts, ...bounds, metadata, requests, group: this.#group }),
      stallTimeoutMs,
      who: 'The share consumer',
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
    this.#statistics.fetches.consumed(topic, messages, bytes, this.#clock.now())
  }

  acknowledging(messages: number): void {
    this.#statistics.acknowledging(messages, this.#clock.now())
  }

  acknowledgementEnded(nodeId: number, result: AcknowledgementResult): void {
    this.#statistics.acknowledgementEnded(result, this.#clock.now())
    this.#events.acknowledgementEnded(nodeId, result)
  }

  locksExpired(partition: TopicPartition, count: number): void {
    if (count === 0) return
    this.#statistics.locksExpired(count)
    this.#events.locksExpired(partition, count)
  }

  raised(error: KafkaError, isFatal: boolean): void {
    if (isFatal) this.#error ??= error
    this.#events.error(error, isFatal)
  }

  closing(): void {
    this.#stage = 'closing'
  }

  closed(): void {
    this.#stage = 'closed'
    this.#watchdog?.close()
  }

  requestSent(request: ObservedRequest): void {
    this.#requests.sent(request)
    this.#requestStatistics.sent(request)
    this.arm()
  }

  requestAnswered(request: ObservedRequest, response: unknown): void {
    const now = this.#clock.now()
    this.#requests.answered(request, response, now)
    this.#requestStatistics.answered(request, response, now)
  }

  requestFailed(request: ObservedRequest, error: KafkaError): void {
    const now = this.#clock.now()
    this.#requests.failed(request, error, now)
    if (this.#stage !== 'closing' && this.#stage !== 'closed') {
      this.#requestStatistics.failed(request, error, now)
    }
  }

  // What it tells

  health(): ShareConsumerHealth {
    const state = this.#state()
    const stalls = this.#watchdog?.stalls() ?? []
    const partitions = this.#partitionsHealth()
    const isHealthy =
      stalls.length === 0 && state !== 'failed' && partitions.every(({ error }) => error === undefined)
    const { memberId = '', memberEpoch = 0 } = this.#parts?.membership ?? {}
    const { groupId } = this.#options
    return Object.freeze({
      state,
      isHealthy,
      isAlive: state !== 'failed' && stalls.every(({ kind }) => kind !== 'handler'),
      isReady: isHealthy && state === 'stable',
      error: this.#error,
      stalls: Object.freeze(stalls),
      group: Object.freeze({ groupId, memberId, memberEpoch: memberEpoch > 0 ? memberEpoch : -1 }),
      partitions: Object.freeze(partitions),
    })
  }

  #state(): ShareConsumerState {
    if (this.#stage === 'closing' || this.#stage === 'closed') return this.#stage
    if (this.#error !== undefined) return 'failed'
    if (this.#stage !== 'started') return this.#stage
    return this.#group?.isMember === true ? 'stable' : 'joining'
  }

  #partitionsHealth() {
    const parts = this.#parts
    if (parts === undefined) return []
    return sharePartitionsHealth(parts.partitions(), {
      ...parts,
      clock: this.#clock,
      metadata: this.cluster.metadata,
      requests: this.#requests,
      isThirsty: parts.isThirsty(),
      fetchMaxWaitMs: this.#options.fetchMaxWaitMs,
    })
  }

  metrics(): ShareConsumerMetrics {
    const parts = this.#parts
    parts?.buffer.countHandedOut()
    const gauges = {
      recordsHeld: parts?.held.count ?? 0,
      bufferedBytes: parts?.memory.usedBytes ?? 0,
      assignedPartitions: parts?.partitions().length ?? 0,
    }
    return this.#statistics.snapshot(gauges, this.#clock.now())
  }
}
