import { formatTopicPartition, type TopicPartition } from '../../base/topic-partition'
import type { Metadata } from '../../cluster/metadata'
import type { BrokerRequests } from '../../health/broker-requests'
import { FirstSeen } from '../../health/first-seen'
import { hasRunningHandler, overdueHandlers, overdueHeartbeat, overdueJoin } from '../../health/overdue'
import { type Overdue, seconds } from '../../health/stall'
import type { StallFinder } from '../../health/stall-watchdog'
import type { HandlerWatch } from '../../message/handler-watch'
import type { HeldRecords } from '../held-records'
import type { UnsettledAcknowledgements } from '../pending-acknowledgements'
import { leaderOf } from '../share-leader'
import type { SharePartition } from '../share-partition'
import type { ShareStallKind } from './share-consumer-health'
import type { ShareGroupMonitor } from './share-group-monitor'

/** What is looked at. */
export interface ShareStallFinderOptions {
  readonly metadata: Metadata
  readonly requests: BrokerRequests
  readonly watch: HandlerWatch
  readonly held: HeldRecords
  readonly group: ShareGroupMonitor
  readonly partitions: () => readonly SharePartition[]
  readonly unsettled: () => readonly UnsettledAcknowledgements[]
  /** True while somebody reads. */
  readonly isRead: () => boolean
  /** True while messages are asked for, and none wait to be handed out. */
  readonly isThirsty: () => boolean
  readonly stallTimeoutMs: number
  /** How long a broker may hold a fetch back. */
  readonly fetchMaxWaitMs: number
}

/** Looks at a share consumer from outside, and says what has waited for too long. */
export class ShareStallFinder implements StallFinder<ShareStallKind> {
  readonly #options: ShareStallFinderOptions
  /** Partitions without a leader. */
  readonly #leaderless = new FirstSeen<SharePartition>()

  constructor(options: ShareStallFinderOptions) {
    this.#options = options
  }

  get isAtRest(): boolean {
    const { requests, watch, group, unsettled } = this.#options
    if (!requests.isIdle || group.since !== undefined || unsettled().length > 0) return false
    return !hasRunningHandler(watch) && this.#leaderless.isEmpty
  }

  find(now: number): Overdue<ShareStallKind>[] {
    const { watch, requests, group, stallTimeoutMs } = this.#options
    return [
      ...this.#partitions(now),
      ...this.#acknowledgements(now),
      ...overdueHandlers(watch, stallTimeoutMs, now),
      ...this.#join(now),
      ...(group.isMember
        ? overdueHeartbeat(requests.waitOf('ShareGroupHeartbeat'), stallTimeoutMs, now)
        : []),
    ]
  }

  *#partitions(now: number): Iterable<Overdue<ShareStallKind>> {
    const { metadata, partitions, isRead } = this.#options
    this.#leaderless.beginLook()
    for (const partition of partitions()) {
      const nodeId = leaderOf(metadata, partition)
      if (nodeId >= 0) yield* this.#unfetched(partition, nodeId, now)
      else if (isRead()) yield* this.#withoutLeader(partition, now)
    }
  }

  *#withoutLeader(partition: SharePartition, now: number): Iterable<Overdue<ShareStallKind>> {
    const { metadata, stallTimeoutMs } = this.#options
    const waitedMs = now - this.#leaderless.see(partition, now)
    if (waitedMs < stallTimeoutMs) return
    const isKnown = metadata.topic(partition.topic) !== undefined
    const what = isKnown ? 'has had no leader' : 'is not known to the brokers'
    const text = `partition ${formatTopicPartition(partition)} ${what} for ${seconds(waitedMs)}`
    yield fetchStall(partition, undefined, { waitedMs, text, lastError: undefined })
  }

  *#unfetched(partition: SharePartition, nodeId: number, now: number): Iterable<Overdue<ShareStallKind>> {
    const { requests, isThirsty, stallTimeoutMs, fetchMaxWaitMs } = this.#options
    if (partition.isRefusedFor(stallTimeoutMs, now)) {
      const waitedMs = now - partition.refusedSince
      const text = `broker ${nodeId} has refused fetches of ${formatTopicPartition(partition)} for ${seconds(waitedMs)}`
      yield fetchStall(partition, nodeId, { waitedMs, text, lastError: partition.refusal?.message })
      return
    }
    const wait = requests.waitOf('ShareFetch', nodeId)
    // A fetch that failed is made again only when messages are wanted.
    if (wait === undefined || (!wait.isUnderWay && !isThirsty())) return
    const waitedMs = now - wait.since
    if (waitedMs < stallTimeoutMs + fetchMaxWaitMs) return
    const text = `no answer from broker ${nodeId} to ShareFetch for ${seconds(waitedMs)}`
    yield fetchStall(partition, nodeId, { waitedMs, text, lastError: wait.lastError })
  }

  *#acknowledgements(now: number): Iterable<Overdue<ShareStallKind>> {
    const { unsettled, held, requests } = this.#options
    for (const { nodeId, since, lastError } of unsettled()) {
      const waitedMs = now - since
      if (waitedMs < this.#acknowledgementLimitMs) continue
      const text = `broker ${nodeId} has not taken acknowledgements for ${seconds(waitedMs)}`
      const why = lastError ?? requests.waitOf('ShareAcknowledge', nodeId)?.lastError
      // What is held there no longer is lost, whatever the broker answers.
      const concerned = held.of(nodeId).filter(({ concludedCount }) => concludedCount > 0)
      for (const partition of new Set(concerned.map((records) => records.partition))) {
        const of = nameOf(partition)
        yield { kind: 'acknowledgement', waitedMs, partition: of, nodeId, text, lastError: why }
      }
    }
  }

  /** While there is still time to do something about it: when the locks are over, there is nothing left to wait for. */
  get #acknowledgementLimitMs(): number {
    const { held, stallTimeoutMs, fetchMaxWaitMs } = this.#options
    // They may ride on a fetch.
    return Math.min(stallTimeoutMs, (held.lockTimeoutMs ?? Infinity) / 2) + fetchMaxWaitMs
  }

  #join(now: number): Iterable<Overdue<ShareStallKind>> {
    const { group, requests, stallTimeoutMs } = this.#options
    const { since } = group
    if (since === undefined) return []
    const what = 'the member has not got into its share group'
    const wait = requests.firstWaitOf(['FindCoordinator', 'ShareGroupHeartbeat'])
    return overdueJoin({ since, what, wait }, stallTimeoutMs, now)
  }
}

function fetchStall(
  partition: SharePartition,
  nodeId: number | undefined,
  what: Pick<Overdue<'fetch'>, 'waitedMs' | 'text' | 'lastError'>,
): Overdue<'fetch'> {
  return { kind: 'fetch', partition: nameOf(partition), nodeId, ...what }
}

function nameOf({ topic, partition }: TopicPartition): TopicPartition {
  return { topic, partition }
}
