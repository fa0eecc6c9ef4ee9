import type { Clock, Timer } from '../../base/clock'
import { Deadline } from '../../base/deadline'
import { errorKind } from '../../base/error-codes'
import { BrokerError, KafkaError } from '../../base/errors'
import type { Logger } from '../../base/logger'
import type { GroupOffsets, PartitionOffset } from '../group/group-membership'
import type { PartitionState } from '../partition-state'
import type { SubscriptionState } from '../subscription-state'

export interface OffsetCommitterOptions {
  readonly offsets: GroupOffsets
  readonly subscription: SubscriptionState
  readonly clock: Clock
  readonly logger: Logger
  /** Between automatic commits; null when only the user commits. */
  readonly intervalMs: number | null
  /** So many finished messages bring the next automatic commit forward; Infinity for no number. */
  readonly messages: number
  /** Bounds one automatic commit. */
  readonly timeoutMs: number
  /** An automatic commit failed for a reason that trying again won't cure. */
  readonly onFatal: (error: KafkaError) => void
}

/**
 * Stores in the group what is finished (L15): by interval, by count, when partitions are given up, and when asked. Its timer
 * runs only while something was finished since the last commit (L23).
 */
export class OffsetCommitter {
  readonly #options: OffsetCommitterOptions
  #timer: Timer | undefined
  /** The automatic commit that is under way. */
  #running: Promise<void> | undefined
  /** Messages since the last commit. */
  #finished = 0
  #isEnded = false

  constructor(options: OffsetCommitterOptions) {
    this.#options = options
  }

  get isAutomatic(): boolean {
    return this.#options.intervalMs !== null && !this.#isEnded
  }

  /**
   * Something was finished.
   * @param messages how many messages, where their number is known
   */
  touch(messages = 0): void {
    this.#finished += messages
    if (this.#running !== undefined || !this.isAutomatic) return
    if (this.#finished >= this.#options.messages) return this.#start()
    this.#timer ??= this.#options.clock.setTimer(this.#options.intervalMs ?? 0, () => this.#start())
  }

  #start(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#running = this.#commitAutomatically().then((touchAgain) => {
      this.#running = undefined
      if (touchAgain) this.touch()
    })
  }

  /** Answers whether there may soon be something to commit again. */
  async #commitAutomatically(): Promise<boolean> {
    const { clock, subscription, timeoutMs, intervalMs, logger, onFatal } = this.#options
    // Not for longer than the interval, or a stalled commit would keep the next ones from being tried.
    const deadline = new Deadline(clock, 'an automatic commit', Math.max(timeoutMs, intervalMs ?? 0))
    try {
      return (await this.commitFinished(subscription.all(), deadline)) > 0
    } catch (caught) {
      const error = KafkaError.from(caught, 'An automatic commit failed')
      if (isHopeless(error)) {
        onFatal(error)
        return false
      }
      // The interval is the pause before the next try, however quickly messages are finished.
      this.#finished = 0
      logger.warn('An automatic commit failed; the next one covers it', {
        code: error.code,
        reason: error.message,
      })
      return true
    }
  }

  /** Commits what is finished in these partitions and not committed yet; answers for how many there was something. */
  async commitFinished(states: readonly PartitionState[], deadline: Deadline): Promise<number> {
    this.#finished = 0
    const offsets: PartitionOffset[] = []
    const covered: PartitionState[] = []
    for (const state of states) {
      const committable = state.committable()
      if (committable === undefined || committable.offset === state.committed) continue
      offsets.push({ topic: state.topic, partition: state.partition, ...committable })
      covered.push(state)
    }
    if (offsets.length === 0) return 0
    await this.#options.offsets.commit(offsets, deadline)
    for (const [index, state] of covered.entries()) state.committed = offsets[index]?.offset
    return offsets.length
  }

  /** Commits these positions, whatever was finished. */
  async commit(offsets: readonly PartitionOffset[], deadline: Deadline): Promise<void> {
    await this.#options.offsets.commit(offsets, deadline)
    for (const { topic, partition, offset } of offsets) {
      const state = this.#options.subscription.get(topic, partition)
      if (state !== undefined) state.committed = offset
    }
  }

  /** From now on commits are made only when asked for. Resolves when none of the others is under way. */
  async endAutomatic(): Promise<void> {
    this.#isEnded = true
    this.#timer?.cancel()
    this.#timer = undefined
    await this.#running
  }
}

function isHopeless(error: KafkaError): boolean {
  return error instanceof BrokerError && errorKind(error.errorCode) === 'security'
}
