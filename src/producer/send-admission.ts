import { setMaxListeners } from 'node:events'
import type { Clock, Timer } from '../base/clock'
import { Deadline } from '../base/deadline'
import { AbortedError, ClosedError, KafkaError, TimeoutError } from '../base/errors'
import type { Metadata } from '../cluster/metadata'
import type { BufferMemory, MemoryWaiter } from './buffer-memory'
import type { ProducerTopic } from './producer-topic'
import type { RecordAccumulator } from './record-accumulator'
import type { PreparedMessage } from './record-serializer'
import type { SendCall } from './send-call'

/** Between two questions for a topic or partition that is not there yet. */
const lookupPauseMs = 100

/** What calls that have to wait are made of. */
export interface WaitingMessages {
  readonly topic: ProducerTopic
  readonly call: SendCall
  readonly messages: readonly PreparedMessage[]
  /** Place of the first of `messages` in its call. */
  readonly firstIndex: number
  readonly timeoutMs: number
  readonly signal: AbortSignal | undefined
}

export interface AdmissionOptions {
  readonly maxBlockMs: number
  readonly allowAutoTopicCreation: boolean
}

/**
 * The calls that can't be appended at once: they wait for their topic's metadata, then for memory, in the order they
 * came, so that no later call overtakes one to the same partition (L7). A call's own time limit covers both waits
 * (P8). The one exception to the order is a call for a partition that does not exist yet: it waits aside, so that a
 * wrong number does not hold up its topic.
 */
export class SendAdmission {
  readonly #clock: Clock
  readonly #metadata: Metadata
  readonly #memory: BufferMemory
  readonly #accumulator: RecordAccumulator
  readonly #options: AdmissionOptions
  readonly #onExhausted: () => void
  /** By topic: the calls that wait for its metadata. */
  readonly #waiting = new Map<ProducerTopic, Set<WaitingCall>>()
  readonly #all = new Set<WaitingCall>()
  readonly #closing = new AbortController()

  constructor(
    collaborators: {
      clock: Clock
      metadata: Metadata
      memory: BufferMemory
      accumulator: RecordAccumulator
      /** A call found no memory in its time. */
      onExhausted: () => void
    },
    options: AdmissionOptions,
  ) {
    this.#clock = collaborators.clock
    this.#metadata = collaborators.metadata
    this.#memory = collaborators.memory
    this.#accumulator = collaborators.accumulator
    this.#onExhausted = collaborators.onExhausted
    this.#options = options
    // Each topic that is looked up listens; there may be hundreds.
    setMaxListeners(0, this.#closing.signal)
  }

  /** Whether calls to this topic have to queue behind others. */
  isBlocked(topic: ProducerTopic): boolean {
    return this.#memory.hasWaiters || (this.#waiting.size > 0 && this.#waiting.has(topic))
  }

  get waitingCalls(): number {
    return this.#all.size
  }

  /** The calls that wait, for a flush. */
  get calls(): SendCall[] {
    return [...this.#all].map((waiting) => waiting.call)
  }

  /** Lets a call wait for whatever it needs. Its promise is settled through its SendCall. */
  add(messages: WaitingMessages): void {
    const waiting = new WaitingCall(messages, {
      clock: this.#clock,
      metadata: this.#metadata,
      accumulator: this.#accumulator,
      onDone: (done) => this.#drop(done),
      onExhausted: this.#onExhausted,
    })
    this.#all.add(waiting)
    // Behind those who wait for the topic, also in the moment when its metadata is there but they are not yet through.
    if (messages.topic.partitionCount === 0 || this.#waiting.has(messages.topic)) this.#waitForTopic(waiting)
    else this.#admit(waiting)
  }

  #admit(waiting: WaitingCall): void {
    const highest = waiting.highestPartition
    if (highest >= waiting.topic.partitionCount) void this.#waitForPartition(waiting, highest)
    else this.#waitForMemory(waiting)
  }

  /** Fails all calls that wait. */
  failAll(error: KafkaError): void {
    for (const waiting of [...this.#all]) waiting.fail(error)
  }

  /** Fails all calls that wait, and stops looking for what they wait for. */
  close(): void {
    this.#closing.abort()
    for (const waiting of [...this.#all]) {
      waiting.fail(new ClosedError('Producer', { topic: waiting.topic.name }))
    }
  }

  #waitForTopic(waiting: WaitingCall): void {
    const known = this.#waiting.get(waiting.topic)
    if (known !== undefined) {
      known.add(waiting)
      return
    }
    this.#waiting.set(waiting.topic, new Set([waiting]))
    void this.#lookUp(waiting.topic)
  }

  /** One lookup after another while calls wait for the topic. */
  async #lookUp(topic: ProducerTopic): Promise<void> {
    const calls = this.#waiting.get(topic) as Set<WaitingCall>
    let error: KafkaError | undefined
    while (calls.size > 0 && topic.partitionCount === 0) {
      const timeoutMs = Math.max(...[...calls].map((waiting) => waiting.remainingMs))
      const deadline = this.#deadline(`metadata of topic ${topic.name}`, timeoutMs)
      try {
        await this.#metadata.requireTopics([topic.name], deadline, this.#options)
        topic.update(this.#metadata.topic(topic.name))
        // An answer without the topic would otherwise be asked for again without a pause.
        if (topic.partitionCount === 0) await this.#pause(deadline)
      } catch (caught) {
        error = KafkaError.from(caught, 'The metadata lookup failed', { topic: topic.name })
        for (const waiting of calls) waiting.lastError = error
        if (!error.retriable || deadline.expired) break
        await this.#pause(deadline)
      }
    }
    this.#waiting.delete(topic)
    for (const waiting of [...calls]) {
      if (topic.partitionCount === 0) waiting.fail(error ?? waiting.timeout())
      else this.#admit(waiting)
    }
  }

  async #waitForPartition(waiting: WaitingCall, partition: number): Promise<void> {
    const { topic } = waiting
    waiting.missingPartition = partition
    const deadline = this.#deadline(`partition ${partition} of topic ${topic.name}`, waiting.remainingMs)
    while (waiting.isActive && partition >= topic.partitionCount) {
      try {
        await this.#metadata.refresh(deadline)
        topic.update(this.#metadata.topic(topic.name))
      } catch (error) {
        waiting.lastError = KafkaError.from(error)
      }
      if (deadline.expired) return
      if (waiting.isActive && partition >= topic.partitionCount) await this.#pause(deadline)
    }
    if (!waiting.isActive) return
    waiting.missingPartition = -1
    this.#waitForMemory(waiting)
  }

  #deadline(what: string, timeoutMs: number): Deadline {
    return new Deadline(this.#clock, what, timeoutMs, this.#closing.signal)
  }

  async #pause(deadline: Deadline): Promise<void> {
    try {
      await deadline.sleep(lookupPauseMs)
    } catch {
      // Aborted by close, which has failed all calls: the loops find nothing left to wait for.
    }
  }

  #waitForMemory(waiting: WaitingCall): void {
    waiting.waitsForMemory = true
    if (!this.#memory.hasWaiters && !this.#accumulator.isBusy && waiting.proceed()) return
    if (!waiting.isActive) return
    this.#memory.wait(waiting)
    // What it waits for may be the end of an append that needs no memory released.
    this.#memory.release(0)
  }

  #drop(waiting: WaitingCall): void {
    this.#all.delete(waiting)
    this.#waiting.get(waiting.topic)?.delete(waiting)
    if (waiting.waitsForMemory) this.#memory.stopWaiting(waiting)
  }
}

interface WaitingCallCollaborators {
  readonly clock: Clock
  readonly metadata: Metadata
  readonly accumulator: RecordAccumulator
  readonly onDone: (waiting: WaitingCall) => void
  readonly onExhausted: () => void
}

/** One call that waits, and its limits. */
class WaitingCall implements MemoryWaiter {
  readonly topic: ProducerTopic
  readonly call: SendCall
  waitsForMemory = false
  missingPartition = -1
  lastError: KafkaError | undefined
  isActive = true
  readonly #messages: WaitingMessages
  /** With their partitions, once the partitioner was asked. */
  #placed: readonly PreparedMessage[] | undefined
  readonly #accumulator: RecordAccumulator
  readonly #metadata: Metadata
  readonly #onDone: (waiting: WaitingCall) => void
  readonly #onExhausted: () => void
  readonly #clock: Clock
  readonly #startedAt: number
  readonly #timer: Timer
  readonly #onAbort: () => void
  #next = 0

  constructor(messages: WaitingMessages, collaborators: WaitingCallCollaborators) {
    const { clock, metadata, accumulator, onDone, onExhausted } = collaborators
    this.topic = messages.topic
    this.call = messages.call
    this.#messages = messages
    this.#accumulator = accumulator
    this.#metadata = metadata
    this.#onDone = onDone
    this.#onExhausted = onExhausted
    this.#clock = clock
    this.#startedAt = clock.now()
    this.#timer = clock.setTimer(messages.timeoutMs, () => {
      const error = this.timeout()
      if (error.code === 'BUFFER_EXHAUSTED') this.#onExhausted()
      this.fail(error)
    })
    this.#onAbort = () => this.fail(new AbortedError('send', messages.signal as AbortSignal))
    messages.signal?.addEventListener('abort', this.#onAbort, { once: true })
  }

  get remainingMs(): number {
    return Math.max(0, this.#startedAt + this.#messages.timeoutMs - this.#clock.now())
  }

  get highestPartition(): number {
    return this.#messages.messages.reduce((most, message) => Math.max(most, message.partition), -1)
  }

  proceed(): boolean {
    if (this.#accumulator.isBusy) return false
    const { firstIndex } = this.#messages
    const messages = this.#place()
    if (messages === undefined) return true
    for (; this.#next < messages.length; this.#next++) {
      const message = messages[this.#next] as PreparedMessage
      if (!this.#accumulator.appendPrepared(this.topic, message, firstIndex + this.#next, this.call))
        return false
    }
    this.#end()
    return true
  }

  /** The messages with their partitions; undefined when the partitioner failed, and the call with it. */
  #place(): readonly PreparedMessage[] | undefined {
    if (this.#placed !== undefined) return this.#placed
    const { messages, firstIndex } = this.#messages
    try {
      return (this.#placed = this.#accumulator.placeAll(this.topic, messages, firstIndex))
    } catch (error) {
      this.fail(KafkaError.from(error))
      return undefined
    }
  }

  /** The messages that were not appended yet fail. */
  fail(error: KafkaError): void {
    if (!this.isActive) return
    this.#end()
    const { messages, firstIndex } = this.#messages
    this.call.failFrom(firstIndex + this.#next, firstIndex + messages.length, error)
  }

  /** What ends the call when its time is over: the reason, where the brokers named one. */
  timeout(): KafkaError {
    if (this.topic.partitionCount === 0) {
      const reason = this.#metadata.topicFailure(this.topic.name)
      if (reason !== undefined) return reason
    }
    const options = { topic: this.topic.name, ...(this.lastError && { cause: this.lastError }) }
    const { timeoutMs, firstIndex } = this.#messages
    const last = this.lastError ? `; last: ${this.lastError.message}` : ''
    if (this.missingPartition >= 0) {
      return new TimeoutError(
        'UNKNOWN_PARTITION',
        `Partition ${this.missingPartition} is not there after ${timeoutMs} ms: the topic has ${this.topic.partitionCount} partitions${last}`,
        options,
      )
    }
    if (!this.waitsForMemory) {
      return new TimeoutError('METADATA_TIMEOUT', `No metadata after ${timeoutMs} ms${last}`, options)
    }
    const accepted = firstIndex + this.#next
    const before = accepted === 0 ? '' : `; the ${accepted} messages before it were taken`
    return new TimeoutError(
      'BUFFER_EXHAUSTED',
      `No buffer memory for message ${accepted} after ${timeoutMs} ms: 'bufferMemoryBytes' is used up by messages that wait for their broker${before}`,
      options,
    )
  }

  #end(): void {
    this.isActive = false
    this.#timer.cancel()
    this.#messages.signal?.removeEventListener('abort', this.#onAbort)
    this.#onDone(this)
  }
}
