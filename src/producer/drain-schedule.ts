/** One broker's sender, as far as it matters when it sends. */
export interface Drained {
  /** True while its broker owes no answer. */
  readonly isIdle: boolean
  /** Sends what can be sent now. */
  drain(): void
}

/**
 * When brokers are sent what there is for them. One that owes no answer gets it as soon as the program pauses: a lone
 * message waits for nothing, and what is sent without a wait for something outside leaves together all the same. While
 * answers are due, batches fill until the turn of the event loop ends.
 */
export class DrainSchedule {
  readonly #due = new Set<Drained>()
  #awaitsTurnEnd = false

  /** There may be something to send. Cheap, however often it is called. */
  add(broker: Drained): void {
    if (this.#due.has(broker)) return
    this.#due.add(broker)
    // Ticks come after all promise reactions that are due.
    if (broker.isIdle) process.nextTick(() => this.#drain(broker))
    else if (!this.#awaitsTurnEnd) {
      this.#awaitsTurnEnd = true
      setImmediate(() => this.#endTurn())
    }
  }

  #endTurn(): void {
    this.#awaitsTurnEnd = false
    for (const broker of [...this.#due]) this.#drain(broker)
  }

  #drain(broker: Drained): void {
    if (this.#due.delete(broker)) broker.drain()
  }
}
