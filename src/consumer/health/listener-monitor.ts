import type { Clock } from '../../base/clock'
import type { PartitionsListener } from '../consumer-options'
import type { ListenerName } from './consumer-statistics'

/** The user's listeners, as the options have them. */
export type PartitionsListeners = Readonly<Record<ListenerName, PartitionsListener | undefined>>

/** A listener that has not come back. */
export interface RunningListener {
  readonly name: ListenerName
  /** By the clock. */
  readonly startedAt: number
}

/** Runs the user's listeners for changes of the assignment, and knows which one runs and for how long. */
export class ListenerMonitor {
  readonly #clock: Clock
  readonly #onReturned: (name: ListenerName, durationMs: number) => void
  readonly #running = new Set<RunningListener>()

  constructor(clock: Clock, onReturned: (name: ListenerName, durationMs: number) => void) {
    this.#clock = clock
    this.#onReturned = onReturned
  }

  running(): Iterable<RunningListener> {
    return this.#running
  }

  get isIdle(): boolean {
    return this.#running.size === 0
  }

  /** The same listeners, watched. */
  watch(listeners: PartitionsListeners): PartitionsListeners {
    return {
      onPartitionsAssigned: this.#watched('onPartitionsAssigned', listeners.onPartitionsAssigned),
      onPartitionsRevoked: this.#watched('onPartitionsRevoked', listeners.onPartitionsRevoked),
      onPartitionsLost: this.#watched('onPartitionsLost', listeners.onPartitionsLost),
    }
  }

  #watched(name: ListenerName, listener: PartitionsListener | undefined): PartitionsListener | undefined {
    if (listener === undefined) return undefined
    return async (partitions) => {
      const running = { name, startedAt: this.#clock.now() }
      this.#running.add(running)
      try {
        await listener(partitions)
      } finally {
        this.#running.delete(running)
        this.#onReturned(name, this.#clock.now() - running.startedAt)
      }
    }
  }
}
