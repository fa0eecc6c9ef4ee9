import { formatTopicPartition, type TopicPartition } from '../../base/topic-partition'
import type { Cluster } from '../../cluster/cluster'
import type { HandlerWatch } from '../../message/handler-watch'
import type { GroupMembership } from '../group/group-membership'
import type { PartitionState } from '../partition-state'
import type { SubscriptionState } from '../subscription-state'
import type { BrokerRequests } from './broker-requests'
import type { CommitMonitor } from './commit-monitor'
import { fetchedFrom } from './fetched-from'
import type { GroupMonitor } from './group-monitor'
import type { ListenerMonitor } from './listener-monitor'
import { type Overdue, seconds } from './stall'

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
export class StallFinder {
  readonly #options: StallFinderOptions
  /** Partitions that wait for what says nothing of when it began, and when that was first seen. */
  #waiting = new Map<PartitionState, number>()

  constructor(options: StallFinderOptions) {
    this.#options = options
  }

  /** True when nothing is under way that could stall. As of the last look, as far as partitions are concerned. */
  get isAtRest(): boolean {
    const { requests, watch, listeners, group, commits } = this.#options
    if (!requests.isIdle || !listeners.isIdle || group?.since !== undefined || commits?.since !== undefined) {
      return false
    }
    for (const { handled } of watch.work()) if (handled !== undefined) return false
    return this.#waiting.size === 0
  }

  /** Everything that has waited for too long. */
  find(now: number): Overdue[] {
    return [
      ...this.#partitions(now),
      ...this.#handlers(now),
      ...this.#listeners(now),
      ...this.#join(now),
      ...this.#heartbeats(now),
      ...this.#commits(now),
    ]
  }

  *#partitions(now: number): Iterable<Overdue> {
    const before = this.#waiting
    this.#waiting = new Map()
    for (const state of this.#options.subscription.all()) {
      if (!state.isOwned) continue
      const why = this.#whyWaits(state)
      if (why !== undefined) {
        const since = before.get(state) ?? now
        this.#waiting.set(state, since)
        const waitedMs = now - since
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

  *#unansweredFetch(state: PartitionState, now: number): Iterable<Overdue> {
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

  *#handlers(now: number): Iterable<Overdue> {
    for (const { startedAt, handled } of this.#options.watch.work()) {
      const waitedMs = now - startedAt
      if (handled === undefined || waitedMs < this.#options.stallTimeoutMs) continue
      const { state, message } = handled
      const whose = state === undefined ? 'a handler' : `the handler of ${formatTopicPartition(state)}`
      const where = message === undefined ? '' : ` at offset ${message.offset}`
      const text = `${whose} has run for ${seconds(waitedMs)}${where}`
      const partition = state && nameOf(state)
      yield { kind: 'handler', waitedMs, partition, nodeId: undefined, text, lastError: undefined }
    }
  }

  *#listeners(now: number): Iterable<Overdue> {
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

  *#join(now: number): Iterable<Overdue> {
    const { group, requests, stallTimeoutMs } = this.#options
    const since = group?.since
    if (group === undefined || since === undefined || now - since < stallTimeoutMs) return
    const waitedMs = now - since
    const what = group.hasJoined ? 'a rebalance has not ended' : 'the member has not got into its group'
    const joining = ['FindCoordinator', 'JoinGroup', 'SyncGroup', 'ConsumerGroupHeartbeat']
    const wait = joining.map((api) => requests.waitOf(api)).find((one) => one !== undefined)
    const who = wait?.nodeId === undefined ? '' : ` from broker ${wait.nodeId}`
    const on = wait?.isUnderWay ? `, without an answer${who} to ${wait.api}` : ''
    const text = `${what} for ${seconds(waitedMs)}${on}`
    yield {
      kind: 'join',
      waitedMs,
      partition: undefined,
      nodeId: wait?.nodeId,
      text,
      lastError: wait?.lastError,
    }
  }

  *#heartbeats(now: number): Iterable<Overdue> {
    const { membership, requests, stallTimeoutMs } = this.#options
    if (membership === undefined || membership.metadata.memberId === '') return
    const wait = requests.waitOf('Heartbeat') ?? requests.waitOf('ConsumerGroupHeartbeat')
    if (wait === undefined || now - wait.since < stallTimeoutMs) return
    const waitedMs = now - wait.since
    const who = wait.nodeId === undefined ? 'the coordinator' : `broker ${wait.nodeId}`
    const text = `no answer from ${who} to ${wait.api} for ${seconds(waitedMs)}`
    yield {
      kind: 'heartbeat',
      waitedMs,
      partition: undefined,
      nodeId: wait.nodeId,
      text,
      lastError: wait.lastError,
    }
  }

  *#commits(now: number): Iterable<Overdue> {
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
