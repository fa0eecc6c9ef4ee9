import type { Subscription } from './group-membership'
import { re2Of } from './re2-pattern'

/** What a member of the KIP-848 protocol is subscribed to, as brokers are told of it, and which assigned topics that means. */
export class SubscribedTopics {
  #topics: readonly string[] = []
  #lookup: ReadonlySet<string> = new Set()
  #pattern: string | null = null
  /** Topics that were unsubscribed while a target may still have them. */
  #dropped = new Set<string>()

  /** Names, in alphabetical order. */
  get topics(): readonly string[] {
    return this.#topics
  }

  /** In RE2's syntax, for the whole name. */
  get pattern(): string | null {
    return this.#pattern
  }

  get isEmpty(): boolean {
    return this.#topics.length === 0 && this.#pattern === null
  }

  /**
   * @param known topics of which partitions were assigned so far
   * @returns whether it is another subscription than before
   * @throws InvalidArgumentError for a pattern that brokers can't be asked for
   */
  set({ topics, pattern }: Subscription, known: readonly string[] = []): boolean {
    const names = [...new Set(topics)].sort()
    const re2 = pattern === null ? null : re2Of(pattern)
    if (re2 === this.#pattern && JSON.stringify(names) === JSON.stringify(this.#topics)) return false
    this.#topics = names
    this.#lookup = new Set(names)
    this.#pattern = re2
    const isGone = (name: string) =>
      !this.#lookup.has(name) && !(pattern !== null && name.search(pattern) >= 0)
    this.#dropped = new Set(known.filter(isGone))
    return true
  }

  /** Whether partitions of the topic may be taken. What a pattern matches, the brokers decide. */
  accepts(topic: string): boolean {
    return this.#lookup.has(topic) || (this.#pattern !== null && !this.#dropped.has(topic))
  }

  /** The brokers assign these now: from here on they know that what was dropped and is not among them is not wanted. */
  handleTarget(topics: ReadonlySet<string>): void {
    this.#dropped = new Set([...this.#dropped].filter((topic) => topics.has(topic)))
  }
}
