/**
 * Since when things wait that do not say it themselves: since they were first seen to, so somebody has to look from
 * time to time.
 */
export class FirstSeen<Thing> {
  #before = new Map<Thing, number>()
  #since = new Map<Thing, number>()

  /** True when nothing was seen to wait, as of the last look. */
  get isEmpty(): boolean {
    return this.#since.size === 0
  }

  /** A look begins: what is not seen in it waits no longer. */
  beginLook(): void {
    this.#before = this.#since
    this.#since = new Map()
  }

  /** It waits; answers since when. */
  see(thing: Thing, now: number): number {
    const since = this.#before.get(thing) ?? now
    this.#since.set(thing, since)
    return since
  }
}
