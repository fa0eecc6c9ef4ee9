import type { Clock } from '../../base/clock'
import type { KafkaError } from '../../base/errors'
import type { TopicPartition } from '../../base/topic-partition'
import type { AssignedSharePartition, ShareMembershipListener } from '../share-membership'
import { sharePartitionKey } from '../share-partition'

/** Is told what the group does with this member. */
export interface ShareGroupObserver {
  joined(memberEpoch: number, durationMs: number): void
  /** The group changed what the member reads. */
  rebalanced(): void
  partitionsMoved(how: 'assigned' | 'revoked', partitions: readonly TopicPartition[]): void
  /** The member is out of its group against its will. */
  sessionLost(reason: string): void
}

/** Where what the membership tells is needed. */
export type ShareAssignmentListener = Pick<ShareMembershipListener, 'onAssigned' | 'onFatal'>

/**
 * Stands between the membership and the share consumer: passes assignments on at once, and knows since when the member
 * joins, and what came and went.
 */
export class ShareGroupMonitor implements ShareMembershipListener {
  readonly #listener: ShareAssignmentListener
  readonly #clock: Clock
  readonly #observer: ShareGroupObserver
  #joiningSince: number | undefined
  #isMember = false
  #partitions = new Map<string, TopicPartition>()

  constructor(listener: ShareAssignmentListener, clock: Clock, observer: ShareGroupObserver) {
    this.#listener = listener
    this.#clock = clock
    this.#observer = observer
  }

  /** Since when the member joins, by the clock; undefined while it does not. */
  get since(): number | undefined {
    return this.#joiningSince
  }

  get isMember(): boolean {
    return this.#isMember
  }

  onJoining(): void {
    this.#joiningSince ??= this.#clock.now()
  }

  onJoined(memberEpoch: number): void {
    const now = this.#clock.now()
    const durationMs = now - (this.#joiningSince ?? now)
    this.#joiningSince = undefined
    this.#isMember = true
    this.#observer.joined(memberEpoch, durationMs)
  }

  onOutside(): void {
    this.#joiningSince = undefined
    this.#isMember = false
  }

  onThrownOut(error: KafkaError): void {
    this.#observer.sessionLost(error.message)
  }

  onAssigned(partitions: readonly AssignedSharePartition[]): void {
    const before = this.#partitions
    this.#partitions = new Map(
      partitions.map(({ topic, topicId, partition }) => [
        sharePartitionKey(topicId, partition),
        { topic, partition },
      ]),
    )
    this.#listener.onAssigned(partitions)
    this.#tell('revoked', missingFrom(this.#partitions, before))
    this.#tell('assigned', missingFrom(before, this.#partitions))
    if (this.#isMember && !isSame(before, this.#partitions)) this.#observer.rebalanced()
  }

  #tell(how: 'assigned' | 'revoked', partitions: readonly TopicPartition[]): void {
    if (partitions.length > 0) this.#observer.partitionsMoved(how, partitions)
  }

  onFatal(error: KafkaError): void {
    this.#listener.onFatal(error)
  }
}

type Partitions = ReadonlyMap<string, TopicPartition>

/** Those of the second that the first does not have. */
function missingFrom(first: Partitions, second: Partitions): TopicPartition[] {
  return [...second].filter(([key]) => !first.has(key)).map(([, partition]) => partition)
}

function isSame(first: Partitions, second: Partitions): boolean {
  return first.size === second.size && missingFrom(first, second).length === 0
}
