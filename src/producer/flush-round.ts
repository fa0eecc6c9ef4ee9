import { createDeferred } from '../base/deferred'
import type { FlushBarrier } from './send-call'

/** What tells a flush when it is finished: a batch, or a call that has to wait. */
interface Awaited {
  addBarrier(barrier: FlushBarrier): void
}

/** What one `flush` waits for: everything that was under way when it began, and nothing that came later. */
export class FlushRound implements FlushBarrier {
  readonly #done = createDeferred<void>()
  #remaining = 0

  add(awaited: Awaited): void {
    this.#remaining++
    awaited.addBarrier(this)
  }

  arrive(): void {
    if (--this.#remaining === 0) this.#done.resolve()
  }

  /** Resolves when all that was added has arrived. Asked for once, after the last `add`. */
  get done(): Promise<void> {
    if (this.#remaining === 0) this.#done.resolve()
    return this.#done.promise
  }
}
