import type { TopicPartition } from '../../base/topic-partition'
import type { Cluster } from '../../cluster/cluster'
import { ClientMonitor } from '../../health/client-monitor'
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
export class ShareMonitor extends ClientMonitor<ShareStallKind> implements AcknowledgementObserver {
  readonly #options: ResolvedShareConsumerOptions
  protected readonly statistics: ShareStatistics
  protected readonly counter: ShareRequestStatistics
  protected readonly events: ShareEvents
  #group: ShareGroupMonitor | undefined
  #parts: MonitoredShareParts | undefined

  constructor(cluster: Cluster, options: ResolvedShareConsumerOptions) {
    super(cluster, ['ShareFetch', 'ShareAcknowledge'])
    this.#options = options
    this.statistics = new ShareStatistics(this.clock.now())
    const outlets = shareEventOutlets(options.events ?? {}, cluster.logger)
    this.events = new ShareEvents(cluster.clientId, options.groupId, outlets)
    this.counter = new ShareRequestStatistics(this.statistics, this.events)
  }

  /** What the membership is to tell, so that it is seen here on its way to the share consumer. */
  membershipListener(listener: ShareAssignmentListener): ShareMembershipListener {
    this.#group = new ShareGroupMonitor(listener, this.clock, {
      joined: (memberEpoch, durationMs) =>
        this.events.joined(this.#parts?.membership.memberId ?? '', memberEpoch, durationMs),
      rebalanced: () => this.statistics.rebalanced(this.clock.now()),
      partitionsMoved: (how, partitions) => this.events.partitionsMoved(how, partitions),
      sessionLost: (reason) => this.events.sessionLost(reason),
    })
    return this.#group
  }

  /** The share consumer is put together. */
  attach(parts: MonitoredShareParts): void {
    this.#parts = parts
    if (this.#group === undefined) return
    const { clientId, metadata } = this.cluster
    const { groupId, stallTimeoutMs, fetchMaxWaitMs } = this.#options
    const { requests } = this
    const bounds = { stallTimeoutMs, fetchMaxWaitMs }
    const finder = new ShareStallFinder({ ...parts, ...bounds, metadata, requests, group: this.#group })
    this.watch({ finder, stallTimeoutMs, who: 'The share consumer', names: { clientId, groupId } })
  }

  // What it is told

  acknowledging(messages: number): void {
    this.statistics.acknowledging(messages, this.clock.now())
  }

  acknowledgementEnded(nodeId: number, result: AcknowledgementResult): void {
    this.statistics.acknowledgementEnded(result, this.clock.now())
    this.events.acknowledgementEnded(nodeId, result)
  }

  locksExpired(partition: TopicPartition, count: number): void {
    if (count === 0) return
    this.statistics.locksExpired(count)
    this.events.locksExpired(partition, count)
  }

  // What it tells

  health(): ShareConsumerHealth {
    const state = this.#state()
    const partitions = this.#partitionsHealth()
    const { memberId = '', memberEpoch = 0 } = this.#parts?.membership ?? {}
    const { groupId } = this.#options
    return Object.freeze({
      state,
      ...this.probe(state, partitions),
      group: Object.freeze({ groupId, memberId, memberEpoch: memberEpoch > 0 ? memberEpoch : -1 }),
      partitions: Object.freeze(partitions),
    })
  }

  #state(): ShareConsumerState {
    if (this.stage === 'closing' || this.stage === 'closed') return this.stage
    if (this.error !== undefined) return 'failed'
    if (this.stage !== 'started') return this.stage
    return this.#group?.isMember === true ? 'stable' : 'joining'
  }

  #partitionsHealth() {
    const parts = this.#parts
    if (parts === undefined) return []
    return sharePartitionsHealth(parts.partitions(), {
      ...parts,
      clock: this.clock,
      metadata: this.cluster.metadata,
      requests: this.requests,
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
    return this.statistics.snapshot(gauges, this.clock.now())
  }
}
