import { backoffMs } from '../../../src/base/backoff'
import type { Deadline } from '../../../src/base/deadline'
import { ErrorCode } from '../../../src/base/error-codes'
import { BrokerError, KafkaError, TimeoutError, UnsupportedVersionError } from '../../../src/base/errors'
import { silentLogger } from '../../../src/base/logger'
import type {
  Cluster,
  ClusterLease,
  CoordinatorType,
  RequestBody,
  RequestOptions,
  RequestTarget,
  SendOptions,
} from '../../../src/cluster/cluster'
import type { BrokerMetadata, Metadata, TopicMetadata } from '../../../src/cluster/metadata'
import type { ApiInfo, ClientApi } from '../../../src/wire/api'
import { Writer } from '../../../src/wire/primitives/writer'
import { seededRandom } from '../../../src/testing/simulation/seeded-random'
import { builtInCodecs } from '../../../src/wire/records/compression/codecs'
import { FakeClock } from '../support/fake-clock'

/** One request as a fake broker sees it. */
export interface FakeCall<Request> {
  readonly request: Request
  readonly version: number
  readonly nodeId: number
  /** What the caller asked for: the kind of a routed request, or `send` for one to a node of the caller's choice. */
  readonly target: RequestTarget['kind'] | 'send'
}

/** What was sent, in order: `CreateTopics@1`. */
export type SentRequest = `${string}@${number}`

type Handler = (call: FakeCall<unknown>) => unknown

/**
 * Brokers that answer what a test says. Requests are encoded in the version that was chosen, so that one that no
 * broker could be sent fails here too; routing and versions are real, the network and its retries are not.
 */
export class FakeCluster implements Cluster {
  readonly clientId = 'test'
  readonly clock = new FakeClock()
  readonly logger = silentLogger
  readonly requestTimeoutMs = 30_000
  readonly retryBackoffMaxMs = 1000
  readonly codecs = builtInCodecs
  /** The same numbers in each run: a failure can be found again. */
  readonly random = seededRandom(1)

  readonly sent: SentRequest[] = []
  /** Groups whose coordinator was forgotten. */
  readonly forgotten: string[] = []
  leases = 0
  refreshes = 0
  controllerId = 1
  nodeIds: number[] = [1, 2, 3]
  topics: TopicMetadata[] = []
  /** Node id of a group's coordinator, or why there is none. Default: node 1. */
  coordinatorOf: (groupId: string) => number | KafkaError = () => 1
  /** Highest version of an API on all brokers; -1: they do not have it. */
  readonly maxVersions = new Map<string, number>()
  readonly #handlers = new Map<string, Handler>()

  /** What brokers answer to an API. An error that is thrown, or returned as a rejection, is the attempt's. */
  on<Request, Response>(
    api: ClientApi<Request, Response>,
    handler: (call: FakeCall<Request>) => Response | Promise<Response>,
  ): void {
    this.#handlers.set(api.name, (call) => handler(call as FakeCall<Request>))
  }

  lease(): ClusterLease {
    this.leases++
    return {
      release: () => {
        this.leases--
        return Promise.resolve()
      },
    }
  }

  send<Request, Response>(
    nodeId: number,
    api: ClientApi<Request, Response>,
    body: RequestBody<Request>,
    options: SendOptions = {},
  ): Promise<Response> {
    return this.#answer('send', nodeId, api, body, options)
  }

  async request<Request, Response>(
    target: RequestTarget,
    api: ClientApi<Request, Response>,
    body: RequestBody<Request>,
    options: RequestOptions<Response>,
  ): Promise<Response> {
    for (let failures = 0; ; failures++) {
      try {
        const response = await this.#answer(target.kind, this.#route(target), api, body, options)
        const error = options.errorOf?.(response)
        if (error === undefined || error.errorCode === ErrorCode.NONE) return response
        const brokerMessage = error.errorMessage ?? null
        throw new BrokerError(error.errorCode, 'The request failed', { api: api.name, brokerMessage })
      } catch (error) {
        if (!(error instanceof KafkaError) || !error.retriable) throw error
        if (options.deadline.remainingMs() <= 100) {
          throw new TimeoutError('TIMEOUT', `${options.deadline.what} took too long`, { cause: error })
        }
        if (error.code === 'NOT_CONTROLLER') this.controllerId = (this.controllerId % this.nodeIds.length) + 1
        await options.deadline.sleep(100)
      }
    }
  }

  #route(target: RequestTarget): number {
    if (target.kind === 'controller') return this.controllerId
    if (target.kind === 'node') return target.nodeId
    return this.nodeIds[0] as number
  }

  async #answer<Request, Response>(
    target: FakeCall<Request>['target'],
    nodeId: number,
    api: ClientApi<Request, Response>,
    body: RequestBody<Request>,
    range: Pick<SendOptions, 'minVersion' | 'maxVersion'>,
  ): Promise<Response> {
    const version = this.#version(api, range)
    const request = typeof body === 'function' ? (body as (version: number) => Request)(version) : body
    api.encodeRequest(new Writer(), request, version)
    this.sent.push(`${api.name}@${nodeId}`)
    const handler = this.#handlers.get(api.name)
    if (handler === undefined) throw new Error(`The test does not say what to answer to ${api.name}`)
    return (await handler({ request, version, nodeId, target })) as Response
  }

  #version(api: ApiInfo, range: Pick<SendOptions, 'minVersion' | 'maxVersion'>): number {
    const min = Math.max(api.minVersion, range.minVersion ?? 0)
    const max = Math.min(
      api.maxVersion,
      range.maxVersion ?? api.maxVersion,
      this.maxVersions.get(api.name) ?? api.maxVersion,
    )
    if (max < min) throw new UnsupportedVersionError(`The broker has no version ${min} of ${api.name}`)
    return max
  }

  async coordinator(_type: CoordinatorType, key: string, deadline: Deadline): Promise<number> {
    deadline.throwIfAborted()
    const found = this.coordinatorOf(key)
    if (found instanceof KafkaError) throw found
    return found
  }

  forgetCoordinator(_type: CoordinatorType, key: string): void {
    this.forgotten.push(key)
  }

  backoffMs(failures: number): number {
    return backoffMs({ baseMs: 100, maxMs: this.retryBackoffMaxMs }, failures, this.random)
  }

  finalizedFeature(): number {
    return 0
  }

  async negotiatedVersion(
    _nodeId: number,
    api: ClientApi<never, unknown>,
    options: SendOptions = {},
  ): Promise<number> {
    return this.#version(api, options)
  }

  closeConnections(): void {}

  readonly metadata: Metadata = {
    clusterId: 'cluster',
    controllerId: 1,
    brokers: (): BrokerMetadata[] =>
      this.nodeIds.map((nodeId) => ({ nodeId, host: 'localhost', port: 9092 + nodeId, rack: null })),
    topic: () => undefined,
    topicName: () => undefined,
    partition: () => undefined,
    topicFailure: () => undefined,
    requireTopics: () => Promise.resolve(),
    requestRefresh: () => {},
    refresh: () => {
      this.refreshes++
      return Promise.resolve()
    },
    listTopics: () => Promise.resolve(this.topics),
    watchTopics: () => () => {},
    updateLeader: () => {},
    onUpdate: () => () => {},
  }
}
