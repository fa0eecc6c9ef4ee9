import { Deadline } from '../../base/deadline'
import { BrokerError, KafkaError } from '../../base/errors'
import { errorCodeName, isRetriable } from '../../base/error-codes'
import { pushTo } from '../../base/group-by'
import { formatTopicPartition } from '../../base/topic-partition'
import type { Cluster } from '../../cluster/cluster'
import type { GroupOffsets } from '../group/group-membership'
import type { PartitionState } from '../partition-state'
import {
  earliestTimestamp,
  latestTimestamp,
  type PositionQuery,
  queryOfStartFrom,
  type StartFrom,
} from '../start-from'
import type { SubscriptionState } from '../subscription-state'
import { type IsolationLevelNumber, listOffsetsFrom, type OffsetAnswer } from './list-offsets'
import { PartitionScan } from './partition-scan'

export interface OffsetLocatorOptions {
  readonly cluster: Cluster
  readonly subscription: SubscriptionState
  /** Where committed offsets are; undefined without a group. */
  readonly offsets: GroupOffsets | undefined
  /** What counts where nothing is committed. */
  readonly startFrom: (partition: PartitionState) => StartFrom
  readonly isolationLevel: IsolationLevelNumber
  readonly allowAutoTopicCreation: boolean
  /** Bounds one look-up; the next attempt follows after a backoff. */
  readonly timeoutMs: number
  readonly onLocated: (partition: PartitionState, isCommitted: boolean) => void
  readonly onFailed: (partition: PartitionState, error: KafkaError) => void
}

/** A partition together with the token its look-up was started under. */
interface Lookup {
  readonly state: PartitionState
  readonly token: number
}

/**
 * Finds the positions of partitions in phase `locating`: the committed offset, else what `startFrom` says, or what a
 * seek asked for. A failed look-up is tried again after a backoff or raised; it never becomes "nothing was committed"
 * (L13, C3). Answers for partitions that were sought or given away meanwhile are dropped by their token.
 */
export class OffsetLocator {
  readonly #options: OffsetLocatorOptions
  readonly #scan: PartitionScan

  constructor(options: OffsetLocatorOptions) {
    this.#options = options
    const { cluster, subscription } = options
    this.#scan = new PartitionScan({
      cluster,
      subscription,
      isWaiting: ({ phase }) => phase === 'locating',
      onDue: (states) => this.#start(states),
    })
  }

  /** Looks after partitions that came into phase `locating`. Cheap, however often it is called. */
  wake(): void {
    this.#scan.wake()
  }

  close(): void {
    this.#scan.close()
  }

  #start(states: readonly PartitionState[]): void {
    const committed: Lookup[] = []
    const queried: Lookup[] = []
    const unknownTopics = new Map<string, Lookup[]>()
    for (const state of states) {
      const lookup = { state, token: state.token }
      // A member that does not lead its group hears of its topics here for the first time. Nobody else asks for them,
      // and a position without a leader to fetch from, or to be checked against, is worth nothing.
      if (this.#options.cluster.metadata.topic(state.topic) === undefined) {
        state.markInFlight()
        pushTo(unknownTopics, state.topic, lookup)
        continue
      }
      const isCommitted = state.query === undefined && this.#options.offsets !== undefined
      ;(isCommitted ? committed : queried).push(lookup)
    }
    for (const [topic, waiting] of unknownTopics) void this.#requireTopic(topic, waiting)
    if (committed.length > 0) void this.#lookUpCommitted(committed)
    if (queried.length > 0) this.#lookUpQueried(queried)
  }

  async #lookUpCommitted(lookups: readonly Lookup[]): Promise<void> {
    const { cluster, offsets, timeoutMs } = this.#options
    for (const { state } of lookups) state.markInFlight()
    try {
      const deadline = new Deadline(
        cluster.clock,
        'the look-up of committed offsets',
        timeoutMs,
        this.#scan.signal,
      )
      const answers =
        (await offsets?.fetchCommitted(
          lookups.map(({ state }) => state),
          deadline,
        )) ?? []
      for (const [index, { committed }] of answers.entries()) {
        const lookup = lookups[index]
        if (lookup === undefined || !this.#isCurrent(lookup)) continue
        const { state } = lookup
        state.clearInFlight(lookup.token)
        const position = committed ?? state.resumeAt
        if (position === undefined) state.query = this.#startQuery(state)
        else {
          state.startAt(position.offset, position.leaderEpoch)
          state.committed = committed?.offset
          this.#options.onLocated(state, true)
        }
      }
      this.wake()
    } catch (error) {
      this.#failAll(lookups, KafkaError.from(error, 'The look-up of committed offsets failed'))
    }
  }

  #startQuery(state: PartitionState): PositionQuery {
    return queryOfStartFrom(this.#options.startFrom(state), this.#options.cluster.clock.wallTime())
  }

  #lookUpQueried(lookups: readonly Lookup[]): void {
    const byLeader = new Map<number, (Lookup & { timestamp: bigint })[]>()
    for (const lookup of lookups) {
      const { state } = lookup
      state.query ??= this.#startQuery(state)
      const timestamp = this.#timestampOf(lookup, state.query)
      if (timestamp === undefined) continue
      const { metadata } = this.#options.cluster
      const leaderId = metadata.partition(state.topic, state.partition)?.leaderId ?? -1
      if (leaderId < 0) {
        metadata.requestRefresh(`no leader known for ${state.topic}-${state.partition}`)
        this.#scan.retryLater(state)
        continue
      }
      state.markInFlight()
      pushTo(byLeader, leaderId, { ...lookup, timestamp })
    }
    for (const [leaderId, asked] of byLeader) void this.#askLeader(leaderId, asked)
  }

  /** What to ask ListOffsets for; undefined when the query was settled without asking. */
  #timestampOf({ state }: Lookup, query: PositionQuery): bigint | undefined {
    switch (query.kind) {
      case 'earliest':
        return earliestTimestamp
      case 'latest':
        return latestTimestamp
      case 'timestamp':
        return BigInt(query.timestamp)
      case 'offset':
        state.startAt(query.offset, -1)
        this.#options.onLocated(state, false)
        return undefined
      case 'none':
        this.#fail(state, this.#noOffsetError(state))
        return undefined
    }
  }

  #noOffsetError({ topic, partition }: PartitionState): KafkaError {
    return new KafkaError(
      'NO_OFFSET_FOR_PARTITION',
      "Nothing is committed and startFrom is 'none', so there is no place to start; seek, or choose another startFrom",
      { topic, partition },
    )
  }

  async #requireTopic(topic: string, lookups: readonly Lookup[]): Promise<void> {
    const { cluster, timeoutMs, allowAutoTopicCreation } = this.#options
    try {
      const deadline = new Deadline(
        cluster.clock,
        `the look-up of topic ${topic}`,
        timeoutMs,
        this.#scan.signal,
      )
      await cluster.metadata.requireTopics([topic], deadline, { allowAutoTopicCreation })
      for (const { state, token } of lookups) state.clearInFlight(token)
      this.wake()
    } catch (error) {
      this.#failAll(lookups, KafkaError.from(error, 'The look-up of a topic failed', { topic }))
    }
  }

  async #askLeader(leaderId: number, asked: readonly (Lookup & { timestamp: bigint })[]): Promise<void> {
    const { cluster, isolationLevel } = this.#options
    const questions = asked.map(({ state, timestamp }) => ({
      topic: state.topic,
      partition: state.partition,
      timestamp,
      currentLeaderEpoch: cluster.metadata.partition(state.topic, state.partition)?.leaderEpoch ?? -1,
    }))
    try {
      const answers = await listOffsetsFrom(cluster, leaderId, questions, isolationLevel, this.#scan.signal)
      const atEnd: Lookup[] = []
      for (const lookup of asked) {
        const answer = answers.get(formatTopicPartition(lookup.state))
        if (this.#isCurrent(lookup)) this.#settle(lookup, answer, atEnd)
      }
      if (atEnd.length > 0) this.wake()
    } catch (error) {
      cluster.metadata.requestRefresh(`ListOffsets failed on broker ${leaderId}`)
      this.#failAll(asked, KafkaError.from(error, 'The look-up of offsets failed', { nodeId: leaderId }))
    }
  }

  #settle(lookup: Lookup, answer: OffsetAnswer | undefined, atEnd: Lookup[]): void {
    const { state, token } = lookup
    state.clearInFlight(token)
    if (answer === undefined || (answer.errorCode !== 0 && isRetriable(answer.errorCode))) {
      this.#options.cluster.metadata.requestRefresh(
        `ListOffsets was refused for ${state.topic}-${state.partition}`,
      )
      state.lastError = answer && errorCodeName(answer.errorCode)
      this.#scan.retryLater(state)
    } else if (answer.errorCode !== 0) {
      const { topic, partition } = state
      this.#fail(
        state,
        new BrokerError(answer.errorCode, 'The look-up of the start offset failed', { topic, partition }),
      )
    } else if (answer.offset < 0n) {
      // No message is of that time or later: the next one to come is.
      state.query = { kind: 'latest' }
      atEnd.push(lookup)
    } else {
      state.startAt(answer.offset, answer.leaderEpoch)
      this.#options.onLocated(state, false)
    }
  }

  #failAll(lookups: readonly Lookup[], error: KafkaError): void {
    if (this.#scan.signal.aborted) return
    for (const lookup of lookups) {
      if (!this.#isCurrent(lookup)) continue
      lookup.state.clearInFlight(lookup.token)
      lookup.state.lastError = error.message
      if (error.retriable) this.#scan.retryLater(lookup.state)
      else this.#fail(lookup.state, error)
    }
  }

  #fail(state: PartitionState, error: KafkaError): void {
    state.fail(error)
    this.#options.onFailed(state, error)
  }

  #isCurrent({ state, token }: Lookup): boolean {
    return state.token === token && state.phase === 'locating'
  }
}
