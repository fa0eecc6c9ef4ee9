import { formatTopicPartition, type TopicPartition } from '../../base/topic-partition'
import type { ReadyPartitions } from '../delivery/ready-partitions'
import type { ConsumerGroupMetadata } from '../group/group-membership'
import type { Message } from '../../message/message'
import type { PartitionState } from '../partition-state'
import { TransactionRound } from './transaction-round'

export interface RoundCollectorOptions {
  readonly maxMessages: number
  readonly partitions: () => readonly PartitionState[]
  readonly group: () => ConsumerGroupMetadata
  /** What the membership owns; undefined when partitions are given by hand. */
  readonly assignment: (() => readonly TopicPartition[]) | undefined
}

/** Puts rounds together: what is ready of all partitions, in turn, up to the limit. */
export class RoundCollector<M extends Message> {
  readonly #ready: ReadyPartitions
  readonly #options: RoundCollectorOptions

  constructor(ready: ReadyPartitions, options: RoundCollectorOptions) {
    this.#ready = ready
    this.#options = options
  }

  /** Undefined when nothing is ready, or when this member is not in its group at the moment. */
  collect(): TransactionRound<M> | undefined {
    const isOurs = this.#ownership()
    const slices = new Map<PartitionState, M[]>()
    const seen: PartitionState[] = []
    let left = this.#options.maxMessages
    while (left > 0) {
      const state = this.#ready.take(left)
      if (state === undefined) break
      seen.push(state)
      if (!isOurs(state)) continue
      const slice = takeUpTo<M>(state, left)
      left -= slice.length
      slices.set(state, slice)
    }
    // Not earlier: each partition has one turn in a round.
    for (const state of seen) this.#ready.add(state)
    if (slices.size === 0) return undefined
    for (const state of this.#passed(isOurs)) if (!slices.has(state)) slices.set(state, [])
    return new TransactionRound(slices, this.#options.group)
  }

  /** A round without messages, for positions behind markers and aborted messages; undefined when there are none. */
  collectPassed(): TransactionRound<M> | undefined {
    const passed = this.#passed(this.#ownership())
    if (passed.length === 0) return undefined
    return new TransactionRound(new Map(passed.map((state) => [state, []])), this.#options.group)
  }

  /** Whether positions have moved without a message to process. */
  get hasPassed(): boolean {
    return this.#passed(() => true).length > 0
  }

  #passed(isOurs: (state: PartitionState) => boolean): PartitionState[] {
    return this.#options.partitions().filter((state) => {
      if (state.phase !== 'fetching' || state.tracker.oldestUnfinished !== undefined) return false
      return state.reader.position !== state.committed && isOurs(state)
    })
  }

  /**
   * What the group has taken away may still be here until its listener was called, which a listener that is late can
   * hold up.
   */
  #ownership(): (state: PartitionState) => boolean {
    const { assignment, group } = this.#options
    if (assignment === undefined) return () => true
    if (group().generationId < 0) return () => false
    const owned = new Set(assignment().map(formatTopicPartition))
    return (state) => owned.has(formatTopicPartition(state))
  }
}

function takeUpTo<M extends Message>({ reader }: PartitionState, limit: number): M[] {
  const slice: M[] = []
  while (slice.length < limit) {
    const message = reader.next()
    if (message === undefined) break
    slice.push(message as M)
  }
  return slice
}
