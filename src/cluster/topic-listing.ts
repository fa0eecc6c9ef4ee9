import { backoffMs } from '../base/backoff'
import type { Clock, Timer } from '../base/clock'
import { ErrorCode, errorCodeName } from '../base/error-codes'
import { KafkaError } from '../base/errors'
import type { Logger } from '../base/logger'
import type { MetadataRequest, MetadataResponse } from '../wire/generated/client/metadata'

/** What is known of a topic that nobody has asked for by name. */
export interface ListedTopic {
  readonly name: string
  /** Changes when the topic is deleted and created anew; the zero id when the broker is too old to say. */
  readonly topicId: string
  /** Belongs to Kafka itself, as `__consumer_offsets` does. */
  readonly isInternal: boolean
}

/** Told of all topics of the cluster: once they are known, and then each time they were listed. */
export type TopicsListener = (topics: readonly ListedTopic[]) => void

/** Told that the topics could not be listed, for a reason that does not pass by itself. They are asked for again all the same. */
export type RefusalListener = (error: KafkaError) => void

export interface TopicListingSettings {
  readonly clock: Clock
  readonly logger: Logger
  readonly metadataMaxAgeMs: number
  readonly retryBackoffMs: number
  readonly retryBackoffMaxMs: number
  /** A number in [0, 1). */
  readonly random: () => number
}

/**
 * The names of all topics, for those who choose topics by a pattern. They are asked for when somebody begins to watch
 * and every `metadataMaxAgeMs` as long as somebody does, one request at a time for all of them; of the answer only the
 * names are kept, because a cluster may have far more partitions than its clients use.
 */
export class TopicListing {
  readonly #settings: TopicListingSettings
  readonly #ask: (request: MetadataRequest) => Promise<MetadataResponse>
  readonly #listeners = new Map<TopicsListener, RefusalListener | undefined>()
  #timer: Timer | undefined
  #isActive = false
  #isAsking = false
  /** Somebody began to watch after the request under way was sent. */
  #isWanted = false
  #failures = 0

  /** @param ask carries a request to any broker, once */
  constructor(settings: TopicListingSettings, ask: (request: MetadataRequest) => Promise<MetadataResponse>) {
    this.#settings = settings
    this.#ask = ask
  }

  /** Never calls the listener before it returns; returns what ends it. */
  watch(listener: TopicsListener, onRefused?: RefusalListener): () => void {
    // A function of its own, so that one listener registered twice is two.
    const entry: TopicsListener = (topics) => listener(topics)
    this.#listeners.set(entry, onRefused)
    this.#isWanted = true
    this.#run()
    return () => {
      this.#listeners.delete(entry)
      if (this.#listeners.size === 0) this.#cancel()
    }
  }

  /** Requests are possible. */
  start(): void {
    this.#isActive = true
    if (this.#listeners.size > 0) this.#run()
  }

  /** Ends requests and timers. Who watches is told again after the next `start`. */
  stop(): void {
    this.#isActive = false
    this.#cancel()
  }

  #cancel(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #run(): void {
    if (!this.#isActive || this.#isAsking || this.#listeners.size === 0) return
    this.#cancel()
    this.#isAsking = true
    void this.#list().finally(() => {
      this.#isAsking = false
      if (!this.#isActive || this.#listeners.size === 0) return
      if (this.#isWanted && this.#failures === 0) return this.#run()
      this.#timer = this.#settings.clock.setTimer(this.#waitMs(), () => this.#run())
    })
  }

  #waitMs(): number {
    const { metadataMaxAgeMs, retryBackoffMs: baseMs, retryBackoffMaxMs: maxMs, random } = this.#settings
    return this.#failures === 0 ? metadataMaxAgeMs : backoffMs({ baseMs, maxMs }, this.#failures, random)
  }

  async #list(): Promise<void> {
    // Those who begin in the same turn of the event loop share one request.
    await new Promise<void>((resolve) => setImmediate(resolve))
    if (!this.#isActive) return
    this.#isWanted = false
    try {
      const response = await this.#ask({ topics: null, allowAutoTopicCreation: false })
      this.#failures = 0
      this.#tell(topicsOf(response))
    } catch (caught) {
      this.#failures++
      const error = KafkaError.from(caught, 'The topics could not be listed')
      this.#settings.logger.debug('The topics could not be listed; they are asked for again', {
        code: error.code,
        reason: error.message,
      })
      if (!error.retriable) this.#refuse(error)
    }
  }

  #refuse(error: KafkaError): void {
    for (const onRefused of [...this.#listeners.values()]) onRefused?.(error)
  }

  #tell(topics: readonly ListedTopic[]): void {
    if (!this.#isActive) return
    for (const listener of [...this.#listeners.keys()]) {
      try {
        if (this.#listeners.has(listener)) listener(topics)
      } catch (error) {
        this.#settings.logger.error('A listener of topics failed', { error })
      }
    }
  }
}

/** Throws when the broker can't know yet: no topics would then mean that all had been deleted. */
function topicsOf(response: MetadataResponse): ListedTopic[] {
  if (response.errorCode !== 0 || response.brokers.length === 0) {
    const why = response.errorCode === 0 ? 'it knows no brokers yet' : errorCodeName(response.errorCode)
    throw new KafkaError('TOPICS_UNKNOWN', `The broker did not list the topics: ${why}`, { retriable: true })
  }
  return response.topics.flatMap(({ name, topicId, isInternal, errorCode }) =>
    // One that has no leader exists all the same.
    name === null || errorCode === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
      ? []
      : [{ name, topicId, isInternal }],
  )
}
