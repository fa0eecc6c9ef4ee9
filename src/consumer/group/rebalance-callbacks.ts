import type { Clock } from '../../base/clock'
import { Deadline } from '../../base/deadline'
import { KafkaError, TimeoutError } from '../../base/errors'
import type { TopicPartition } from '../../base/topic-partition'
import type { GroupListener } from './group-membership'

type CallbackName = 'onAssigned' | 'onRevoked' | 'onLost'

/** What the options call them. */
const userNames: Readonly<Record<CallbackName, string>> = {
  onAssigned: 'onPartitionsAssigned',
  onRevoked: 'onPartitionsRevoked',
  onLost: 'onPartitionsLost',
}

/**
 * Runs the listener's callbacks one after another (K1). A rebalance waits for each only so long, because the group
 * waits for the rebalance; a callback that takes longer is left to itself, and the next one still waits for it.
 */
export class RebalanceCallbacks {
  readonly #listener: GroupListener
  readonly #clock: Clock
  readonly #timeoutMs: number
  readonly #groupId: string
  #last: Promise<void> = Promise.resolve()
  #running = 0

  /** @param timeoutMs how long a rebalance waits for one callback */
  constructor(listener: GroupListener, clock: Clock, timeoutMs: number, groupId: string) {
    this.#listener = listener
    this.#clock = clock
    this.#timeoutMs = timeoutMs
    this.#groupId = groupId
  }

  /** True while a callback has been called and has not settled. */
  get running(): boolean {
    return this.#running > 0
  }

  /** Never rejects: what the callback throws goes to `onError`. `until` ends the wait earlier. */
  async run(name: CallbackName, partitions: readonly TopicPartition[], until?: Deadline): Promise<void> {
    const call = this.#last.then(async () => {
      this.#running++
      try {
        await this.#listener[name](partitions)
      } finally {
        this.#running--
      }
    })
    this.#last = call.catch(() => {})
    const timeoutMs = Math.min(this.#timeoutMs, until?.remainingMs() ?? Infinity)
    const deadline = new Deadline(this.#clock, name, timeoutMs)
    try {
      await deadline.race(call, () => this.#overdue(name, timeoutMs))
    } catch (error) {
      this.#listener.onError(error instanceof KafkaError ? error : this.#failed(name, error))
    }
  }

  #failed(name: CallbackName, cause: unknown): KafkaError {
    const detail = cause instanceof Error ? cause.message : String(cause)
    return new KafkaError(
      'REBALANCE_CALLBACK_FAILED',
      `${userNames[name]} failed: ${detail}; the rebalance went on without it`,
      { groupId: this.#groupId, cause },
    )
  }

  #overdue(name: CallbackName, timeoutMs: number): TimeoutError {
    return new TimeoutError(
      'REBALANCE_CALLBACK_TIMEOUT',
      `${userNames[name]} took longer than ${Math.round(timeoutMs)} ms; the rebalance goes on without it`,
      { groupId: this.#groupId },
    )
  }
}
