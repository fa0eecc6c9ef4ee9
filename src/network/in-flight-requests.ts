/** What must be known of a request that was handed to the socket and is not answered yet. */
export interface InFlightRequest {
  readonly correlationId: number
  /** When the broker has failed to answer in time, and the connection with it. */
  readonly deadline: number
}

/**
 * The requests on one connection that wait for their response, oldest first. Kafka answers one connection strictly in
 * order, so that the head is always the one a response belongs to, and the correlation id is only a check.
 *
 *     head → [ oldest ][ … ][ youngest ] ← add
 *
 * Only Connection calls it. It knows no socket and no timer.
 */
export class InFlightRequests<Request extends InFlightRequest> {
  #entries: (Request | undefined)[] = []
  #head = 0

  get size(): number {
    return this.#entries.length - this.#head
  }

  get oldest(): Request | undefined {
    return this.#entries[this.#head]
  }

  add(request: Request): void {
    this.#entries.push(request)
  }

  /**
   * Takes the oldest request when the id is its own. Undefined for any other id: the two sides no longer agree which
   * answer belongs to what, and the connection must end.
   */
  take(correlationId: number): Request | undefined {
    const oldest = this.oldest
    if (oldest === undefined || oldest.correlationId !== correlationId) return undefined
    this.#entries[this.#head++] = undefined
    if (this.#head === this.#entries.length || this.#head >= 64) {
      this.#entries.splice(0, this.#head)
      this.#head = 0
    }
    return oldest
  }

  /** Oldest first. */
  forEach(visit: (request: Request) => void): void {
    for (let i = this.#head; i < this.#entries.length; i++) visit(this.#entries[i] as Request)
  }

  /** The first request whose deadline has passed. */
  firstExpired(now: number): Request | undefined {
    for (let i = this.#head; i < this.#entries.length; i++) {
      const entry = this.#entries[i] as Request
      if (entry.deadline <= now) return entry
    }
    return undefined
  }

  /**
   * Removes and returns all. The owner fails them afterwards: a failed caller may at once send again, and that new
   * request must not be failed along with the old ones.
   */
  drain(): Request[] {
    const entries = this.#entries.slice(this.#head) as Request[]
    this.#entries = []
    this.#head = 0
    return entries
  }
}
