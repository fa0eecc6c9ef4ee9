import { Deadline } from '../base/deadline'
import type { Cluster } from '../cluster/cluster'

/** Keeps asking for subscribed topics that are not known yet; once they are, metadata keeps them up to date. */
export class AwaitedTopics {
  readonly #cluster: Cluster
  readonly #allowAutoTopicCreation: boolean
  readonly #onFound: () => void
  /** Topics asked for, each with what ends the wait for it. */
  readonly #awaited = new Map<string, AbortController>()

  /** @param onFound called when the wait for a topic is over, for better or worse */
  constructor(cluster: Cluster, allowAutoTopicCreation: boolean, onFound: () => void) {
    this.#cluster = cluster
    this.#allowAutoTopicCreation = allowAutoTopicCreation
    this.#onFound = onFound
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
    const { clock, metadata, logger } = this.#cluster
    const deadline = new Deadline(clock, 'subscription', Infinity, waiting.signal)
    try {
      await metadata.requireTopics([name], deadline, { allowAutoTopicCreation: this.#allowAutoTopicCreation })
    } catch (error) {
      if (!waiting.signal.aborted) logger.warn(`Topic '${name}' is left out of the assignment`, { error })
    }
    if (this.#awaited.get(name) !== waiting) return
    this.#awaited.delete(name)
    this.#onFound()
  }
}
