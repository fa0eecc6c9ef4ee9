import { InvalidArgumentError, type KafkaError } from '../../base/errors'
import type { Subscription, WatchTopics } from './group-membership'

/**
 * The names of the topics that a member of the classic protocol is subscribed to: those given by name, and those that
 * the client finds by the pattern.
 */
export class SubscribedNames {
  readonly #watchTopics: WatchTopics | undefined
  readonly #onChange: () => void
  readonly #onRefused: (error: KafkaError) => void
  #names: readonly string[] = []
  #lookup: ReadonlySet<string> = new Set()
  /** False while it is not known which topics match the pattern. */
  #isPatternKnown = false
  #endWatch: (() => void) | undefined

  /**
   * @param onChange called after `names` became others
   * @param onRefused called when nobody can say which topics there are, for a reason that does not pass by itself
   */
  constructor(
    watchTopics: WatchTopics | undefined,
    onChange: () => void,
    onRefused: (error: KafkaError) => void,
  ) {
    this.#watchTopics = watchTopics
    this.#onChange = onChange
    this.#onRefused = onRefused
  }

  /** In alphabetical order; those of the pattern once they are known. */
  get names(): readonly string[] {
    return this.#names
  }

  has(topic: string): boolean {
    return this.#lookup.has(topic)
  }

  /**
   * Nothing is subscribed to, or it is not known yet to what. A pattern that matches no topic is something: as in Java,
   * the member is in its group, and is there when such a topic is created.
   */
  get isEmpty(): boolean {
    return this.#names.length === 0 && !this.#isPatternKnown
  }

  /** @throws InvalidArgumentError for a pattern, when nobody is there to find its topics */
  set({ topics, pattern }: Subscription): void {
    this.end()
    if (pattern === null) return this.#change(topics)
    if (this.#watchTopics === undefined) {
      throw new InvalidArgumentError('subscribe: this member can not find topics by a pattern')
    }
    // What the last pattern found is not read any more; what this one finds comes with the first answer.
    this.#change([...topics, ...this.#names.filter((name) => name.search(pattern) >= 0)])
    this.#endWatch = this.#watchTopics(
      pattern,
      (names) => {
        const isFirst = !this.#isPatternKnown
        this.#isPatternKnown = true
        this.#change([...topics, ...names], isFirst)
      },
      this.#onRefused,
    )
  }

  /** Looks for topics no more. */
  end(): void {
    this.#endWatch?.()
    this.#endWatch = undefined
    this.#isPatternKnown = false
  }

  #change(topics: readonly string[], isNews = false): void {
    const names = [...new Set(topics)].sort()
    const isSame = names.length === this.#names.length && names.every((name, i) => name === this.#names[i])
    if (isSame && !(isNews && names.length === 0)) return
    this.#names = names
    this.#lookup = new Set(names)
    this.#onChange()
  }
}
