/** Work in pieces. Yields what the piece that was just done cost: nanoseconds, by what its codec takes for a byte. */
export type SlicedWork<Result> = Generator<number, Result, void>

/**
 * What codecs may do on the main thread before the event loop turns. Counted in bytes, which are weighed by codec, and
 * not by a clock: the same input is then cut in the same places on every machine and in every run.
 */
const nanosecondsOfTurn = 4_000_000

/** Does all the work at once. */
export function runAtOnce<Result>(work: SlicedWork<Result>): Result {
  for (;;) {
    const step = work.next()
    if (step.done === true) return step.value
  }
}

/** Work that can't be cut. */
export function* inOnePiece<Result>(
  act: () => Result,
  costOf: (result: Result) => number,
): SlicedWork<Result> {
  const result = act()
  yield costOf(result)
  return result
}

/** Goes on with work that was interrupted until `goesOn` says no; answers whether it is done. */
type Resume = (goesOn: (cost: number) => boolean) => boolean

/**
 * Shares the event loop's turns between all that compresses and decompresses on the main thread: work begins at once
 * while the turn has time left, else it waits for the next, in its order. However many batches a turn brings, together
 * they hold it up no longer than one would be allowed to.
 */
export class TurnBudget {
  readonly #limit: number
  #spent = 0
  #turnScheduled = false
  readonly #waiting: Resume[] = []

  /** @param limit nanoseconds of work in a turn */
  constructor(limit = nanosecondsOfTurn) {
    this.#limit = limit
  }

  /** Does the work; without a promise when the turn has time for all of it. */
  run<Result>(work: SlicedWork<Result>): Result | Promise<Result> {
    if (this.#waiting.length === 0) {
      while (this.#spent < this.#limit) {
        const step = work.next()
        if (step.done === true) return step.value
        this.#spend(step.value)
      }
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push(resumeOf(work, resolve, reject))
    })
  }

  /** Counts work, and answers whether the turn has time for more. */
  readonly #spend = (cost: number): boolean => {
    this.#spent += cost
    this.#scheduleTurn()
    return this.#spent < this.#limit
  }

  #scheduleTurn(): void {
    if (this.#turnScheduled) return
    this.#turnScheduled = true
    setImmediate(() => this.#turn())
  }

  #turn(): void {
    this.#turnScheduled = false
    this.#spent = 0
    while (this.#spent < this.#limit) {
      const oldest = this.#waiting.shift()
      if (oldest === undefined) return
      // What is large lets the others go first.
      if (!oldest(this.#spend)) this.#waiting.push(oldest)
    }
    if (this.#waiting.length > 0) this.#scheduleTurn()
  }
}

/** That of this thread, whichever clients the batches belong to. */
export const mainThread = new TurnBudget()

function resumeOf<Result>(
  work: SlicedWork<Result>,
  resolve: (result: Result) => void,
  reject: (error: unknown) => void,
): Resume {
  return (goesOn) => {
    try {
      for (;;) {
        const step = work.next()
        if (step.done === true) {
          resolve(step.value)
          return true
        }
        if (!goesOn(step.value)) return false
      }
    } catch (error) {
      reject(error)
      return true
    }
  }
}
