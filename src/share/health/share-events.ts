import type { ShareConsumerEvent } from '../../base/share-diagnostics'
import type { TopicPartition } from '../../base/topic-partition'
import type { FetchAnswer } from '../../health/fetch-answer'
import { MemberEvents } from '../../health/member-events'
import type { AcknowledgementResult } from '../acknowledgement-result'
import type { ShareEventOutlets } from './share-event-listeners'

/** Publishes what happens to one share consumer where someone listens. Without a listener no event is made. */
export class ShareEvents extends MemberEvents<ShareConsumerEvent> {
  readonly #outlets: ShareEventOutlets

  constructor(clientId: string, groupId: string, outlets: ShareEventOutlets) {
    super({ clientId, groupId }, outlets)
    this.#outlets = outlets
  }

  joined(memberId: string, memberEpoch: number, durationMs: number): void {
    const { joined } = this.#outlets
    if (joined.isHeard) joined.publish({ ...this.names, memberId, memberEpoch, durationMs })
  }

  partitionsMoved(how: 'assigned' | 'revoked', partitions: readonly TopicPartition[]): void {
    const { partitionsAssigned, partitionsRevoked } = this.#outlets
    const moved = how === 'assigned' ? partitionsAssigned : partitionsRevoked
    if (moved.isHeard) moved.publish({ ...this.names, partitions })
  }

  /** @param countRecords counts the records of the answer; only asked when someone wants to know */
  fetched(answer: FetchAnswer, acquiredCount: number, countRecords: () => number): void {
    const { fetched } = this.#outlets
    if (!fetched.isHeard) return
    fetched.publish({ ...this.names, ...answer, recordCount: countRecords(), acquiredCount })
  }

  acknowledgementEnded(nodeId: number, { topic, partition, ranges, error }: AcknowledgementResult): void {
    const { acknowledged, acknowledgementFailed } = this.#outlets
    if (error === undefined) {
      if (acknowledged.isHeard) acknowledged.publish({ ...this.names, topic, partition, nodeId, ranges })
    } else if (acknowledgementFailed.isHeard) {
      acknowledgementFailed.publish({ ...this.names, topic, partition, nodeId, ranges, error })
    }
  }

  locksExpired({ topic, partition }: TopicPartition, count: number): void {
    const { locksExpired } = this.#outlets
    if (locksExpired.isHeard) locksExpired.publish({ ...this.names, topic, partition, count })
  }
}
