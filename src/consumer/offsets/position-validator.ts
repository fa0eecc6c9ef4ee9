import { errorCodeName, isRetriable } from '../../base/error-codes'
import { groupBy, pushTo } from '../../base/group-by'
import { KafkaError, UnsupportedVersionError } from '../../base/errors'
import { formatTopicPartition } from '../../base/topic-partition'
import type { Cluster } from '../../cluster/cluster'
import {
  offsetForLeaderEpochApi,
  type OffsetForLeaderEpochResponse,
  type OffsetForLeaderEpochResponseEpochEndOffset,
} from '../../wire/generated/client/offset-for-leader-epoch'
import type { PartitionState } from '../partition-state'
import type { SubscriptionState } from '../subscription-state'
import { PartitionScan } from './partition-scan'

export interface PositionValidatorOptions {
  readonly cluster: Cluster
  readonly subscription: SubscriptionState
  /** The position is in the log of the present leader: the partition can be fetched. */
  readonly onValid: (partition: PartitionState) => void
  /**
   * The log ends before the position: what lay between was lost in an unclean election. `endOffset` is where the logs
   * part, or undefined when even that is not known.
   */
  readonly onTruncated: (partition: PartitionState, endOffset: bigint | undefined) => void
}

/** Consumers may ask from this version on; older ones are for brokers among themselves. */
const firstConsumerVersion = 3

interface Question {
  readonly state: PartitionState
  readonly token: number
}

/**
 * Notices that a log was truncated (KIP-320). When a partition has got a new leader, the leader is asked where the epoch
 * of the last record read ends in its log; until the answer nothing is fetched. An error of the question is tried again,
 * it never counts as truncation (C2).
 */
export class PositionValidator {
  readonly #options: PositionValidatorOptions
  readonly #scan: PartitionScan

  constructor(options: PositionValidatorOptions) {
    this.#options = options
    const { cluster, subscription } = options
    this.#scan = new PartitionScan({
      cluster,
      subscription,
      isWaiting: ({ phase, needsValidation }) => phase === 'fetching' && needsValidation,
      onDue: (states) => this.#start(states),
    })
  }

  /** Looks after partitions that need to be validated. Cheap, however often it is called. */
  wake(): void {
    this.#scan.wake()
  }

  close(): void {
    this.#scan.close()
  }

  #start(states: readonly PartitionState[]): void {
    const { cluster } = this.#options
    const byLeader = new Map<number, Question[]>()
    for (const state of states) {
      const leaderId = cluster.metadata.partition(state.topic, state.partition)?.leaderId ?? -1
      if (leaderId < 0) {
        cluster.metadata.requestRefresh(`no leader known for ${formatTopicPartition(state)}`)
        this.#scan.retryLater(state)
        continue
      }
      state.markInFlight()
      pushTo(byLeader, leaderId, { state, token: state.token })
    }
    for (const [leaderId, questions] of byLeader) void this.#ask(leaderId, questions)
  }

  async #ask(leaderId: number, questions: readonly Question[]): Promise<void> {
    const { cluster } = this.#options
    const topics = [...groupBy(questions, ({ state }) => state.topic)].map(([topic, asked]) => ({
      topic,
      partitions: asked.map(({ state: { partition, positionEpoch } }) => ({
        partition,
        currentLeaderEpoch: cluster.metadata.partition(topic, partition)?.leaderEpoch ?? -1,
        leaderEpoch: positionEpoch,
      })),
    }))
    try {
      const response = await cluster.send(
        leaderId,
        offsetForLeaderEpochApi,
        { replicaId: -1, topics },
        { minVersion: firstConsumerVersion, signal: this.#scan.signal },
      )
      const answers = answersOf(response)
      for (const question of questions) {
        if (this.#isCurrent(question))
          this.#settle(question, answers.get(formatTopicPartition(question.state)))
      }
    } catch (caught) {
      this.#handleFailure(leaderId, questions, KafkaError.from(caught))
    }
  }

  #settle({ state, token }: Question, answer: OffsetForLeaderEpochResponseEpochEndOffset | undefined): void {
    state.clearInFlight(token)
    const { cluster, onTruncated } = this.#options
    if (answer === undefined || isRetriable(answer.errorCode)) {
      const reason = answer === undefined ? 'no answer' : errorCodeName(answer.errorCode)
      cluster.metadata.requestRefresh(`OffsetForLeaderEpoch: ${reason} for ${formatTopicPartition(state)}`)
      state.lastError = reason
      this.#scan.retryLater(state)
    } else if (answer.errorCode !== 0) {
      // The fetch meets the same error, and tells the user.
      this.#accept(state)
    } else if (answer.endOffset < 0n || answer.leaderEpoch < 0) {
      state.needsValidation = false
      onTruncated(state, undefined)
    } else if (answer.endOffset < state.fetchOffset) {
      state.needsValidation = false
      onTruncated(state, answer.endOffset)
    } else this.#accept(state)
  }

  #handleFailure(leaderId: number, questions: readonly Question[], error: KafkaError): void {
    if (this.#scan.signal.aborted) return
    this.#options.cluster.metadata.requestRefresh(`OffsetForLeaderEpoch failed on broker ${leaderId}`)
    for (const question of questions) {
      if (!this.#isCurrent(question)) continue
      question.state.clearInFlight(question.token)
      question.state.lastError = error.message
      // A broker too old to be asked can't be validated against; the fetch itself is what tells then.
      if (error instanceof UnsupportedVersionError || !error.retriable) this.#accept(question.state)
      else this.#scan.retryLater(question.state)
    }
  }

  #accept(state: PartitionState): void {
    state.needsValidation = false
    state.failures = 0
    state.retryAt = 0
    this.#options.onValid(state)
  }

  #isCurrent({ state, token }: Question): boolean {
    return state.token === token && state.phase === 'fetching' && state.needsValidation
  }
}

/** By `formatTopicPartition`. */
function answersOf({
  topics,
}: OffsetForLeaderEpochResponse): Map<string, OffsetForLeaderEpochResponseEpochEndOffset> {
  return new Map(
    topics.flatMap(({ topic, partitions }) =>
      partitions.map((answer) => [formatTopicPartition({ topic, partition: answer.partition }), answer]),
    ),
  )
}
