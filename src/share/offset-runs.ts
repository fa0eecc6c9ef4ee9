/** Neighbouring offsets of which the same is said, both ends included. */
export interface OffsetRun {
  readonly first: number
  readonly last: number
  /** What is said of them, a number of the owner's. */
  readonly code: number
}

interface MutableRun {
  first: number
  last: number
  code: number
}

/**
 * A map from offsets to codes, kept as runs: ordered, without overlaps, and merged where neighbours have one code. Its
 * size grows with what changes between neighbours, never with how far the offsets reach. Offsets are counted from a
 * base of the owner's, so that they are plain numbers.
 */
export class OffsetRuns {
  #runs: MutableRun[] = []

  get isEmpty(): boolean {
    return this.#runs.length === 0
  }

  /** How many offsets there are. */
  get count(): number {
    return this.#runs.reduce((sum, { first, last }) => sum + last - first + 1, 0)
  }

  /** In the order of their offsets. */
  list(): readonly OffsetRun[] {
    return this.#runs
  }

  /** The code of an offset; undefined where there is none. */
  codeOf(offset: number): number | undefined {
    const run = this.#runs[this.#indexFrom(offset)]
    return run !== undefined && run.first <= offset ? run.code : undefined
  }

  /** Says it of these offsets, whatever was said of them before. */
  set(first: number, last: number, code: number): void {
    const tail = this.#runs[this.#runs.length - 1]
    if (tail !== undefined && first <= tail.last) {
      this.delete(first, last)
      this.#insert(first, last, code)
    } else if (tail?.code === code && tail.last === first - 1) {
      tail.last = last
    } else {
      this.#runs.push({ first, last, code })
    }
  }

  /** Takes these offsets out, and answers what was there of them. */
  delete(first: number, last: number): OffsetRun[] {
    const from = this.#indexFrom(first)
    const removed: OffsetRun[] = []
    const kept: MutableRun[] = []
    let to = from
    for (let run = this.#runs[to]; run !== undefined && run.first <= last; run = this.#runs[++to]) {
      removed.push({ first: Math.max(first, run.first), last: Math.min(last, run.last), code: run.code })
      if (run.first < first) kept.push({ first: run.first, last: first - 1, code: run.code })
      if (run.last > last) kept.push({ first: last + 1, last: run.last, code: run.code })
    }
    if (to > from) this.#runs.splice(from, to - from, ...kept)
    return removed
  }

  /** Takes all out. */
  takeAll(): OffsetRun[] {
    const runs = this.#runs
    this.#runs = []
    return runs
  }

  /** Nothing is said of the offsets yet. */
  #insert(first: number, last: number, code: number): void {
    const index = this.#indexFrom(first)
    const before = this.#runs[index - 1]
    const after = this.#runs[index]
    const joinsBefore = before?.code === code && before.last === first - 1
    const joinsAfter = after?.code === code && after.first === last + 1
    if (before !== undefined && joinsBefore) {
      before.last = last
      if (after !== undefined && joinsAfter) {
        before.last = after.last
        this.#runs.splice(index, 1)
      }
    } else if (after !== undefined && joinsAfter) after.first = first
    else this.#runs.splice(index, 0, { first, last, code })
  }

  /** Index of the first run that ends at the offset or behind it. */
  #indexFrom(offset: number): number {
    let low = 0
    let high = this.#runs.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#runs[middle] as MutableRun).last < offset) low = middle + 1
      else high = middle
    }
    return low
  }
}
