import { Deadline } from '../base/deadline'
import { BrokerError, KafkaError } from '../base/errors'
import type { Cluster } from '../cluster/cluster'

/**
 * Keeps asking for subscribed topics that are not known yet; once they are, metadata keeps them up to date. A topic that a
 * broker refuses is asked for again too: a permission may be given at any time.
 */
export class AwaitedTopics {
  readonly #cluster: Cluster
  readonly #allowAutoTopicCreation: boolean
  readonly #onFound: () => void
  readonly #onRefused: (topic: string, error: KafkaError) => void
  /** Topics asked for, each with what ends the wait for it. */
  readonly #awaited = new Map<string, AbortController>()

  /**
   * @param onFound called when the wait for a topic is over, for better or worse
   * @param onRefused called for each answer that a topic may not be read, or can't be, for a reason that does not pass by itself
   */
  constructor(
    cluster: Cluster,
    allowAutoTopicCreation: boolean,
    onFound: () => void,
    onRefused: (topic: string, error: KafkaError) => void = () => {},
  ) {
    this.#cluster = cluster
    this.#allowAutoTopicCreation = allowAutoTopicCreation
    this.#onFound = onFound
    this.#onRefused = onRefused
  }

  /** How many are waited for. */
  get size(): number {
    return this.#awaited.size
  }

  /** Keeps asking for those of these topics that are not known, and for no others. */
  set(names: readonly string[]): void {
    for (const [name, waiting] of this.#awaited) {
      if (names.includes(name)) continue
      this.#awaited.delete(name)
      waiting.abort()
    }
    for (const name of names) {
      if (this.#awaited.has(name) || this.#cluster.metadata.topic(name) !== undefined) continue
      const waiting = new AbortController()
      this.#awaited.set(name, waiting)
      void this.#awaitTopic(name, waiting)
    }
  }

  /** One call per topic, so that one that can't be had does not hide the others. Never rejects. */
  async #awaitTopic(name: string, waiting: AbortController): Promise<void> {
    const deadline = new Deadline(this.#cluster.clock, 'subscription', Infinity, waiting.signal)
    for (let refusals = 1; !(await this.#isSettled(name, deadline, refusals)); refusals++) {
      await deadline.sleep(this.#cluster.backoffMs(refusals)).catch(() => {})
    }
    if (this.#awaited.get(name) !== waiting) return
    this.#awaited.delete(name)
    this.#onFound()
  }

  /** Whether the wait is over: the topic is known, nobody waits any more, or no broker can be asked. */
  async #isSettled(name: string, deadline: Deadline, refusals: number): Promise<boolean> {
    const { metadata, logger } = this.#cluster
    const options = { allowAutoTopicCreation: this.#allowAutoTopicCreation }
    try {
      await metadata.requireTopics([name], deadline, options)
      return true
    } catch (caught) {
      if (deadline.signal?.aborted === true) return true
      const error = KafkaError.from(caught, `Topic '${name}' could not be looked up`, { topic: name })
      if (refusals === 1) logger.warn(`Topic '${name}' is left out of the assignment for now`, { error })
      this.#onRefused(name, error)
      return !(error instanceof BrokerError)
    }
  }
}
