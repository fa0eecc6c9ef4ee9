import { backoffMs } from '../base/backoff'
import type { Clock, Timer } from '../base/clock'
import type { Deadline } from '../base/deadline'
import { createDeferred, type Deferred } from '../base/deferred'
import { ErrorCode, isRetriable } from '../base/error-codes'
import { BrokerError, ClosedError, KafkaError, TimeoutError } from '../base/errors'
import type { Logger } from '../base/logger'
import { requireTopicName } from '../serde/topic'
import type { MetadataRequest, MetadataResponse } from '../wire/generated/client/metadata'
import type {
  BrokerMetadata,
  Metadata,
  PartitionMetadata,
  RequireTopicsOptions,
  TopicMetadata,
} from './metadata'
import {
  emptySnapshot,
  mergeResponse,
  toTopic,
  withBroker,
  withLeader,
  withoutTopics,
  type MetadataSnapshot,
} from './metadata-snapshot'
import { isFinalFailure } from './retry-policy'
import { TopicListing, type RefusalListener, type TopicsListener } from './topic-listing'

export interface MetadataSettings {
  readonly clock: Clock
  readonly logger: Logger
  readonly metadataMaxAgeMs: number
  readonly retryBackoffMs: number
  readonly retryBackoffMaxMs: number
  /** A number in [0, 1). */
  readonly random: () => number
}

/** Carries Metadata requests to any broker. */
export interface MetadataSource {
  /** Tries each broker once. */
  askOnce(request: MetadataRequest): Promise<MetadataResponse>
  /** Tries again until the deadline. */
  ask(request: MetadataRequest, deadline: Deadline): Promise<MetadataResponse>
}

/** A topic that brokers say they don't know, for this long, is deleted; a shorter while may be one broker's lag. */
const missingGraceMs = 15_000

/**
 * Metadata, kept by one loop that asks at most once at a time: when someone waits, when someone saw a sign that it is
 * stale, and when it is older than `metadataMaxAgeMs`. Only topics that were asked for are asked again, and when somebody
 * waits for a topic that is not known yet, only that one (KIP-526): a program with thousands of topics uses them one by one.
 *
 * It keeps: a leader epoch never goes back for one topic id; an error of one topic touches no other; nothing runs
 * while the cluster is not leased or nothing is tracked.
 */
export class MetadataCache implements Metadata {
  readonly #settings: MetadataSettings
  readonly #source: MetadataSource
  #snapshot: MetadataSnapshot = emptySnapshot
  readonly #listing: TopicListing
  readonly #tracked = new Set<string>()
  /** Topics someone waits for who lets the broker create them. */
  readonly #creating = new Map<string, number>()
  /** Topics that callers wait for, and how many. */
  readonly #requiring = new Map<string, number>()
  /** What brokers last said of topics they did not describe. */
  readonly #topicErrors = new Map<string, { errorCode: number; since: number }>()
  readonly #listeners = new Set<() => void>()
  #waiters: Deferred<void>[] = []
  /** Those of the waiters whose callers have not given up. */
  readonly #live = new Set<Deferred<void>>()
  /** All that is tracked is to be asked for. */
  #wanted = false
  #running = false
  #active = false
  #failures = 0
  #lastFailure: KafkaError | undefined
  #lastStartedAt = -Infinity
  /** When all that is tracked was asked for last. */
  #completeAt: number | undefined
  #ageTimer: Timer | undefined
  #pause: { timer: Timer; end(): void } | undefined

  constructor(settings: MetadataSettings, source: MetadataSource) {
    this.#settings = settings
    this.#source = source
    this.#listing = new TopicListing(settings, (request) => source.askOnce(request))
  }

  get clusterId(): string | null {
    return this.#snapshot.clusterId
  }

  get controllerId(): number {
    return this.#snapshot.controllerId
  }

  brokers(): readonly BrokerMetadata[] {
    return [...this.#snapshot.brokers.values()]
  }

  broker(nodeId: number): BrokerMetadata | undefined {
    return this.#snapshot.brokers.get(nodeId)
  }

  topic(name: string): TopicMetadata | undefined {
    return this.#snapshot.topics.get(name)
  }

  topicName(topicId: string): string | undefined {
    return this.#snapshot.topicNames.get(topicId)
  }

  partition(topic: string, partition: number): PartitionMetadata | undefined {
    return this.#snapshot.topics.get(topic)?.partitions[partition]
  }

  topicFailure(name: string): BrokerError | undefined {
    return this.#topicError([name])
  }

  onUpdate(listener: () => void): () => void {
    // A function of its own, so that one listener registered twice is two.
    const entry = () => listener()
    this.#listeners.add(entry)
    return () => void this.#listeners.delete(entry)
  }

  /** Lets the loop run; without it nothing is asked. */
  start(): void {
    this.#active = true
    this.#listing.start()
  }

  /** Ends the loop and its timers; those who wait are rejected. What is known stays. */
  stop(): void {
    this.#active = false
    this.#wanted = false
    this.#listing.stop()
    this.#ageTimer?.cancel()
    this.#ageTimer = undefined
    this.#pause?.end()
    this.#failWaiters(new ClosedError('The cluster'))
  }

  requestRefresh(reason: string): void {
    if (!this.#active) return
    if (!this.#wanted) this.#settings.logger.debug('Metadata refresh asked for', { reason })
    this.#wanted = true
    this.#run()
  }

  async refresh(deadline: Deadline): Promise<void> {
    this.#requireActive(deadline)
    this.#wanted = true
    await this.#nextAnswer(deadline)
  }

  #requireActive(deadline: Deadline): void {
    deadline.throwIfAborted()
    if (!this.#active) throw new ClosedError('The cluster')
  }

  /** Waits for an answer to what is asked from now on: all that is wanted, else the topics that callers wait for. */
  async #nextAnswer(deadline: Deadline): Promise<void> {
    this.#requireActive(deadline)
    const waiter = createDeferred<void>()
    waiter.promise.catch(() => {})
    this.#waiters.push(waiter)
    this.#live.add(waiter)
    // Someone waits for it: no reason to hold back, unless brokers can't be reached.
    if (this.#failures === 0) this.#pause?.end()
    this.#run()
    try {
      await deadline.race(waiter.promise, () => this.#refreshTimeout(deadline))
    } finally {
      this.#live.delete(waiter)
      this.#waiters = this.#waiters.filter((other) => other !== waiter)
    }
  }

  #refreshTimeout(deadline: Deadline): TimeoutError {
    const why = this.#lastFailure === undefined ? '' : `: ${this.#lastFailure.message}`
    return new TimeoutError(
      'METADATA_TIMEOUT',
      `${deadline.what}: no broker answered a metadata request in time${why}`,
      { cause: this.#lastFailure },
    )
  }

  async requireTopics(
    names: readonly string[],
    deadline: Deadline,
    options: RequireTopicsOptions,
  ): Promise<void> {
    deadline.throwIfAborted()
    for (const name of names) requireTopicName(name)
    const missing = () => names.filter((name) => !this.#snapshot.topics.has(name))
    for (const name of names) this.#tracked.add(name)
    if (missing().length === 0) return
    for (const name of names) this.#requiring.set(name, (this.#requiring.get(name) ?? 0) + 1)
    const creating = options.allowAutoTopicCreation ? missing() : []
    for (const name of creating) this.#creating.set(name, (this.#creating.get(name) ?? 0) + 1)
    try {
      await this.#waitForTopics(missing, deadline)
    } finally {
      for (const name of names) leave(this.#requiring, name)
      for (const name of creating) leave(this.#creating, name)
      // Another caller may still wait for the same topic.
      for (const name of missing()) if (!this.#requiring.has(name)) this.#tracked.delete(name)
    }
  }

  async #waitForTopics(missing: () => string[], deadline: Deadline): Promise<void> {
    const { retryBackoffMs: baseMs, retryBackoffMaxMs: maxMs, random } = this.#settings
    for (let failures = 1; ; failures++) {
      try {
        await this.#nextAnswer(deadline)
      } catch (error) {
        throw error instanceof TimeoutError ? (this.#topicError(missing()) ?? error) : error
      }
      const names = missing()
      if (names.length === 0) return
      const error = this.#topicError(names)
      if (error !== undefined && !error.retriable) throw error
      await deadline.sleep(backoffMs({ baseMs, maxMs }, failures, random))
      if (deadline.expired) {
        throw (
          error ??
          new TimeoutError('METADATA_TIMEOUT', `${deadline.what}: the topic was not described in time`)
        )
      }
    }
  }

  /** What brokers said of the first of these topics, a final error before a passing one. */
  #topicError(names: readonly string[]): BrokerError | undefined {
    let found: BrokerError | undefined
    for (const topic of names) {
      const errorCode = this.#topicErrors.get(topic)?.errorCode
      if (errorCode === undefined) continue
      const error = new BrokerError(errorCode, describeTopicError(errorCode, topic), { topic })
      if (!error.retriable) return error
      found ??= error
    }
    return found
  }

  async listTopics(deadline: Deadline): Promise<readonly TopicMetadata[]> {
    const response = await this.#source.ask({ topics: null, allowAutoTopicCreation: false }, deadline)
    return response.topics.filter((topic) => topic.errorCode === 0).map(toTopic)
  }

  watchTopics(listener: TopicsListener, onRefused?: RefusalListener): () => void {
    return this.#listing.watch(listener, onRefused)
  }

  updateLeader(
    topic: string,
    partition: number,
    leaderId: number,
    leaderEpoch: number,
    endpoint?: BrokerMetadata,
  ): void {
    const updated = withLeader(this.#snapshot, topic, partition, leaderId, leaderEpoch)
    if (updated === undefined) return
    this.#publish(endpoint === undefined ? updated : withBroker(updated, endpoint))
  }

  /** A broker that a response named and that is not known yet. */
  learnBroker(broker: BrokerMetadata): void {
    if (this.#snapshot.brokers.has(broker.nodeId)) return
    this.#publish(withBroker(this.#snapshot, broker))
  }

  #publish(snapshot: MetadataSnapshot): void {
    this.#snapshot = snapshot
    for (const listener of [...this.#listeners]) {
      try {
        listener()
      } catch (error) {
        this.#settings.logger.error('A metadata listener failed', { error })
      }
    }
  }

  #run(): void {
    if (this.#running || !this.#active) return
    this.#running = true
    void this.#loop().finally(() => {
      this.#running = false
      if (this.#active && (this.#wanted || this.#waiters.length > 0)) this.#run()
    })
  }

  async #loop(): Promise<void> {
    // Callers of the same turn of the event loop share one request.
    await new Promise<void>((resolve) => setImmediate(resolve))
    while (this.#active && (this.#wanted || this.#waiters.length > 0)) {
      await this.#holdBack()
      if (!this.#active) return
      const waiters = this.#waiters
      const isComplete = this.#wanted
      this.#waiters = []
      this.#wanted = false
      this.#lastStartedAt = this.#settings.clock.now()
      try {
        await this.#refreshOnce(isComplete)
        if (isComplete) this.#completeAt = this.#lastStartedAt
        this.#failures = 0
        this.#lastFailure = undefined
        for (const waiter of waiters) waiter.resolve()
      } catch (error) {
        this.#handleFailure(KafkaError.from(error, 'The metadata refresh failed'), waiters)
      }
    }
    this.#watchAge()
  }

  /** Signs of stale metadata come in floods, so they wait a little; those who wait for an answer do not. */
  async #holdBack(): Promise<void> {
    const { clock, retryBackoffMs: baseMs, retryBackoffMaxMs: maxMs, random } = this.#settings
    if (this.#failures === 0 && this.#waiters.length > 0) return
    const spacingMs = this.#failures === 0 ? baseMs : backoffMs({ baseMs, maxMs }, this.#failures, random)
    const waitMs = this.#lastStartedAt + spacingMs - clock.now()
    if (waitMs <= 0) return
    await new Promise<void>((resolve) => {
      const end = () => {
        this.#pause?.timer.cancel()
        this.#pause = undefined
        resolve()
      }
      this.#pause = { timer: clock.setTimer(Math.ceil(waitMs), end), end }
    })
  }

  #handleFailure(error: KafkaError, waiters: readonly Deferred<void>[]): void {
    this.#lastFailure = error
    this.#failures++
    if (!this.#active || isFinalFailure(error)) {
      for (const waiter of waiters) waiter.reject(error)
      return
    }
    this.#settings.logger.debug(`Metadata could not be refreshed: ${error.message}`, { code: error.code })
    this.#waiters = [...waiters.filter((waiter) => this.#live.has(waiter)), ...this.#waiters]
    this.#wanted ||= this.#tracked.size > 0
  }

  #failWaiters(error: KafkaError): void {
    for (const waiter of this.#waiters.splice(0)) waiter.reject(error)
  }

  /** @param isComplete asks for all that is tracked, else for what callers wait for and nobody knows yet */
  async #refreshOnce(isComplete: boolean): Promise<void> {
    const isUnknown = (name: string) => !this.#snapshot.topics.has(name)
    const creating = [...this.#creating.keys()].filter(isUnknown)
    const asked = isComplete ? [...this.#tracked] : [...this.#requiring.keys()].filter(isUnknown)
    const others = asked.filter((name) => !this.#creating.has(name) || !isUnknown(name))
    if (creating.length > 0) await this.#ask(creating, true)
    if (others.length > 0 || creating.length === 0) await this.#ask(others, false)
  }

  async #ask(names: readonly string[], allowAutoTopicCreation: boolean): Promise<void> {
    const topics = names.map((name) => ({ name }))
    const response = await this.#source.askOnce({ topics, allowAutoTopicCreation })
    if (!this.#active) return
    if (response.errorCode === ErrorCode.REBOOTSTRAP_REQUIRED) {
      // The brokers that are known are not those of the cluster any more (KIP-1102): the options name others.
      this.#publish({ ...this.#snapshot, brokers: new Map() })
      throw new BrokerError(response.errorCode, 'The brokers have to be looked up anew', {
        api: 'Metadata',
        retriable: true,
      })
    }
    if (response.errorCode !== ErrorCode.NONE) {
      throw new BrokerError(response.errorCode, 'The broker did not tell its metadata', { api: 'Metadata' })
    }
    if (response.brokers.length === 0) {
      throw new BrokerError(ErrorCode.BROKER_NOT_AVAILABLE, 'The broker knows no brokers yet', {
        api: 'Metadata',
        retriable: true,
      })
    }
    const merged = mergeResponse(this.#snapshot, response)
    const gone = this.#noteTopicErrors(response)
    for (const name of gone) this.#tracked.delete(name)
    this.#publish(withoutTopics(merged, gone))
  }

  /** Remembers what was said of topics with an error, and answers which have been missing for too long. */
  #noteTopicErrors(response: MetadataResponse): Set<string> {
    const now = this.#settings.clock.now()
    const gone = new Set<string>()
    for (const { name, errorCode } of response.topics) {
      if (name === null) continue
      if (errorCode === ErrorCode.NONE) {
        this.#topicErrors.delete(name)
        continue
      }
      const before = this.#topicErrors.get(name)
      const since = before?.errorCode === errorCode ? before.since : now
      this.#topicErrors.set(name, { errorCode, since })
      const missing = errorCode === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
      if (missing && now - since >= missingGraceMs) gone.add(name)
    }
    return gone
  }

  #watchAge(): void {
    this.#ageTimer?.cancel()
    this.#ageTimer = undefined
    if (!this.#active || this.#tracked.size === 0) return
    const { clock, metadataMaxAgeMs } = this.#settings
    // Topics that come one by one must not put off the refresh of the others.
    const ageMs = clock.now() - (this.#completeAt ??= clock.now())
    this.#ageTimer = clock.setTimer(Math.max(metadataMaxAgeMs - ageMs, 0), () =>
      this.requestRefresh('metadataMaxAgeMs has passed'),
    )
    this.#ageTimer.unref?.()
  }
}

/** One caller less counts on this name. */
function leave(counts: Map<string, number>, name: string): void {
  const others = (counts.get(name) ?? 1) - 1
  if (others === 0) counts.delete(name)
  else counts.set(name, others)
}

function describeTopicError(errorCode: number, topic: string): string {
  if (errorCode === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION) {
    return `Topic '${topic}' does not exist; create it, or check its name and whether this user may see it`
  }
  if (isRetriable(errorCode)) return `Topic '${topic}' is not ready`
  return `Topic '${topic}' can't be used`
}
