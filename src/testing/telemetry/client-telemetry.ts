import type { ClusterConfigs } from '../configs/cluster-configs'
import { errorCodeOf, fail } from '../contracts/kafka-failure'
import type { RequestContext } from '../contracts/api-handler'
import { newUuid } from '../contracts/runtime'
import type { Services } from '../contracts/services'
import { ErrorCode } from '../../base/error-codes'
import { subscriptionFor, type TelemetrySubscription } from './telemetry-subscription'
import { zeroTopicId } from '../cluster/topic-names'

/** Metrics as a client pushed them, OTLP in protobuf, compressed as the client chose. */
export interface PushedMetrics {
  readonly clientInstanceId: string
  readonly clientId: string | null
  /** Kafka's number of the codec: 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd. */
  readonly compressionType: number
  /** True for what a client sends as its last. */
  readonly terminating: boolean
  readonly metrics: Buffer
}

/** What PushTelemetry says. */
export interface TelemetryPush {
  readonly clientInstanceId: string
  readonly subscriptionId: number
  readonly terminating: boolean
  readonly compressionType: number
  readonly metrics: Buffer
}

/** One client as one broker knows it. */
interface ClientInstance {
  subscription: TelemetrySubscription
  lastGet: number
  lastPush: number
  lastSeen: number
  isTerminating: boolean
  lastError: number
}

/** Bounds, so that clients cannot fill the memory. */
const most = { clients: 1000, pushes: 1000, bytes: 16 * 1024 * 1024 }

/** A client that is silent for so long, or for three intervals when that is longer, is forgotten. */
const leastExpiryMs = 60_000

const [uncompressed, zstd] = [0, 4]

/**
 * The receiver of clients' metrics (KIP-714): who shall push what, and what was pushed. Each broker knows its clients
 * alone; what they pushed is kept for all brokers together, the newest of it.
 */
export class ClientTelemetry {
  readonly #services: Services & { readonly configs: ClusterConfigs }
  readonly #clients = new Map<string, ClientInstance>()
  #pushed: PushedMetrics[] = []
  #bytes = 0

  constructor(services: Services & { readonly configs: ClusterConfigs }) {
    this.#services = services
  }

  /** What was pushed, the oldest first; at most 1,000 pushes and 16 MiB are kept. */
  get pushed(): readonly PushedMetrics[] {
    return this.#pushed
  }

  /** Most bytes that one push may have. */
  maxBytes(context: RequestContext): number {
    return this.#services.configs.brokerNumber('telemetry.max.bytes', context.broker.id)
  }

  /**
   * What a client is to push. A client without an id gets one.
   * @throws THROTTLING_QUOTA_EXCEEDED when it asks before its interval is over
   */
  subscribe(
    context: RequestContext,
    clientInstanceId: string,
  ): { readonly clientInstanceId: string; readonly subscription: TelemetrySubscription } {
    const { clock, random } = this.#services.runtime
    const id = clientInstanceId === zeroTopicId ? newUuid(random) : clientInstanceId
    const client = this.#client(context, id)
    const now = clock.now()
    const isDue = now - Math.max(client.lastGet, client.lastPush) >= client.subscription.pushIntervalMs
    // Who was refused for an old subscription or a codec may ask at once what is right.
    const mayAskAgain =
      client.lastError === ErrorCode.UNKNOWN_SUBSCRIPTION_ID ||
      client.lastError === ErrorCode.UNSUPPORTED_COMPRESSION_TYPE
    if (!isDue && !mayAskAgain) throw fail('THROTTLING_QUOTA_EXCEEDED')
    if (isDue) client.lastGet = now
    client.lastError = ErrorCode.NONE
    return { clientInstanceId: id, subscription: client.subscription }
  }

  /**
   * Takes metrics.
   * @throws INVALID_REQUEST, THROTTLING_QUOTA_EXCEEDED, UNKNOWN_SUBSCRIPTION_ID, UNSUPPORTED_COMPRESSION_TYPE,
   *   TELEMETRY_TOO_LARGE
   */
  push(context: RequestContext, push: TelemetryPush): void {
    const { clientInstanceId, compressionType, terminating, metrics } = push
    if (clientInstanceId === zeroTopicId) throw fail('INVALID_REQUEST')
    const client = this.#client(context, clientInstanceId)
    try {
      this.#check(client, push, this.maxBytes(context))
      client.lastError = ErrorCode.NONE
    } catch (error) {
      client.lastError = errorCodeOf(error)
      throw error
    } finally {
      client.isTerminating = terminating
    }
    if (metrics.length === 0) return
    const { clientId } = context
    this.#keep({ clientInstanceId, clientId, compressionType, terminating, metrics: Buffer.from(metrics) })
  }

  #check(client: ClientInstance, push: TelemetryPush, maxBytes: number): void {
    if (client.isTerminating) throw fail('INVALID_REQUEST')
    const now = this.#services.runtime.clock.now()
    // The first push after the subscription may come early: clients spread theirs.
    const isDue =
      client.lastGet > client.lastPush || now - client.lastPush >= client.subscription.pushIntervalMs
    if (isDue) client.lastPush = now
    else if (!push.terminating) throw fail('THROTTLING_QUOTA_EXCEEDED')
    if (push.subscriptionId !== client.subscription.id) throw fail('UNKNOWN_SUBSCRIPTION_ID')
    if (push.compressionType < uncompressed || push.compressionType > zstd) {
      throw fail('UNSUPPORTED_COMPRESSION_TYPE')
    }
    if (push.metrics.length > maxBytes) throw fail('TELEMETRY_TOO_LARGE')
  }

  /** The client as this broker knows it; anew when it is not known, or its subscription changed. */
  #client(context: RequestContext, id: string): ClientInstance {
    const key = `${context.broker.id} ${id}`
    const now = this.#services.runtime.clock.now()
    const subscription = subscriptionFor(this.#services.configs, context, id)
    const known = this.#clients.get(key)
    const expiryMs = Math.max(leastExpiryMs, 3 * subscription.pushIntervalMs)
    const isKnown =
      known !== undefined && known.subscription.id === subscription.id && now - known.lastSeen < expiryMs
    const client = isKnown ? known : newClient(subscription)
    client.lastSeen = now
    this.#clients.delete(key)
    this.#clients.set(key, client)
    if (!isKnown) {
      const forget = (): void => {
        if (this.#clients.get(key) === client) this.#clients.delete(key)
      }
      context.session.ended.addEventListener('abort', forget, { once: true })
    }
    const [oldest] = this.#clients.keys()
    if (this.#clients.size > most.clients && oldest !== undefined) this.#clients.delete(oldest)
    return client
  }

  #keep(pushed: PushedMetrics): void {
    this.#pushed.push(pushed)
    this.#bytes += pushed.metrics.length
    let dropped = 0
    while (this.#pushed.length - dropped > most.pushes || this.#bytes > most.bytes) {
      this.#bytes -= this.#pushed[dropped++]?.metrics.length ?? 0
    }
    if (dropped > 0) this.#pushed = this.#pushed.slice(dropped)
  }
}

function newClient(subscription: TelemetrySubscription): ClientInstance {
  const never = Number.NEGATIVE_INFINITY
  return {
    subscription,
    lastGet: never,
    lastPush: never,
    lastSeen: never,
    isTerminating: false,
    lastError: ErrorCode.NONE,
  }
}
