import type { Clock } from '../../base/clock'
import type { Deadline } from '../../base/deadline'
import { KafkaError } from '../../base/errors'
import type { TopicPartition } from '../../base/topic-partition'
import type { CommittedPartition, GroupOffsets, PartitionOffset } from '../group/group-membership'

/** Is told how commits and look-ups of committed positions end. */
export interface CommitObserver {
  commitEnded(offsets: readonly PartitionOffset[], durationMs: number, error: KafkaError | undefined): void
  committedLookedUp(durationMs: number): void
  /** Something may have to be watched from now on. */
  commitBegan(): void
}

/** Passes commits on, and knows since when none has succeeded that was asked for. */
export class CommitMonitor implements GroupOffsets {
  readonly #offsets: GroupOffsets
  readonly #clock: Clock
  readonly #observer: CommitObserver
  readonly #isRepeated: () => boolean
  #since: number | undefined
  #lastError: KafkaError | undefined
  #underWay = 0

  /** @param isRepeated whether a commit that failed is made again by itself */
  constructor(offsets: GroupOffsets, clock: Clock, observer: CommitObserver, isRepeated: () => boolean) {
    this.#offsets = offsets
    this.#clock = clock
    this.#observer = observer
    this.#isRepeated = isRepeated
  }

  /** By the clock; undefined while nothing is to be committed that was not. */
  get since(): number | undefined {
    return this.#underWay > 0 || this.#isRepeated() ? this.#since : undefined
  }

  /** Why the last one failed; undefined after a success. */
  get lastError(): KafkaError | undefined {
    return this.#lastError
  }

  get isUnderWay(): boolean {
    return this.#underWay > 0
  }

  commit(offsets: readonly PartitionOffset[], deadline: Deadline): Promise<void> {
    const startedAt = this.#clock.now()
    if (this.#underWay++ === 0 && !this.#isRepeated()) this.#since = undefined
    this.#since ??= startedAt
    this.#observer.commitBegan()
    const done = this.#offsets.commit(offsets, deadline)
    done.then(
      () => this.#end(offsets, startedAt, undefined),
      (error: unknown) => this.#end(offsets, startedAt, KafkaError.from(error, 'A commit failed')),
    )
    return done
  }

  #end(offsets: readonly PartitionOffset[], startedAt: number, error: KafkaError | undefined): void {
    this.#underWay--
    // What is committed for partitions that are gone has been settled too: by whoever has them now.
    const isSettled = error === undefined || error.code === 'COMMIT_FAILED'
    if (isSettled) this.#since = this.#underWay > 0 ? this.#clock.now() : undefined
    this.#lastError = isSettled ? undefined : error
    this.#observer.commitEnded(offsets, this.#clock.now() - startedAt, error)
  }

  fetchCommitted(
    partitions: readonly TopicPartition[],
    deadline: Deadline,
  ): Promise<readonly CommittedPartition[]> {
    const startedAt = this.#clock.now()
    const found = this.#offsets.fetchCommitted(partitions, deadline)
    const onEnd = () => this.#observer.committedLookedUp(this.#clock.now() - startedAt)
    found.then(onEnd, onEnd)
    return found
  }
}
