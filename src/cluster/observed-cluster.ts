import type { Clock } from '../base/clock'
import type { Deadline } from '../base/deadline'
import { KafkaError } from '../base/errors'
import type { Logger } from '../base/logger'
import type { ClientApi } from '../wire/api'
import type { Codecs } from '../wire/records/compression/codecs'
import type {
  Cluster,
  ClusterLease,
  CoordinatorType,
  RequestBody,
  RequestOptions,
  RequestTarget,
  SendOptions,
} from './cluster'
import type { Metadata } from './metadata'

/** One request, from when it was given to a connection until its outcome. */
export interface ObservedRequest {
  /** Kafka's name of it; `FindCoordinator` for a look-up of the coordinator, however many requests that takes. */
  readonly api: string
  /** Undefined for a look-up that any broker may answer. */
  readonly nodeId: number | undefined
  /** By the clock. */
  readonly startedAt: number
}

/** Is told of the requests of one client. What it does takes time from that client, so it only notes things down. */
export interface RequestObserver {
  requestSent(request: ObservedRequest): void
  /** Called before whoever made the request learns of its outcome. */
  requestAnswered(request: ObservedRequest, response: unknown): void
  requestFailed(request: ObservedRequest, error: KafkaError): void
}

/** The cluster as one client sees it, with an observer of what that client asks of the brokers. */
export class ObservedCluster implements Cluster {
  readonly #cluster: Cluster
  readonly #observer: RequestObserver

  constructor(cluster: Cluster, observer: RequestObserver) {
    this.#cluster = cluster
    this.#observer = observer
  }

  get clientId(): string {
    return this.#cluster.clientId
  }
  get clock(): Clock {
    return this.#cluster.clock
  }
  get logger(): Logger {
    return this.#cluster.logger
  }
  get codecs(): Codecs {
    return this.#cluster.codecs
  }
  get metadata(): Metadata {
    return this.#cluster.metadata
  }
  get requestTimeoutMs(): number {
    return this.#cluster.requestTimeoutMs
  }
  get retryBackoffMaxMs(): number {
    return this.#cluster.retryBackoffMaxMs
  }
  get random(): () => number {
    return this.#cluster.random
  }

  backoffMs(failures: number): number {
    return this.#cluster.backoffMs(failures)
  }

  lease(): ClusterLease {
    return this.#cluster.lease()
  }

  send<Request, Response>(
    nodeId: number,
    api: ClientApi<Request, Response>,
    body: RequestBody<Request>,
    options?: SendOptions,
  ): Promise<Response> {
    return this.#observe(api.name, nodeId, this.#cluster.send(nodeId, api, body, options))
  }

  request<Request, Response>(
    target: RequestTarget,
    api: ClientApi<Request, Response>,
    body: RequestBody<Request>,
    options: RequestOptions<Response>,
  ): Promise<Response> {
    const nodeId = target.kind === 'node' ? target.nodeId : undefined
    return this.#observe(api.name, nodeId, this.#cluster.request(target, api, body, options))
  }

  coordinator(type: CoordinatorType, key: string, deadline: Deadline): Promise<number> {
    return this.#observe('FindCoordinator', undefined, this.#cluster.coordinator(type, key, deadline))
  }

  forgetCoordinator(type: CoordinatorType, key: string): void {
    this.#cluster.forgetCoordinator(type, key)
  }

  finalizedFeature(name: string): number {
    return this.#cluster.finalizedFeature(name)
  }

  negotiatedVersion(nodeId: number, api: ClientApi<never, unknown>, options?: SendOptions): Promise<number> {
    return this.#cluster.negotiatedVersion(nodeId, api, options)
  }

  closeConnections(connection: string): void {
    this.#cluster.closeConnections(connection)
  }

  /** Gives the promise back as it is, so that nobody waits a turn longer for being observed. */
  #observe<Response>(api: string, nodeId: number | undefined, sent: Promise<Response>): Promise<Response> {
    const observer = this.#observer
    const request: ObservedRequest = { api, nodeId, startedAt: this.clock.now() }
    observer.requestSent(request)
    sent.then(
      (response) => observer.requestAnswered(request, response),
      (error: unknown) => observer.requestFailed(request, KafkaError.from(error)),
    )
    return sent
  }
}
