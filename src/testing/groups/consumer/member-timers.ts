import type { Clock, Timer } from '../../../base/clock'

/** What a timer of a member waits for. */
export type MemberTimerKind = 'session' | 'rebalance' | 'join' | 'sync'

/** The timers of a group's members: at most one of each kind for a member. */
export class MemberTimers {
  readonly #clock: Clock
  readonly #timers = new Map<string, Map<MemberTimerKind, Timer>>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Starts a timer; one of the same kind that runs for the member is given up. */
  start(memberId: string, kind: MemberTimerKind, ms: number, callback: () => void): void {
    this.cancel(memberId, kind)
    let own = this.#timers.get(memberId)
    if (own === undefined) this.#timers.set(memberId, (own = new Map()))
    const timer = this.#clock.setTimer(ms, () => {
      this.#forget(memberId, kind)
      callback()
    })
    timer.unref?.()
    own.set(kind, timer)
  }

  isRunning(memberId: string, kind: MemberTimerKind): boolean {
    return this.#timers.get(memberId)?.has(kind) ?? false
  }

  cancel(memberId: string, kind: MemberTimerKind): void {
    this.#timers.get(memberId)?.get(kind)?.cancel()
    this.#forget(memberId, kind)
  }

  cancelAll(memberId: string): void {
    for (const timer of this.#timers.get(memberId)?.values() ?? []) timer.cancel()
    this.#timers.delete(memberId)
  }

  close(): void {
    for (const memberId of [...this.#timers.keys()]) this.cancelAll(memberId)
  }

  #forget(memberId: string, kind: MemberTimerKind): void {
    const own = this.#timers.get(memberId)
    own?.delete(kind)
    if (own?.size === 0) this.#timers.delete(memberId)
  }
}
