import type { KafkaError } from '../../base/errors'
import type { Cluster } from '../../cluster/cluster'
import { OffsetFinder } from '../offsets/offset-finder'
import type { PartitionState } from '../partition-state'
import type { StartFrom } from '../start-from'
import type { SubscriptionState } from '../subscription-state'
import type { ReadUntil, ResolvedAssignment } from './manual-assignment'
import { GapProbe } from './gap-probe'
import { ManualAssignments } from './manual-assignments'
import { progressOf, ReadingEnds, type ReadProgress } from './reading-ends'

export interface ManualReadingOptions {
  readonly cluster: Cluster
  readonly subscription: SubscriptionState
  readonly isolationLevel: 'read_uncommitted' | 'read_committed'
  readonly until: ReadUntil | null
  readonly allowAutoTopicCreation: boolean
  readonly defaultApiTimeoutMs: number
  readonly fetchMaxWaitMs: number
  /** Positions are to be found. */
  readonly onAdded: () => void
  /** The end of a partition was found: it can be fetched. */
  readonly onEndKnown: (state: PartitionState) => void
  readonly onFailed: (error: KafkaError) => void
  /** Everything was read to its end and is finished. Called whenever that is noticed. */
  readonly onFinished: () => void
}

/** Longer than a poll takes that brings nothing: only then it is looked whether anything is left in the log. */
const probeDelayMs = 100

/**
 * Reading without a group's assignment: which partitions, from where, and, where it has an end, when all is done. It is
 * done when every partition was read to its end and nothing that was handed out is unfinished; a position that lies on
 * markers, aborted or compacted records at the end of the log counts as one behind them (C8).
 */
export class ManualReading {
  readonly #options: ManualReadingOptions
  readonly #ends: ReadingEnds
  readonly #assignments: ManualAssignments
  readonly #probe: GapProbe
  #isChecking = false

  constructor(options: ManualReadingOptions) {
    this.#options = options
    const { cluster, fetchMaxWaitMs, defaultApiTimeoutMs: timeoutMs, onEndKnown, onFailed } = options
    const isolationLevel = options.isolationLevel === 'read_committed' ? 1 : 0
    this.#probe = new GapProbe({
      cluster,
      isolationLevel,
      patienceMs: fetchMaxWaitMs + probeDelayMs,
      onPassed: (state) => this.handlePosition(state),
    })
    this.#ends = new ReadingEnds({
      cluster,
      finder: new OffsetFinder(cluster, isolationLevel),
      timeoutMs,
      onKnown: (state) => {
        onEndKnown(state)
        this.handlePosition(state)
      },
      onFailed,
    })
    this.#assignments = new ManualAssignments({
      ...options,
      ends: this.#ends,
      until: options.until ?? undefined,
      timeoutMs,
    })
  }

  set(assignments: readonly ResolvedAssignment[]): void {
    this.#assignments.set(assignments)
  }

  startFromOf(state: PartitionState): StartFrom | undefined {
    return this.#assignments.startFromOf(state)
  }

  /** Messages are going to be handed out. */
  handleStart(): void {
    this.#assignments.retry()
    this.#checkSoon()
  }

  /** A position was found, or moved by a seek. */
  handlePosition(state: PartitionState): void {
    this.#ends.check(state)
    if (state.reader.endOffset !== undefined && !state.reader.isAtEnd) this.#probe.watch(state)
    this.#checkSoon()
  }

  /** All that was fetched of the partition may have been handed out. */
  handleDrained(state: PartitionState): void {
    if (state.reader.endOffset === undefined) return
    if (!state.reader.isAtEnd) return this.#probe.watch(state)
    this.#ends.check(state)
    this.#checkSoon()
  }

  /** A message was finished. Costs nothing as long as there is something to read. */
  handleProgress(): void {
    if (this.#ends.areReached) this.#checkSoon()
  }

  progress(): ReadProgress {
    return progressOf(this.#options.subscription.all())
  }

  /** In a turn of its own, in which no delivery is in the middle of its work. */
  #checkSoon(): void {
    if (this.#isChecking || !this.#ends.areReached) return
    this.#isChecking = true
    queueMicrotask(() => {
      this.#isChecking = false
      if (this.#isFinished()) this.#options.onFinished()
    })
  }

  #isFinished(): boolean {
    if (!this.#ends.areReached || !this.#assignments.isComplete) return false
    const states = this.#options.subscription.all()
    return states.length > 0 && states.every(({ tracker }) => tracker.oldestUnfinished === undefined)
  }

  close(): void {
    this.#assignments.close()
    this.#probe.close()
    this.#ends.close()
  }
}
