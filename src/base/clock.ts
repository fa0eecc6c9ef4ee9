/** What a cancelled timer needs; `unref` is used where a timer must not keep the process alive. */
export interface Timer {
  cancel(): void
  /** Lets the process end although the timer is pending. Absent on clocks that hold no process. */
  unref?(): void
}

/**
 * Time as a collaborator, so that tests can drive it. All engines take their time and timers from here,
 * never from globals.
 */
export interface Clock {
  /** Milliseconds that only go forward; for measuring and deadlines. */
  now(): number
  /** Milliseconds since the epoch; for message timestamps. */
  wallTime(): number
  /** Calls `callback` once after `ms`. */
  setTimer(ms: number, callback: () => void): Timer
}

/** Node's timers fire at once when asked for more. */
const longestTimerMs = 0x7fffffff

export const systemClock: Clock = {
  now: () => performance.now(),
  wallTime: () => Date.now(),
  setTimer(ms, callback) {
    const timer = setTimeout(callback, Math.min(ms, longestTimerMs))
    return { cancel: () => clearTimeout(timer), unref: () => void timer.unref() }
  },
}
