import type { ConsumerEvent, PositionOfPartition } from '../../base/consumer-diagnostics'
import type { KafkaError } from '../../base/errors'
import type { TopicPartition } from '../../base/topic-partition'
import type { PartitionOffset } from '../group/group-membership'
import type { FetchAnswer } from '../../health/fetch-answer'
import { MemberEvents } from '../../health/member-events'
import type { ConsumerEventOutlets } from '../events/consumer-event-listeners'
import type { RebalanceOutcome } from './group-monitor'
import type { MemberSeen } from './member-seen'

/** A partition whose position has moved without a message. */
export interface PassedPartition extends TopicPartition {
  readonly position: bigint
  readonly highWatermark: bigint
}

/** Publishes what happens to one consumer where someone listens. Without a listener no event is made. */
export class ConsumerEvents extends MemberEvents<ConsumerEvent> {
  readonly #outlets: ConsumerEventOutlets

  constructor(clientId: string, groupId: string | null, outlets: ConsumerEventOutlets) {
    super({ clientId, groupId }, outlets)
    this.#outlets = outlets
  }

  rebalanceBegan(memberId: string, generationId: number): void {
    const { rebalanceBegan } = this.#outlets
    if (rebalanceBegan.isHeard) rebalanceBegan.publish({ ...this.names, memberId, generationId })
  }

  rebalanced(outcome: RebalanceOutcome, member: MemberSeen): void {
    const { rebalanced } = this.#outlets
    if (rebalanced.isHeard) rebalanced.publish({ ...this.names, ...member, ...outcome })
  }

  partitionsMoved(
    how: 'assigned' | 'revoked' | 'lost',
    partitions: readonly TopicPartition[],
    durationMs: number,
  ): void {
    const { partitionsAssigned, partitionsRevoked, partitionsLost } = this.#outlets
    const moved = { assigned: partitionsAssigned, revoked: partitionsRevoked, lost: partitionsLost }[how]
    if (moved.isHeard) moved.publish({ ...this.names, partitions, durationMs })
  }

  heartbeat({ memberId, generationId }: MemberSeen, latencyMs: number): void {
    const { heartbeat } = this.#outlets
    if (heartbeat.isHeard) heartbeat.publish({ ...this.names, memberId, generationId, latencyMs })
  }

  commitEnded(offsets: readonly PartitionOffset[], durationMs: number, error: KafkaError | undefined): void {
    const { committed, commitFailed } = this.#outlets
    if (error === undefined) {
      if (committed.isHeard) {
        committed.publish({ ...this.names, offsets: positionsOf(offsets), durationMs })
      }
    } else if (commitFailed.isHeard) {
      commitFailed.publish({ ...this.names, offsets: positionsOf(offsets), durationMs, error })
    }
  }

  fetchStarted(nodeId: number): void {
    const { fetchStarted } = this.#outlets
    if (fetchStarted.isHeard) fetchStarted.publish({ ...this.names, nodeId })
  }

  /** @param countRecords counts the records of the answer; only asked when someone wants to know */
  fetched(answer: FetchAnswer, countRecords: () => number): void {
    const { fetched } = this.#outlets
    if (fetched.isHeard) fetched.publish({ ...this.names, ...answer, recordCount: countRecords() })
  }

  recordsPassedOver(
    { topic, partition, position, highWatermark }: PassedPartition,
    fromOffset: bigint,
  ): void {
    const { recordsPassedOver } = this.#outlets
    if (!recordsPassedOver.isHeard) return
    const at = { topic, partition, fromOffset, endOffset: position, highWatermark }
    recordsPassedOver.publish({ ...this.names, ...at })
  }
}

function positionsOf(offsets: readonly PartitionOffset[]): PositionOfPartition[] {
  return offsets.map(({ topic, partition, offset }) => ({ topic, partition, offset }))
}
