import { formatTopicPartition, type TopicPartition } from '../../base/topic-partition'
import type { Cluster } from '../../cluster/cluster'
import type { BrokerRequests } from '../../health/broker-requests'
import { FirstSeen } from '../../health/first-seen'
import { hasRunningHandler, overdueHandlers, overdueHeartbeat, overdueJoin } from '../../health/overdue'
import { type Overdue, seconds } from '../../health/stall'
import type { StallFinder } from '../../health/stall-watchdog'
import type { HandlerWatch } from '../../message/handler-watch'
import type { GroupMembership } from '../group/group-membership'
import type { PartitionState } from '../partition-state'
import type { SubscriptionState } from '../subscription-state'
import type { CommitMonitor } from './commit-monitor'
import { fetchedFrom } from './fetched-from'
import type { GroupMonitor } from './group-monitor'
import type { ListenerMonitor } from './listener-monitor'
import type { StallKind } from './stall-kind'

/** What is looked at. */
export interface StallFinderOptions {
  readonly cluster: Cluster
  readonly subscription: SubscriptionState
  readonly requests: BrokerRequests
  readonly watch: HandlerWatch
  readonly listeners: ListenerMonitor
  /** Undefined without a group's assignment. */
  readonly group: GroupMonitor | undefined
  readonly membership: GroupMembership | undefined
  /** Undefined without a group. */
  readonly commits: CommitMonitor | undefined
  readonly stallTimeoutMs: number
  /** How long a broker may hold a fetch back. */
  readonly fetchMaxWaitMs: number
}

/**
 * Looks at a consumer from outside, and says what has waited for too long. Most of what waits knows since when; of
 * partitions it is noted when they were first seen to wait, so somebody has to look from time to time.
 */
export class ConsumerStallFinder implements StallFinder<StallKind> {
  readonly #options: StallFinderOptions
  /** Partitions that wait for what says nothing of when it began, and when that was first seen. */
  readonly #waiting = new FirstSeen<PartitionState>()

  constructor(options: StallFinderOptions) {
    this.#options = options
  }

  /** True when nothing is under way that could stall. As of the last look, as far as partitions are concerned. */
  get isAtRest(): boolean {
    const { requests, watch, listeners, group, commits } = this.#options
    if (!requests.isIdle || !listeners.isIdle || group?.since !== undefined || commits?.since !== undefined) {
      return false
    }
    return !hasRunningHandler(watch) && this.#waiting.isEmpty
  }

  /** Everything that has waited for too long. */
  find(now: number): Overdue<StallKind>[] {
    const { watch, stallTimeoutMs } = this.#options
    return [
      ...this.#partitions(now),
      ...overdueHandlers(watch, stallTimeoutMs, now),
      ...this.#listeners(now),
      ...this.#join(now),
      ...this.#heartbeats(now),
      ...this.#commits(now),
    ]
  }

  *#partitions(now: number): Iterable<Overdue<StallKind>> {
    this.#waiting.beginLook()
    for (const state of this.#options.subscription.all()) {
      if (!state.isOwned) continue
      const why = this.#whyWaits(state)
      if (why !== undefined) {
        const waitedMs = now - this.#waiting.see(state, now)
        if (waitedMs < this.#options.stallTimeoutMs) continue
        const text = `${why.text} for ${seconds(waitedMs)}`
        yield {
          kind: why.kind,
          waitedMs,
          partition: nameOf(state),
          nodeId: why.nodeId,
          text,
          lastError: why.lastError,
        }
      } else yield* this.#unansweredFetch(state, now)
    }
  }

  /** Why the partition does not get what it needs, where the requests of its broker do not tell. */
  #whyWaits(state: PartitionState) {
    const { cluster, requests } = this.#options
    const name = formatTopicPartition(state)
    if (state.phase === 'locating' || (state.phase === 'fetching' && state.endQuery !== undefined)) {
      const wait = requests.waitOf('OffsetFetch') ?? requests.waitOf('ListOffsets')
      const lastError = errorOf(state) ?? wait?.lastError
      return {
        kind: 'offsets',
        nodeId: wait?.nodeId,
        text: `the position of ${name} has been looked up`,
        lastError,
      } as const
    }
    if (state.phase !== 'fetching' || state.isPaused || state.needsNoFetch || !state.reader.isDrained)
      return undefined
    const nodeId = fetchedFrom(state, cluster.metadata)
    const lastError = errorOf(state)
    if (nodeId === undefined) {
      const what =
        cluster.metadata.topic(state.topic) === undefined
          ? 'is not known to the brokers'
          : 'has had no leader'
      return { kind: 'fetch', nodeId, text: `partition ${name} ${what}`, lastError } as const
    }
    if (state.needsValidation) {
      const text = `broker ${nodeId} has not said whether the position of ${name} is in its log`
      return {
        kind: 'offsets',
        nodeId,
        text,
        lastError: lastError ?? requests.waitOf('OffsetForLeaderEpoch')?.lastError,
      } as const
    }
    if (state.failures === 0) return undefined
    return {
      kind: 'fetch',
      nodeId,
      text: `broker ${nodeId} has refused fetches of ${name}`,
      lastError,
    } as const
  }

  *#unansweredFetch(state: PartitionState, now: number): Iterable<Overdue<StallKind>> {
    const { cluster, requests, stallTimeoutMs, fetchMaxWaitMs } = this.#options
    if (state.phase !== 'fetching' || state.isPaused || state.needsNoFetch || !state.reader.isDrained) return
    const nodeId = fetchedFrom(state, cluster.metadata)
    const wait = requests.waitOf('Fetch', nodeId)
    const heldMs = state.standingFetch?.asker?.pollWaitMs ?? fetchMaxWaitMs
    if (wait === undefined || now - wait.since < stallTimeoutMs + heldMs) return
    const waitedMs = now - wait.since
    const text = `no answer from broker ${nodeId} to Fetch for ${seconds(waitedMs)}`
    yield { kind: 'fetch', waitedMs, partition: nameOf(state), nodeId, text, lastError: wait.lastError }
  }

  *#listeners(now: number): Iterable<Overdue<StallKind>> {
    for (const { name, startedAt } of this.#options.listeners.running()) {
      const waitedMs = now - startedAt
      if (waitedMs < this.#options.stallTimeoutMs) continue
      const text = `${name} has run for ${seconds(waitedMs)}`
      yield {
        kind: 'listener',
        waitedMs,
        partition: undefined,
        nodeId: undefined,
        text,
        lastError: undefined,
      }
    }
  }

  #join(now: number): Iterable<Overdue<StallKind>> {
    const { group, requests, stallTimeoutMs } = this.#options
    const since = group?.since
    if (group === undefined || since === undefined) return []
    const what = group.hasJoined ? 'a rebalance has not ended' : 'the member has not got into its group'
    const joining = ['FindCoordinator', 'JoinGroup', 'SyncGroup', 'ConsumerGroupHeartbeat']
    return overdueJoin({ since, what, wait: requests.firstWaitOf(joining) }, stallTimeoutMs, now)
  }

  #heartbeats(now: number): Iterable<Overdue<StallKind>> {
    const { membership, requests, stallTimeoutMs } = this.#options
    if (membership === undefined || membership.metadata.memberId === '') return []
    const wait = requests.firstWaitOf(['Heartbeat', 'ConsumerGroupHeartbeat'])
    return overdueHeartbeat(wait, stallTimeoutMs, now)
  }

  *#commits(now: number): Iterable<Overdue<StallKind>> {
    const { commits, requests, stallTimeoutMs } = this.#options
    const since = commits?.since
    if (commits === undefined || since === undefined || now - since < stallTimeoutMs) return
    const waitedMs = now - since
    const wait = requests.waitOf('OffsetCommit')
    const lastError = commits.lastError?.message ?? wait?.lastError
    const text = `no position has been stored in the group for ${seconds(waitedMs)}`
    yield { kind: 'commit', waitedMs, partition: undefined, nodeId: wait?.nodeId, text, lastError }
  }
}

function errorOf(state: PartitionState): string | undefined {
  return state.failures > 0 ? state.lastError : undefined
}

function nameOf({ topic, partition }: TopicPartition): TopicPartition {
  return { topic, partition }
}
