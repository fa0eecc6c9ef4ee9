/** One timer of a virtual clock. */
export interface ScheduledTimer {
  readonly at: number
  /** Timers of the same moment fire in the order they were set. */
  readonly order: number
  readonly callback: () => void
  isCancelled: boolean
}

/** The timers of a virtual clock, the next one first (a binary heap). */
export class TimerHeap {
  readonly #heap: ScheduledTimer[] = []

  push(timer: ScheduledTimer): void {
    const heap = this.#heap
    let at = heap.length
    heap.push(timer)
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!isBefore(timer, heap[parent] as ScheduledTimer)) break
      heap[at] = heap[parent] as ScheduledTimer
      at = parent
    }
    heap[at] = timer
  }

  /** The next timer that was not cancelled, without taking it; undefined when there is none. */
  peek(): ScheduledTimer | undefined {
    while (this.#heap[0]?.isCancelled) this.#removeFirst()
    return this.#heap[0]
  }

  /** Takes the next timer that was not cancelled. */
  pop(): ScheduledTimer | undefined {
    const first = this.peek()
    if (first !== undefined) this.#removeFirst()
    return first
  }

  #removeFirst(): void {
    const heap = this.#heap
    const last = heap.pop() as ScheduledTimer
    if (heap.length === 0) return
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      const right = heap[child + 1]
      if (right !== undefined && isBefore(right, heap[child] as ScheduledTimer)) child += 1
      if (!isBefore(heap[child] as ScheduledTimer, last)) break
      heap[at] = heap[child] as ScheduledTimer
      at = child
    }
    heap[at] = last
  }
}

function isBefore(a: ScheduledTimer, b: ScheduledTimer): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}
