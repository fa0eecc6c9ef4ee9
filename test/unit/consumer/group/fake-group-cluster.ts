import { backoffMs } from '../../../../src/base/backoff'
import { silentLogger } from '../../../../src/base/logger'
import type { KafkaError } from '../../../../src/base/errors'
import { AbortedError, TimeoutError } from '../../../../src/base/errors'
import type { Deadline } from '../../../../src/base/deadline'
import type { TopicPartition } from '../../../../src/base/topic-partition'
import type {
  Cluster,
  ClusterLease,
  RequestBody,
  RequestTarget,
  SendOptions,
} from '../../../../src/cluster/cluster'
import type { Metadata, TopicMetadata } from '../../../../src/cluster/metadata'
import { builtInCodecs } from '../../../../src/wire/records/compression/codecs'
import type { ClientApi } from '../../../../src/wire/api'
import type { GroupListener } from '../../../../src/consumer/group/group-membership'
import { seededRandom } from '../../../../src/testing/simulation/seeded-random'
import { FakeClock } from '../../support/fake-clock'

export interface SentRequest {
  readonly api: string
  readonly body: never
  readonly connection: string
  readonly nodeId: number
}

type Answer = (body: never) => unknown

/** Metadata that a test writes. */
export class FakeMetadata implements Metadata {
  readonly clusterId = 'fake'
  readonly controllerId = 1
  readonly topics = new Map<string, number>()
  /** Names by topic id. */
  readonly names = new Map<string, string>()
  readonly #listeners = new Set<() => void>()
  readonly #waiting = new Set<() => void>()

  brokers() {
    return [{ nodeId: 1, host: 'localhost', port: 9092, rack: null }]
  }

  topic(name: string): TopicMetadata | undefined {
    const count = this.topics.get(name)
    if (count === undefined) return undefined
    const partitions = Array.from({ length: count }, (_, partition) => ({
      partition,
      leaderId: 1,
      leaderEpoch: 0,
      replicas: [1],
      isr: [1],
      offlineReplicas: [],
      errorCode: 0,
    }))
    return { name, topicId: 'AAAAAAAAAAAAAAAAAAAAAA', isInternal: false, partitions }
  }

  topicName(topicId: string): string | undefined {
    return this.names.get(topicId)
  }

  partition(topic: string, partition: number) {
    return this.topic(topic)?.partitions[partition]
  }

  topicFailure() {
    return undefined
  }

  requireTopics(names: readonly string[], deadline: Deadline): Promise<void> {
    if (names.every((name) => this.topics.has(name))) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const check = () => {
        if (!names.every((name) => this.topics.has(name))) return
        this.#waiting.delete(check)
        resolve()
      }
      this.#waiting.add(check)
      deadline.signal?.addEventListener('abort', () =>
        reject(new AbortedError('x', deadline.signal as AbortSignal)),
      )
    })
  }

  requestRefresh(): void {}
  refresh = () => Promise.resolve()
  listTopics = () => Promise.resolve([])
  watchTopics = () => () => {}
  updateLeader(): void {}

  onUpdate(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  get listenerCount(): number {
    return this.#listeners.size
  }

  set(topic: string, partitionCount: number): void {
    this.topics.set(topic, partitionCount)
    for (const check of [...this.#waiting]) check()
    for (const listener of [...this.#listeners]) listener()
  }
}

/** A cluster of one broker that answers as the test scripts it; requests without a script wait for ever. */
export class FakeGroupCluster implements Cluster {
  readonly clientId = 'test'
  readonly clock = new FakeClock()
  readonly logger = silentLogger
  readonly metadata = new FakeMetadata()
  readonly requestTimeoutMs = 30_000
  readonly retryBackoffMaxMs = 1000
  readonly codecs = builtInCodecs
  /** The same numbers in each run: a failure can be found again. */
  readonly random = seededRandom(1)
  readonly sent: SentRequest[] = []
  readonly closedConnections: string[] = []
  coordinatorLookups = 0
  coordinatorNode = 1
  #known = false
  readonly #once = new Map<string, Answer[]>()
  readonly #always = new Map<string, Answer>()
  readonly #waiting = new Set<{ readonly api: string; readonly answer: (response: unknown) => void }>()

  /** What the next request of this API gets; first in, first out. */
  once(api: string, answer: Answer): this {
    this.#once.set(api, [...(this.#once.get(api) ?? []), answer])
    return this
  }

  /** What a request of this API gets when nothing else is queued. */
  always(api: string, answer: Answer): this {
    this.#always.set(api, answer)
    return this
  }

  /** Answers the requests of this API that wait. */
  answerWaiting(api: string, response: unknown): void {
    for (const waiting of [...this.#waiting]) if (waiting.api === api) waiting.answer(response)
  }

  requests(api: string): never[] {
    return this.sent.filter((request) => request.api === api).map((request) => request.body)
  }

  send<Request, Response>(
    nodeId: number,
    api: ClientApi<Request, Response>,
    body: RequestBody<Request>,
    options: SendOptions = {},
  ): Promise<Response> {
    const version = Math.min(api.maxVersion, options.maxVersion ?? api.maxVersion)
    const request = typeof body === 'function' ? (body as (version: number) => Request)(version) : body
    this.sent.push({ api: api.name, body: request as never, connection: options.connection ?? '', nodeId })
    const answer = this.#once.get(api.name)?.shift() ?? this.#always.get(api.name)
    return new Promise<Response>((resolve, reject) => {
      const timer = this.clock.setTimer(options.timeoutMs ?? this.requestTimeoutMs, () =>
        reject(new TimeoutError('REQUEST_TIMEOUT', `${api.name} timed out`, { maybeWritten: true })),
      )
      const settle = (end: () => void) => {
        this.#waiting.delete(waiting)
        timer.cancel()
        options.signal?.removeEventListener('abort', onAbort)
        end()
      }
      const waiting = {
        api: api.name,
        answer: (response: unknown) => settle(() => resolve(response as Response)),
      }
      const onAbort = () => settle(() => reject(new AbortedError(api.name, options.signal as AbortSignal)))
      options.signal?.addEventListener('abort', onAbort)
      this.#waiting.add(waiting)
      if (answer === undefined) return
      new Promise((done) => done(answer(request as never))).then(
        (response) => settle(() => resolve(response as Response)),
        (error: unknown) => settle(() => reject(error)),
      )
    })
  }

  request<Request, Response>(
    target: RequestTarget,
    api: ClientApi<Request, Response>,
    body: RequestBody<Request>,
  ): Promise<Response> {
    if (target.kind !== 'any') throw new TypeError('The group sends its requests one attempt at a time')
    return this.send(1, api, body)
  }

  coordinator(): Promise<number> {
    if (!this.#known) this.coordinatorLookups++
    this.#known = true
    return Promise.resolve(this.coordinatorNode)
  }

  forgetCoordinator(): void {
    this.#known = false
  }

  backoffMs(failures: number): number {
    return backoffMs({ baseMs: 100, maxMs: this.retryBackoffMaxMs }, failures, this.random)
  }

  finalizedFeature = () => 0
  negotiatedVersion = () => Promise.resolve(0)
  lease = (): ClusterLease => ({ release: () => Promise.resolve() })

  closeConnections(connection: string): void {
    this.closedConnections.push(connection)
  }
}

/** Writes down what the membership says, in order; a test may put its own behaviour behind each callback. */
export class RecordingListener implements GroupListener {
  readonly events: string[] = []
  readonly errors: KafkaError[] = []
  readonly fatal: KafkaError[] = []
  during: {
    onAssigned?: () => Promise<void>
    onRevoked?: () => Promise<void>
    onLost?: () => Promise<void>
  } = {}

  onAssigned(added: readonly TopicPartition[]): Promise<void> {
    return this.#record('onAssigned', added)
  }

  onRevoked(revoked: readonly TopicPartition[]): Promise<void> {
    return this.#record('onRevoked', revoked)
  }

  onLost(lost: readonly TopicPartition[]): Promise<void> {
    return this.#record('onLost', lost)
  }

  onError(error: KafkaError): void {
    this.errors.push(error)
  }

  onFatal(error: KafkaError): void {
    this.events.push('fatal')
    this.fatal.push(error)
  }

  async #record(
    name: 'onAssigned' | 'onRevoked' | 'onLost',
    partitions: readonly TopicPartition[],
  ): Promise<void> {
    const word = { onAssigned: 'assigned', onRevoked: 'revoked', onLost: 'lost' }[name]
    this.events.push(`${word} ${partitions.map((p) => `${p.topic}-${p.partition}`).join(' ')}`.trim())
    await this.during[name]?.()
    if (this.during[name] !== undefined) this.events.push(`${word} done`)
  }
}
