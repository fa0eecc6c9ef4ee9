/**
 * What one partition waits for: the answer of a broker that finds its position, checks it, or brings its records. The
 * rooms that ask note it here, at moments when they look at the clock anyway; nobody is woken by it.
 */
export class BrokerWait {
  /** Since when an answer is awaited, over all attempts; by the clock. Undefined while none is. */
  since: number | undefined
  /** When a broker last told the ends of the log, also by saying nothing new of it; undefined before it did. */
  answeredAt: number | undefined
  /** Why the last attempt failed, in words or as Kafka's name of the error; undefined after a success. */
  lastError: string | undefined

  /** An attempt begins; the first one since the last success sets `since`. */
  begin(now: number): void {
    this.since ??= now
  }

  /** The broker answered for the partition. */
  answered(now: number): void {
    this.answeredAt = now
    this.end()
  }

  /** Nothing is awaited any more: the position was set anew, or the partition was resumed. */
  end(): void {
    this.since = undefined
    this.lastError = undefined
  }
}
