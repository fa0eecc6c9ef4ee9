import type { Clock } from '../base/clock'
import { Deadline } from '../base/deadline'
import { KafkaError, TimeoutError } from '../base/errors'
import type { Logger } from '../base/logger'
import { formatTopicPartition, type TopicPartition } from '../base/topic-partition'
import type { PartitionsListener } from './consumer-options'
import type { GroupListener } from './group/group-membership'
import type { OffsetCommitter } from './offsets/offset-committer'
import type { PartitionState } from './partition-state'
import type { SubscriptionState } from './subscription-state'

export interface AssignmentChangesOptions {
  readonly clock: Clock
  readonly logger: Logger
  readonly subscription: SubscriptionState
  /** Undefined without a group. */
  readonly committer: () => OffsetCommitter | undefined
  readonly rebalanceTimeoutMs: number
  /** Null for as long as handlers are waited for. */
  readonly revocationGraceMs: number | null
  readonly onPartitionsAssigned: PartitionsListener | undefined
  readonly onPartitionsRevoked: PartitionsListener | undefined
  readonly onPartitionsLost: PartitionsListener | undefined
  /** Positions are to be found. */
  readonly onAdded: () => void
  /** Partitions stopped being deliverable or are gone. */
  readonly onRemoved: () => void
  /** The user is to be told; the membership goes on, or has ended for good. */
  readonly onError: (error: KafkaError, isFatal: boolean) => void
}

/** Share of the rebalance timeout that running handlers get. */
const handlerShare = 0.8
/** When the commit has to be done, as a share of it; the rest is for the user's listener. */
const commitShare = 0.95

/**
 * What happens to partitions when the group moves them. Revocation is a sequence that never changes its order (L14, G8):
 *
 *     hand out nothing more → wait for running handlers → commit what finished → user's listener → free everything
 *
 * A handler that is not back in time has its signal fired, and what it still does is neither committed nor kept (G10).
 * How soon that is, is the user's choice; it is waited for all the same, bounded, so that it does not run beside the next
 * owner's.
 */
export class AssignmentChanges implements GroupListener {
  readonly #options: AssignmentChangesOptions
  /** Partitions that are gone while a handler of theirs still runs: a new owner in this process waits for it. */
  readonly #stragglers = new Map<string, PartitionState>()
  /** Waits for handlers that are under way. */
  readonly #waits = new Set<AbortController>()

  constructor(options: AssignmentChangesOptions) {
    this.#options = options
  }

  async onAssigned(added: readonly TopicPartition[]): Promise<void> {
    const { subscription, onPartitionsAssigned } = this.#options
    // Given again before it was given up as a whole: its handler may still run.
    const replaced = this.#statesOf(added)
    if (replaced.length > 0) this.#remove(replaced, subscription)
    const states = added.map((topicPartition) => subscription.add(topicPartition))
    try {
      await onPartitionsAssigned?.(added)
    } finally {
      for (const state of states) this.#begin(state)
      this.#options.onAdded()
    }
  }

  /** Starts looking for the position, unless the user's listener has set one (C5). */
  #begin(state: PartitionState): void {
    if (state.phase !== 'assigned') return
    const straggler = this.#stragglers.get(formatTopicPartition(state))
    if (straggler === undefined || straggler.isIdle) return state.locate(undefined)
    void straggler.whenIdle().then(() => {
      if (state.phase !== 'assigned') return
      state.locate(undefined)
      this.#options.onAdded()
    })
  }

  async onRevoked(revoked: readonly TopicPartition[]): Promise<void> {
    const { clock, rebalanceTimeoutMs, revocationGraceMs, subscription, onPartitionsRevoked } = this.#options
    const states = this.#statesOf(revoked)
    for (const state of states) state.beginRevoke()
    this.#options.onRemoved()
    const deadline = new Deadline(clock, 'the revocation of partitions', rebalanceTimeoutMs * commitShare)
    try {
      const timeoutMs = rebalanceTimeoutMs * handlerShare
      await this.waitForHandlers(states, timeoutMs, Math.min(revocationGraceMs ?? timeoutMs, timeoutMs))
      await this.commitFinished(states, deadline)
      await onPartitionsRevoked?.(revoked)
    } finally {
      this.#remove(states, subscription)
    }
  }

  async onLost(lost: readonly TopicPartition[]): Promise<void> {
    const states = this.#statesOf(lost)
    const { logger, subscription, onPartitionsLost } = this.#options
    logger.warn('Partitions were lost: others may already work on them', {
      partitions: lost.map(formatTopicPartition).join(' '),
    })
    this.#remove(states, subscription)
    await onPartitionsLost?.(lost)
  }

  /** Others get the partitions now, also those that are just being given up. */
  onSessionLost(): void {
    this.endWaits()
  }

  /** Whoever is waited for is told that it is too late, and is not waited for any more: the member leaves its group. */
  endWaits(): void {
    for (const wait of this.#waits) wait.abort()
  }

  onError(error: KafkaError): void {
    this.#options.onError(error, false)
  }

  onFatal(error: KafkaError): void {
    this.#options.onError(error, true)
  }

  /**
   * Waits until no handler runs for these partitions. After `graceMs` the signals of those that do are fired, and their
   * results count no longer; after `timeoutMs`, or `endWaits`, they are not waited for any more.
   */
  async waitForHandlers(
    states: readonly PartitionState[],
    timeoutMs: number,
    graceMs = timeoutMs,
  ): Promise<void> {
    const running = states.filter((state) => !state.isIdle && !state.isAborted)
    if (running.length === 0) return
    const wait = new AbortController()
    this.#waits.add(wait)
    try {
      const back = Promise.all(running.map((state) => state.whenIdle()))
      if (await this.#areBack(back, graceMs, wait.signal)) return
      const late = running.filter((state) => !state.isIdle)
      for (const state of late) state.abortHandlers()
      const restMs = wait.signal.aborted ? 0 : timeoutMs - graceMs
      if (restMs > 0 && (await this.#areBack(back, restMs, wait.signal))) return
      this.#options.logger.warn('Handlers were still running when their partitions had to be given up', {
        partitions: late.map(formatTopicPartition).join(' '),
        ...(wait.signal.aborted ? {} : { afterMs: timeoutMs }),
      })
    } finally {
      this.#waits.delete(wait)
    }
  }

  async #areBack(back: Promise<unknown>, withinMs: number, signal: AbortSignal): Promise<boolean> {
    const deadline = new Deadline(this.#options.clock, 'the wait for running handlers', withinMs, signal)
    const timeout = () =>
      new TimeoutError('HANDLER_TIMEOUT', `Handlers were still running after ${withinMs} ms`)
    return await deadline.race(back, timeout).then(
      () => true,
      () => false,
    )
  }

  /**
   * Commits what is finished of partitions that are to be given up, unless commits are the user's. With the classic
   * protocol the coordinator takes none between JoinGroup and SyncGroup: where no revocation runs, this waits for their end.
   */
  async commitFinished(states: readonly PartitionState[], deadline: Deadline): Promise<void> {
    const committer = this.#options.committer()
    if (committer?.isAutomatic !== true) return
    try {
      await committer.commitFinished(states, deadline)
    } catch (error) {
      // The partitions must be given up all the same; their next owner gets what was not committed once more.
      this.#options.logger.warn(
        'The commit before giving up partitions failed; some messages will be delivered again',
        {
          partitions: states.map(formatTopicPartition).join(' '),
          reason: KafkaError.from(error).message,
        },
      )
    }
  }

  #statesOf(partitions: readonly TopicPartition[]): PartitionState[] {
    return partitions.flatMap(
      ({ topic, partition }) => this.#options.subscription.get(topic, partition) ?? [],
    )
  }

  #remove(states: readonly PartitionState[], subscription: SubscriptionState): void {
    subscription.remove(states)
    for (const state of states) {
      if (state.isIdle) continue
      const key = formatTopicPartition(state)
      this.#stragglers.set(key, state)
      void state.whenIdle().then(() => {
        if (this.#stragglers.get(key) === state) this.#stragglers.delete(key)
      })
    }
    this.#options.onRemoved()
  }
}
