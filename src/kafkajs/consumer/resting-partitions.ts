import type { TopicPartition } from '../../index'
import { keyOf } from './offset-ledger'

/** Partitions at which a handler failed, and that are not read for a while: the others go on meanwhile. */
export class RestingPartitions {
  readonly #timers = new Map<string, NodeJS.Timeout>()
  readonly #onEnd: () => void

  /** @param onEnd told when a partition may be read again */
  constructor(onEnd: () => void) {
    this.#onEnd = onEnd
  }

  /** Not before so many milliseconds are over. */
  begin(at: TopicPartition, ms: number): void {
    this.end(at)
    const timer = setTimeout(() => {
      this.end(at)
      this.#onEnd()
    }, ms)
    this.#timers.set(keyOf(at), timer)
  }

  has(at: TopicPartition): boolean {
    return this.#timers.has(keyOf(at))
  }

  /** The partition was sought or given away. */
  end(at: TopicPartition): void {
    clearTimeout(this.#timers.get(keyOf(at)))
    this.#timers.delete(keyOf(at))
  }

  endAll(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer)
    this.#timers.clear()
  }
}
