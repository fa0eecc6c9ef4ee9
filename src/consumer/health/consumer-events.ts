import type { ConsumerEvent, PositionOfPartition, StallEvent } from '../../base/consumer-diagnostics'
import { diagnosticsChannel } from '../../base/diagnostics'
import type { KafkaError } from '../../base/errors'
import type { TopicPartition } from '../../base/topic-partition'
import type { PartitionOffset } from '../group/group-membership'
import type { RebalanceOutcome } from './group-monitor'
import type { Stall } from './stall'

const rebalanced = diagnosticsChannel('typed-kafka:consumer:rebalanced')
const moved = {
  assigned: diagnosticsChannel('typed-kafka:consumer:partitions-assigned'),
  revoked: diagnosticsChannel('typed-kafka:consumer:partitions-revoked'),
  lost: diagnosticsChannel('typed-kafka:consumer:partitions-lost'),
}
const sessionLost = diagnosticsChannel('typed-kafka:consumer:session-lost')
const committed = diagnosticsChannel('typed-kafka:consumer:committed')
const commitFailed = diagnosticsChannel('typed-kafka:consumer:commit-failed')
const fetched = diagnosticsChannel('typed-kafka:consumer:fetched')
const fetchFailed = diagnosticsChannel('typed-kafka:consumer:fetch-failed')
const stallBegan = diagnosticsChannel('typed-kafka:consumer:stall-began')
const stallEnded = diagnosticsChannel('typed-kafka:consumer:stall-ended')
const raised = diagnosticsChannel('typed-kafka:consumer:error')

/** A fetch that was answered, in numbers. */
export interface FetchAnswer {
  readonly nodeId: number
  readonly partitions: number
  readonly byteLength: number
  readonly latencyMs: number
  readonly throttleMs: number
}

/** Publishes what happens to one consumer where someone has subscribed. Without a subscriber no event is made. */
export class ConsumerEvents {
  readonly #names: ConsumerEvent

  constructor(clientId: string, groupId: string | null) {
    this.#names = { clientId, groupId }
  }

  rebalanced(outcome: RebalanceOutcome, memberId: string, generationId: number): void {
    if (rebalanced.hasSubscribers) {
      rebalanced.publish({ ...this.#names, memberId, generationId, ...outcome })
    }
  }

  partitionsMoved(
    how: 'assigned' | 'revoked' | 'lost',
    partitions: readonly TopicPartition[],
    durationMs: number,
  ): void {
    if (moved[how].hasSubscribers) moved[how].publish({ ...this.#names, partitions, durationMs })
  }

  sessionLost(reason: string): void {
    if (sessionLost.hasSubscribers) sessionLost.publish({ ...this.#names, reason })
  }

  commitEnded(offsets: readonly PartitionOffset[], durationMs: number, error: KafkaError | undefined): void {
    if (error === undefined) {
      if (committed.hasSubscribers) {
        committed.publish({ ...this.#names, offsets: positionsOf(offsets), durationMs })
      }
    } else if (commitFailed.hasSubscribers) {
      commitFailed.publish({ ...this.#names, offsets: positionsOf(offsets), durationMs, error })
    }
  }

  /** @param countRecords counts the records of the answer; only asked when someone wants to know */
  fetched(answer: FetchAnswer, countRecords: () => number): void {
    if (fetched.hasSubscribers) fetched.publish({ ...this.#names, ...answer, recordCount: countRecords() })
  }

  fetchFailed(nodeId: number, latencyMs: number, error: KafkaError): void {
    if (fetchFailed.hasSubscribers) fetchFailed.publish({ ...this.#names, nodeId, latencyMs, error })
  }

  stallBegan(stall: Stall): void {
    if (stallBegan.hasSubscribers) stallBegan.publish(this.#stallEvent(stall))
  }

  stallEnded(stall: Stall): void {
    if (stallEnded.hasSubscribers) stallEnded.publish(this.#stallEvent(stall))
  }

  #stallEvent({ kind, partitions, nodeId, reason, durationMs }: Stall): StallEvent {
    return { ...this.#names, kind, partitions, nodeId, reason, durationMs }
  }

  error(error: KafkaError, isFatal: boolean): void {
    if (raised.hasSubscribers) raised.publish({ ...this.#names, error, isFatal })
  }
}

function positionsOf(offsets: readonly PartitionOffset[]): PositionOfPartition[] {
  return offsets.map(({ topic, partition, offset }) => ({ topic, partition, offset }))
}
