import type { Clock } from '../../base/clock'
import type { KafkaError } from '../../base/errors'
import type { TopicPartition } from '../../base/topic-partition'
import type { GroupListener } from '../group/group-membership'

/** How many partitions a rebalance moved, as this member saw it. */
export interface RebalanceOutcome {
  readonly durationMs: number
  readonly added: number
  readonly revoked: number
  readonly lost: number
}

/** Is told what the group does with this member. */
export interface GroupObserver {
  /** The member begins to join, or its partitions are divided anew. */
  rebalanceBegan(): void
  rebalanced(outcome: RebalanceOutcome): void
  partitionsMoved(
    how: 'assigned' | 'revoked' | 'lost',
    partitions: readonly TopicPartition[],
    durationMs: number,
  ): void
  /** The member is out of its group against its will. */
  sessionLost(reason: string): void
}

/**
 * Stands between a membership of any protocol and the consumer: passes everything on at once, and knows from it when
 * the member joins or rebalances, and for how long. A rebalance begins with the first step that is seen of it, and ends
 * when the assignment was taken, which every membership says, also when nothing was added.
 */
export class GroupMonitor implements GroupListener {
  readonly #listener: GroupListener
  readonly #clock: Clock
  readonly #observer: GroupObserver
  #since: number | undefined
  #hasJoined = false
  #isOut = false
  #hasEnded = false
  #revoked = 0
  #lost = 0

  constructor(listener: GroupListener, clock: Clock, observer: GroupObserver) {
    this.#listener = listener
    this.#clock = clock
    this.#observer = observer
  }

  /** Since when the member joins or rebalances, by the clock; undefined while it does not. */
  get since(): number | undefined {
    return this.#isOut || this.#hasEnded ? undefined : this.#since
  }

  /** True once the member had an assignment, until it was taken from it. */
  get hasJoined(): boolean {
    return this.#hasJoined
  }

  /** A first step towards an assignment. Those that follow do not count. */
  begin(): void {
    if (this.#since !== undefined) return
    this.#since = this.#clock.now()
    if (this.since !== undefined) this.#observer.rebalanceBegan()
  }

  /** The member leaves its group, to come back later: nobody asks for messages, or it has no topics. */
  stayOut(): void {
    this.#isOut = true
    this.#since = undefined
    this.#hasJoined = false
  }

  /** It joins again. */
  comeBack(): void {
    if (!this.#isOut) return
    this.#isOut = false
    this.#since = undefined
    this.begin()
  }

  /** Nothing more is expected of the membership. */
  end(): void {
    this.#hasEnded = true
  }

  onAssigned(added: readonly TopicPartition[]): Promise<void> {
    this.begin()
    return this.#passOn('assigned', added, this.#listener.onAssigned(added), () => {
      this.#hasJoined = true
      this.#settle(added.length)
    })
  }

  onRevoked(revoked: readonly TopicPartition[]): Promise<void> {
    this.begin()
    this.#revoked += revoked.length
    return this.#passOn('revoked', revoked, this.#listener.onRevoked(revoked))
  }

  onLost(lost: readonly TopicPartition[]): Promise<void> {
    this.#hasJoined = false
    this.begin()
    this.#lost += lost.length
    return this.#passOn('lost', lost, this.#listener.onLost(lost))
  }

  onSessionLost(reason: string): void {
    this.#hasJoined = false
    this.begin()
    this.#observer.sessionLost(reason)
    this.#listener.onSessionLost?.(reason)
  }

  onError(error: KafkaError): void {
    this.#listener.onError(error)
  }

  onFatal(error: KafkaError): void {
    this.end()
    this.#listener.onFatal(error)
  }

  /** Gives the promise back as it is: the membership does not wait a turn longer for being watched. */
  #passOn(
    how: 'assigned' | 'revoked' | 'lost',
    partitions: readonly TopicPartition[],
    done: Promise<void>,
    settle: () => void = () => {},
  ): Promise<void> {
    const startedAt = this.#clock.now()
    const onEnd = () => {
      if (partitions.length > 0) {
        this.#observer.partitionsMoved(how, partitions, this.#clock.now() - startedAt)
      }
      settle()
    }
    done.then(onEnd, onEnd)
    return done
  }

  #settle(added: number): void {
    const now = this.#clock.now()
    const durationMs = now - (this.#since ?? now)
    const outcome = { durationMs, added, revoked: this.#revoked, lost: this.#lost }
    this.#since = undefined
    this.#revoked = this.#lost = 0
    this.#observer.rebalanced(outcome)
  }
}
