import type { Clock } from '../../base/clock'
import type { Logger } from '../../base/logger'
import type { BrokerNode, BrokerState } from '../contracts/brokers'
import type { Release } from '../contracts/release'
import type { ConfigStore } from '../contracts/config-store'
import type { FaultRules } from '../faults/fault-rules'
import type { RequestLog } from '../faults/request-log'
import type { Authentication } from '../contracts/security'
import type { Services } from '../contracts/services'
import type { ByteStream } from '../transport/byte-stream'
import { LinkShaper } from '../transport/link-shaper'
import type { ApiHandler } from '../contracts/api-handler'
import { Connection } from './connection'
import type { ConnectionHost, HandlerFailure } from './connection-host'

export interface BrokerServerOptions {
  readonly node: BrokerNode
  readonly services: Pick<Services, 'runtime'> & {
    readonly release: Pick<Release, 'versionsOf'>
    readonly configs: Pick<ConfigStore, 'brokerNumber'>
  }
  readonly handlers: readonly ApiHandler[]
  readonly faults: FaultRules
  readonly requestLog: RequestLog
  /** Unique in the cluster's life. */
  readonly nextSessionId: () => number
  /** What a new connection authenticates with; undefined where the listener asks for no SASL. */
  readonly authentication?: () => Authentication | undefined
}

/** Failures that are kept for a test to look at. */
const maxFailures = 100

/** One broker's mouth: its connections, and what reads requests from them and writes answers to them. */
export class BrokerServer implements ConnectionHost {
  readonly node: BrokerNode
  readonly clock: Clock
  readonly logger: Logger
  readonly handlers: ReadonlyMap<number, ApiHandler>
  readonly release: Pick<Release, 'versionsOf'>
  readonly faults: FaultRules
  readonly requestLog: RequestLog
  /** How bytes go on all its connections; plain until it is told otherwise. */
  readonly shaper: LinkShaper
  /** Mistakes in handlers and rules, the oldest first; each ended a connection. A healthy broker has none. */
  readonly failures: HandlerFailure[] = []
  readonly #options: BrokerServerOptions
  readonly #connections = new Set<Connection>()
  #state: BrokerState = 'running'

  constructor(options: BrokerServerOptions) {
    const { runtime, release } = options.services
    this.node = options.node
    this.clock = runtime.clock
    this.logger = runtime.logger
    this.release = release
    this.faults = options.faults
    this.requestLog = options.requestLog
    this.handlers = new Map(options.handlers.map((handler) => [handler.api.key, handler]))
    this.shaper = new LinkShaper(runtime.clock)
    this.#options = options
  }

  get state(): BrokerState {
    return this.#state
  }

  get maxFrameBytes(): number {
    return this.#options.services.configs.brokerNumber('socket.request.max.bytes', this.node.id)
  }

  get maxIdleMs(): number {
    return this.#options.services.configs.brokerNumber('connections.max.idle.ms', this.node.id)
  }

  /** Connections that are open. */
  get connectionCount(): number {
    return this.#connections.size
  }

  /** Takes a new connection over, from any transport. */
  accept(stream: ByteStream): void {
    if (this.#state === 'stopped') return stream.destroy()
    const { nextSessionId, authentication } = this.#options
    const shaped = this.shaper.wrap(stream)
    this.#connections.add(new Connection(nextSessionId(), shaped, authentication?.(), this))
  }

  /**
   * `paused` takes connections and bytes and does nothing with them; what came is done after `running`. `stopped` ends
   * all connections at once.
   */
  setState(state: BrokerState): void {
    if (state === this.#state) return
    this.#state = state
    const connections = [...this.#connections]
    if (state === 'stopped') for (const connection of connections) connection.destroy()
    if (state === 'running') for (const connection of connections) connection.resume()
  }

  /** Ends all connections, as a network that breaks does; new ones are taken. */
  cutConnections(): void {
    for (const connection of [...this.#connections]) connection.destroy()
  }

  reportFailure(failure: HandlerFailure): void {
    if (this.failures.length < maxFailures) this.failures.push(failure)
    this.logger.error('A request failed in the broker itself; its connection is closed', {
      broker: this.node.id,
      ...failure,
    })
  }

  forget(connection: Connection): void {
    this.#connections.delete(connection)
  }
}
