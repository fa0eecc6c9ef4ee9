import type { Clock } from '../base/clock'
import { AcknowledgementRound } from './acknowledgement-round'
import type { AcquiredRecords } from './acquired-records'

/** Acknowledgements that one broker has not taken yet. */
export interface UnsettledAcknowledgements {
  readonly nodeId: number
  /** Since when, by the clock. */
  readonly since: number
  /** Why it did not take them last; undefined when it did not say. */
  readonly lastError: string | undefined
}

/** What waits to be said to one broker, and since when something does that the broker has not settled. */
export class PendingAcknowledgements implements Iterable<AcquiredRecords> {
  readonly #clock: Clock
  readonly #records = new Set<AcquiredRecords>()
  #since: number | undefined
  /** When the round under way began; undefined when it says nothing, and without one. */
  #roundAt: number | undefined
  #isPutBack = false
  #lastError: string | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get isEmpty(): boolean {
    return this.#records.size === 0
  }

  /** Since when something was said that no answer has settled, by the clock; undefined when all is settled. */
  get since(): number | undefined {
    return this.#since
  }

  /** Why the broker did not take it last; undefined when it did not refuse. */
  get lastError(): string | undefined {
    return this.#lastError
  }

  [Symbol.iterator](): Iterator<AcquiredRecords> {
    return this.#records.values()
  }

  /** Something of them waits to be sent. */
  add(records: AcquiredRecords): void {
    this.#since ??= this.#clock.now()
    this.#records.add(records)
  }

  /** Nothing of them does any more. */
  delete(records: AcquiredRecords): void {
    this.#records.delete(records)
    if (this.isEmpty && this.#roundAt === undefined) this.#settleAll()
  }

  /** All that waits, in flight from here on until `endRound`. */
  takeRound(): AcknowledgementRound {
    const round = new AcknowledgementRound(this.#records)
    this.#records.clear()
    this.#roundAt = round.isEmpty ? undefined : this.#clock.now()
    return round
  }

  /** Part of the round has to be sent again. */
  putBack(why: string): void {
    this.#isPutBack = true
    this.#lastError = why
  }

  /** The answer came, or will not come: what waits now was said since the round began, or was put back. */
  endRound(): void {
    const { isEmpty } = this
    if (isEmpty) this.#settleAll()
    else if (this.#roundAt !== undefined && !this.#isPutBack) {
      this.#since = this.#roundAt
      this.#lastError = undefined
    }
    this.#roundAt = undefined
    this.#isPutBack = false
  }

  #settleAll(): void {
    this.#since = this.#lastError = undefined
  }
}
