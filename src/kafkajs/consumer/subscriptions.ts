import { stateless, withSameFlags } from './topic-pattern'

/** The topics that a consumer has subscribed to, and where each begins. */
export class Subscriptions {
  readonly #names = new Map<string, boolean>()
  readonly #patterns: { readonly pattern: RegExp; readonly fromBeginning: boolean }[] = []

  add(topics: readonly (string | RegExp)[], fromBeginning: boolean): void {
    for (const topic of topics) {
      if (typeof topic === 'string') this.#names.set(topic, fromBeginning)
      else this.#patterns.push({ pattern: stateless(topic), fromBeginning })
    }
  }

  /**
   * Names and patterns; a pattern keeps matching topics that are created later. Without any, one that matches no name: a
   * consumer without topics is a member of its group all the same.
   */
  get topics(): (string | RegExp)[] {
    const patterns = withSameFlags(this.#patterns.map(({ pattern }) => pattern))
    const topics = [...this.#names.keys(), ...patterns]
    return topics.length > 0 ? topics : [/^$/]
  }

  /** Whether the topic is subscribed to, by name or by a pattern. */
  has(topic: string): boolean {
    return this.#names.has(topic) || this.#patterns.some(({ pattern }) => pattern.test(topic))
  }

  /** The topics that are subscribed to by name, and those of the given ones that a pattern matches. */
  among(topics: readonly string[]): string[] {
    return [...new Set([...this.#names.keys(), ...topics.filter((topic) => this.has(topic))])]
  }

  /** Whether a topic is read from its beginning where the group has committed nothing. */
  startsAtBeginning(topic: string): boolean {
    const named = this.#names.get(topic)
    if (named !== undefined) return named
    return this.#patterns.some(({ pattern, fromBeginning }) => fromBeginning && pattern.test(topic))
  }

  /** Where all topics begin; undefined when they begin at different ends. */
  get commonStart(): 'earliest' | 'latest' | undefined {
    const starts = new Set([...this.#names.values(), ...this.#patterns.map((one) => one.fromBeginning)])
    if (starts.size > 1) return undefined
    return starts.has(true) ? 'earliest' : 'latest'
  }
}
