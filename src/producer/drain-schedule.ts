/** One broker's sender, as far as it matters when it sends. */
export interface Drained {
  /** True while its broker owes no answer. */
  readonly isIdle: boolean
  /** Kept by the schedule: it is to be drained. */
  isDue: boolean
  /** Sends what can be sent now. */
  drain(): void
}

/**
 * When brokers are sent what there is for them. One that owes no answer gets it as soon as the program pauses: a lone
 * message waits for nothing, and what is sent without a wait for something outside leaves together all the same. While
 * answers are due, batches fill until the turn of the event loop ends.
 */
export class DrainSchedule {
  #dueAtTurnEnd: Drained[] = []

  /** There may be something to send. Cheap, however often it is called. */
  add(broker: Drained): void {
    if (broker.isDue) return
    broker.isDue = true
    // Ticks come after all promise reactions that are due.
    if (broker.isIdle) return process.nextTick(drain, broker)
    this.#dueAtTurnEnd.push(broker)
    if (this.#dueAtTurnEnd.length === 1) setImmediate(() => this.#endTurn())
  }

  #endTurn(): void {
    const due = this.#dueAtTurnEnd
    this.#dueAtTurnEnd = []
    due.forEach(drain)
  }
}

function drain(broker: Drained): void {
  broker.isDue = false
  broker.drain()
}
