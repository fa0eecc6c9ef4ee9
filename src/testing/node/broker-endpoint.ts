import type { BrokerState } from '../cluster/brokers'
import type { MemoryNetwork } from '../transport/memory-network'
import { TcpListener, type TlsListenerOptions } from '../transport/tcp-listener'
import type { BrokerServer } from './broker-server'

export interface BrokerEndpointOptions {
  readonly server: BrokerServer
  readonly host: string
  /** 0 for any that is free; the broker keeps it when it is stopped and started again. */
  readonly port: number
  readonly tls?: TlsListenerOptions | undefined
  /** In place of TCP. */
  readonly network?: MemoryNetwork | undefined
}

/** One broker's address: open while the broker runs or is paused, refusing while it is stopped. */
export class BrokerEndpoint {
  readonly #options: BrokerEndpointOptions
  #port: number
  #tcp: TcpListener | undefined
  #memory: { close(): void } | undefined
  #isWanted = false
  /** Opening and closing, one after the other. */
  #change: Promise<void> = Promise.resolve()

  constructor(options: BrokerEndpointOptions) {
    this.#options = options
    this.#port = options.port
  }

  get host(): string {
    return this.#options.host
  }

  /** The port that was chosen, once it is open. */
  get port(): number {
    return this.#port
  }

  /** Resolves once connections are taken. @throws InvalidOptionError for a port in use, a wrong host or certificate */
  open(): Promise<void> {
    this.#isWanted = true
    const { network, server, host } = this.#options
    if (network === undefined) return this.#enqueue(() => this.#openTcp())
    if (this.#memory !== undefined) return Promise.resolve()
    const listener = network.listen(server.node.id, host, this.#port, (stream) => server.accept(stream))
    this.#memory = listener
    this.#port = listener.port
    return Promise.resolve()
  }

  /** Refuses connections from now on and ends those there are. */
  close(): Promise<void> {
    this.#isWanted = false
    this.#memory?.close()
    this.#memory = undefined
    // At once, not in its turn: the port must refuse in the moment the broker is stopped.
    const stopped = this.#tcp?.stop()
    this.#tcp = undefined
    return this.#enqueue(() => stopped ?? Promise.resolve())
  }

  /** Follows the broker's life. A port that can't be opened again is logged, and told by the promise. */
  setState(state: BrokerState): Promise<void> {
    const { server } = this.#options
    server.setState(state)
    if (state === 'stopped') return this.close()
    const opened = this.open()
    opened.catch((error: unknown) => {
      server.logger.error('A broker that was started again has lost its port', {
        broker: server.node.id,
        error,
      })
    })
    return opened
  }

  async #openTcp(): Promise<void> {
    if (this.#tcp !== undefined || !this.#isWanted) return
    const { server, host, tls } = this.#options
    const options = { host, port: this.#port, tls, logger: server.logger }
    const listener = await TcpListener.open(options, (stream) => server.accept(stream))
    this.#port = listener.port
    // Stopped while it was opening.
    if (!this.#isWanted) return listener.stop()
    this.#tcp = listener
  }

  #enqueue(change: () => Promise<void>): Promise<void> {
    const done = this.#change.then(change)
    this.#change = done.catch(() => {})
    return done
  }
}
