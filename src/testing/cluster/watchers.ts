/** Those who want to be called after each change of something. */
export class Watchers<Event> {
  readonly #listeners = new Set<(event: Event) => void>()

  get size(): number {
    return this.#listeners.size
  }

  /** Answers what takes the listener away again; calling that twice does no harm. */
  add(listener: (event: Event) => void): () => void {
    // Wrapped, so that the same function can watch twice and each end takes its own away.
    const own = (event: Event): void => listener(event)
    this.#listeners.add(own)
    return () => void this.#listeners.delete(own)
  }

  /** Calls those who watch now; who comes during the call is not called, and who left is not called any more. */
  emit(event: Event): void {
    if (this.#listeners.size === 0) return
    for (const listener of [...this.#listeners]) if (this.#listeners.has(listener)) listener(event)
  }
}
