import type { Clock } from '../base/clock'
import type { Deadline } from '../base/deadline'
import type { Logger } from '../base/logger'
import type { RequestBody } from '../network/broker-connection'
import type { ClientApi } from '../wire/api'
import type { Codecs } from '../wire/records/compression/codecs'
import type { Metadata } from './metadata'

/** Which broker a request belongs to. */
export type RequestTarget =
  /** Any broker that answers; the least loaded one is preferred. */
  | { readonly kind: 'any' }
  | { readonly kind: 'node'; readonly nodeId: number }
  | { readonly kind: 'controller' }
  | { readonly kind: 'coordinator'; readonly type: CoordinatorType; readonly key: string }

export type CoordinatorType = 'group' | 'transaction'

export type { RequestBody }

export interface SendOptions {
  /** Milliseconds until the response; by default `requestTimeoutMs`. A caller whose request waits in the broker adds that wait. */
  readonly timeoutMs?: number
  /**
   * Name of the connection. Requests of one name share one connection to a broker, which answers them one after
   * another: callers that make the broker wait (fetches, joins) take a name of their own. Default: `''`.
   */
  readonly connection?: string
  /** Versions the caller can speak; the client's own range by default. */
  readonly minVersion?: number
  readonly maxVersion?: number
  readonly signal?: AbortSignal
  /** True for the one request a broker never answers: Produce with acks 0. Resolves, with undefined, once written. */
  readonly noResponse?: boolean
}

/** An error inside a response that concerns the request as a whole. */
export interface ResponseError {
  readonly errorCode: number
  readonly errorMessage?: string | null
}

export interface RequestOptions<Response> extends Omit<SendOptions, 'noResponse' | 'signal'> {
  /** Bounds all attempts, lookups and waits together; carries the caller's signal. */
  readonly deadline: Deadline
  /**
   * Finds the error that concerns the request as a whole, so that the retry policy can act on it: retriable ones
   * are tried again, coordinator and controller errors after a new lookup, all others are thrown as BrokerError.
   */
  readonly errorOf?: (response: Response) => ResponseError | undefined
  /** False when the request must not be sent again once a broker may have acted on it. Default: true. */
  readonly repeatable?: boolean
}

/** The brokers as one: what producer, consumer and admin ask to carry their requests. */
export interface Cluster {
  readonly clientId: string
  readonly clock: Clock
  readonly logger: Logger
  /** What compresses batches, and decompresses them. */
  readonly codecs: Codecs
  readonly metadata: Metadata
  readonly requestTimeoutMs: number
  readonly retryBackoffMaxMs: number
  /** A number in [0, 1): all chance of a client comes from here, so that a simulation can repeat it. */
  readonly random: () => number

  /** Milliseconds to wait before the next attempt, after so many that failed: `retryBackoffMs`, doubling (KIP-580). */
  backoffMs(failures: number): number

  /**
   * Keeps the cluster open until the lease is released; with the last lease its connections and timers end. Every
   * client holds one from its first use until its close.
   */
  lease(): ClusterLease

  /**
   * One attempt on one broker: connects when needed, picks the version, sends. Rejects with ConnectionError,
   * TimeoutError (both say whether the broker may have acted), AuthenticationError or UnsupportedVersionError.
   */
  send<Request, Response>(
    nodeId: number,
    api: ClientApi<Request, Response>,
    body: RequestBody<Request>,
    options?: SendOptions,
  ): Promise<Response>

  /** Routes the request and tries again, by the one retry policy, until the deadline. */
  request<Request, Response>(
    target: RequestTarget,
    api: ClientApi<Request, Response>,
    body: RequestBody<Request>,
    options: RequestOptions<Response>,
  ): Promise<Response>

  /** The node id of a coordinator: from the cache, or looked up. */
  coordinator(type: CoordinatorType, key: string, deadline: Deadline): Promise<number>

  /** Makes the next `coordinator` call look it up again. */
  forgetCoordinator(type: CoordinatorType, key: string): void

  /**
   * Level of a feature that the cluster has finalized, such as `transaction.version`; 0 before a broker has said it,
   * and when it has none.
   */
  finalizedFeature(name: string): number

  /** The version that `send` would use on that broker; connects when it is not known yet. */
  negotiatedVersion(nodeId: number, api: ClientApi<never, unknown>, options?: SendOptions): Promise<number>

  /** Ends the connections of that name on all brokers; what is in flight on them is rejected. */
  closeConnections(connection: string): void
}

export interface ClusterLease {
  release(): Promise<void>
}
