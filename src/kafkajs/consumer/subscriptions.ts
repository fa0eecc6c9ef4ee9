/** The topics that a consumer has subscribed to, and where each begins. */
export class Subscriptions {
  readonly #names = new Map<string, boolean>()
  readonly #patterns: { readonly pattern: RegExp; readonly fromBeginning: boolean }[] = []

  add(topics: readonly (string | RegExp)[], fromBeginning: boolean): void {
    for (const topic of topics) {
      if (typeof topic === 'string') this.#names.set(topic, fromBeginning)
      else this.#patterns.push({ pattern: topic, fromBeginning })
    }
  }

  get isEmpty(): boolean {
    return this.#names.size === 0 && this.#patterns.length === 0
  }

  /** Names and patterns; a pattern keeps matching topics that are created later. */
  get topics(): (string | RegExp)[] {
    return [...this.#names.keys(), ...this.#patterns.map(({ pattern }) => new RegExp(pattern))]
  }

  /** Whether a topic is read from its beginning where the group has committed nothing. */
  startsAtBeginning(topic: string): boolean {
    const named = this.#names.get(topic)
    if (named !== undefined) return named
    return this.#patterns.some(
      ({ pattern, fromBeginning }) => fromBeginning && new RegExp(pattern).test(topic),
    )
  }

  /** Where all topics begin; undefined when they begin at different ends. */
  get commonStart(): 'earliest' | 'latest' | undefined {
    const starts = new Set([...this.#names.values(), ...this.#patterns.map((one) => one.fromBeginning)])
    if (starts.size > 1) return undefined
    return starts.has(true) ? 'earliest' : 'latest'
  }
}
