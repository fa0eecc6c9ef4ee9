import { Deadline } from '../../base/deadline'
import { ErrorCode } from '../../base/error-codes'
import type { Cluster } from '../../cluster/cluster'
import { metadataApi } from '../../wire/generated/client/metadata'

/** The first version that describes topics by their ids (KIP-516). */
const firstVersionWithIds = 12

/** A topic that was found. */
export interface NamedTopic {
  readonly topicId: string
  readonly name: string
}

/**
 * Asks brokers for the names of topics that are known by id alone, again and again until it has them: brokers learn of a
 * new topic one after another, and a member can't read a partition whose topic it can't name.
 */
export class TopicNames {
  readonly #cluster: Cluster
  readonly #onFound: (found: readonly NamedTopic[]) => void
  readonly #ended = new AbortController()
  #wanted: ReadonlySet<string> = new Set()
  #isAsking = false

  constructor(cluster: Cluster, onFound: (found: readonly NamedTopic[]) => void) {
    this.#cluster = cluster
    this.#onFound = onFound
  }

  /** Looks for these and for no others. */
  find(topicIds: readonly string[]): void {
    this.#wanted = new Set(topicIds)
    if (this.#wanted.size > 0 && !this.#isAsking) void this.#askUntilFound()
  }

  end(): void {
    this.#wanted = new Set()
    this.#ended.abort()
  }

  /** Never rejects. */
  async #askUntilFound(): Promise<void> {
    this.#isAsking = true
    const { clock, logger } = this.#cluster
    for (let failures = 1; this.#wanted.size > 0; failures++) {
      try {
        const found = await this.#ask([...this.#wanted])
        if (found.length > 0) this.#onFound(found)
      } catch (error) {
        if (!this.#ended.signal.aborted)
          logger.info('The names of assigned topics are not known yet', { error })
      }
      if (this.#wanted.size === 0) break
      const ms = this.#cluster.backoffMs(failures)
      await new Deadline(clock, 'topic names', ms, this.#ended.signal).sleep(ms).catch(() => {})
    }
    this.#isAsking = false
  }

  async #ask(topicIds: readonly string[]): Promise<NamedTopic[]> {
    const { clock, requestTimeoutMs } = this.#cluster
    const deadline = new Deadline(clock, 'topic names', requestTimeoutMs, this.#ended.signal)
    const response = await this.#cluster.request(
      { kind: 'any' },
      metadataApi,
      { topics: topicIds.map((topicId) => ({ topicId, name: null })), allowAutoTopicCreation: false },
      { deadline, minVersion: firstVersionWithIds },
    )
    return response.topics.flatMap(({ errorCode, topicId, name }) =>
      errorCode === ErrorCode.NONE && name !== null && this.#wanted.has(topicId) ? [{ topicId, name }] : [],
    )
  }
}
