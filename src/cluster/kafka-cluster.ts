import { backoffMs, type BackoffOptions } from '../base/backoff'
import type { Clock } from '../base/clock'
import type { Deadline } from '../base/deadline'
import { ClosedError, ConnectionError, TimeoutError } from '../base/errors'
import type { Logger } from '../base/logger'
import type { BrokerAddress } from '../network/broker-address'
import { ConnectionPool } from '../network/connection-pool'
import { RequestEvents } from '../network/request-events'
import type { ClientApi } from '../wire/api'
import { findCoordinatorApi } from '../wire/generated/client/find-coordinator'
import { metadataApi, type MetadataRequest } from '../wire/generated/client/metadata'
import type { Codecs } from '../wire/records/compression/codecs'
import { BootstrapBrokers } from './bootstrap-brokers'
import { BrokerChoice } from './broker-choice'
import type {
  Cluster,
  ClusterLease,
  CoordinatorType,
  RequestBody,
  RequestOptions,
  RequestTarget,
  SendOptions,
} from './cluster'
import type { ResolvedClusterOptions } from './cluster-options'
import { Coordinators, findCoordinatorRequest, readCoordinator } from './coordinators'
import { FinalizedFeatures } from './finalized-features'
import type { BrokerMetadata } from './metadata'
import { MetadataCache } from './metadata-cache'
import { RequestRouter, unknownNode } from './request-router'

/**
 * Puts the parts together: pool, metadata, coordinators, router. It owns the leases: with the first one the cluster
 * opens, with the last one everything that holds the process ends.
 */
export class KafkaCluster implements Cluster {
  readonly clientId: string
  readonly clock: Clock
  readonly logger: Logger
  readonly codecs: Codecs
  readonly metadata: MetadataCache
  readonly requestTimeoutMs: number
  readonly retryBackoffMaxMs: number
  readonly random: () => number
  readonly #backoff: BackoffOptions
  readonly #pool: ConnectionPool
  readonly #coordinators: Coordinators
  readonly #router: RequestRouter
  readonly #features = new FinalizedFeatures()
  #leases = 0

  constructor(options: ResolvedClusterOptions) {
    this.clientId = options.clientId
    this.clock = options.clock
    this.logger = options.logger
    this.codecs = options.codecs
    this.requestTimeoutMs = options.requestTimeoutMs
    this.#backoff = { baseMs: options.retryBackoffMs, maxMs: options.retryBackoffMaxMs }
    this.retryBackoffMaxMs = options.retryBackoffMaxMs
    this.random = options.random
    const { events, clientId, clock, logger } = options
    this.#pool = new ConnectionPool({
      ...options,
      requestEvents: events && new RequestEvents(events, clientId, clock, logger),
      onSuspect: (reason) => this.metadata.requestRefresh(reason),
      onVersions: (versions) => this.#features.note(versions),
    })
    this.metadata = new MetadataCache(options, {
      askOnce: (request) => this.#router.askOnce(metadataApi, metadataBody(request)),
      ask: (request, deadline) =>
        this.#router.request({ kind: 'any' }, metadataApi, metadataBody(request), { deadline }),
    })
    this.#coordinators = new Coordinators((type, key, deadline) => this.#lookUp(type, key, deadline))
    const choice = new BrokerChoice(
      new BootstrapBrokers(options.brokers),
      this.metadata,
      this.#pool,
      options.random,
    )
    this.#router = new RequestRouter(options, this.#pool, choice, this.metadata, this.#coordinators)
    this.metadata.onUpdate(() => this.#pool.setBrokers(this.metadata.brokers()))
  }

  lease(): ClusterLease {
    if (this.#leases++ === 0) this.metadata.start()
    let held = true
    return {
      release: async () => {
        if (!held) return
        held = false
        if (--this.#leases === 0) this.#close()
      },
    }
  }

  #close(): void {
    this.metadata.stop()
    this.#coordinators.clear()
    this.#pool.closeAll(new ClosedError('The cluster'))
  }

  send<Request, Response>(
    nodeId: number,
    api: ClientApi<Request, Response>,
    body: RequestBody<Request>,
    options: SendOptions = {},
  ): Promise<Response> {
    if (this.#leases === 0) return Promise.reject(new ClosedError('The cluster'))
    const broker = this.#broker(nodeId)
    if (broker === undefined) return Promise.reject(unknownNode(nodeId))
    const { connection = '', timeoutMs = this.requestTimeoutMs } = options
    const response = this.#pool.link(broker, connection).send(api, body, { ...options, timeoutMs })
    response.catch((error: unknown) => this.#noteFailure(error))
    return response
  }

  async request<Request, Response>(
    target: RequestTarget,
    api: ClientApi<Request, Response>,
    body: RequestBody<Request>,
    options: RequestOptions<Response>,
  ): Promise<Response> {
    if (this.#leases === 0) throw new ClosedError('The cluster')
    return await this.#router.request(target, api, body, options)
  }

  async coordinator(type: CoordinatorType, key: string, deadline: Deadline): Promise<number> {
    if (this.#leases === 0) throw new ClosedError('The cluster')
    return await this.#coordinators.find(type, key, deadline)
  }

  forgetCoordinator(type: CoordinatorType, key: string): void {
    this.#coordinators.forget(type, key)
  }

  backoffMs(failures: number): number {
    return backoffMs(this.#backoff, failures, this.random)
  }

  finalizedFeature(name: string): number {
    return this.#features.level(name)
  }

  async negotiatedVersion(
    nodeId: number,
    api: ClientApi<never, unknown>,
    options: SendOptions = {},
  ): Promise<number> {
    if (this.#leases === 0) throw new ClosedError('The cluster')
    const broker = this.#broker(nodeId)
    if (broker === undefined) throw unknownNode(nodeId)
    const { connection = '', timeoutMs, ...rest } = options
    const patienceMs = timeoutMs ?? this.requestTimeoutMs
    return await this.#pool.link(broker, connection).version(api, { ...rest, patienceMs })
  }

  closeConnections(connection: string): void {
    this.#pool.closeNamed(connection, new ClosedError('The connection'))
  }

  #broker(nodeId: number): BrokerAddress | undefined {
    const broker = this.metadata.broker(nodeId)
    if (broker === undefined) this.metadata.requestRefresh(`broker ${nodeId} is not known`)
    return broker
  }

  /** A broker that can't be reached may have lost its partitions to others. */
  #noteFailure(error: unknown): void {
    if (error instanceof ConnectionError || error instanceof TimeoutError) {
      this.metadata.requestRefresh(error.message)
    }
  }

  async #lookUp(type: CoordinatorType, key: string, deadline: Deadline): Promise<BrokerMetadata> {
    const response = await this.#router.request(
      { kind: 'any' },
      findCoordinatorApi,
      findCoordinatorRequest(type, key),
      {
        deadline,
        hedged: true,
        errorOf: (answer) => readCoordinator(answer, key),
        // Before version 1 there were only groups.
        ...(type === 'transaction' ? { minVersion: 1 } : {}),
      },
    )
    const { node } = readCoordinator(response, key)
    this.metadata.learnBroker(node)
    return node
  }
}

/** The request in the layout of the version: before 4 topics were created by asking, and 0 knew no null. */
function metadataBody(request: MetadataRequest): (version: number) => MetadataRequest {
  return (version) => {
    if (version >= 4) return request
    return { topics: version === 0 ? (request.topics ?? []) : request.topics }
  }
}
