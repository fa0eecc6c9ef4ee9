import { createServer, type Server, type Socket } from 'node:net'
import { ProxiedConnection } from './proxied-connection'
import type { ConnectionFaults, ResponseFault } from './proxied-connection'

/**
 * A TCP proxy before one broker's PLAINTEXT listener, for the faults of networks. The broker advertises the proxy's
 * port, so that clients pass through it; brokers among themselves do not.
 *
 * Faults hold for connections that stand and for later ones until {@link FaultProxy.heal}.
 */
export class FaultProxy {
  readonly port: number
  readonly #targetPort: number
  readonly #connections = new Set<ProxiedConnection>()
  readonly #faults: ConnectionFaults = { frozen: false, delayMs: 0, byteByByte: false, responses: [] }
  #server: Server | null = null

  private constructor(port: number, targetPort: number) {
    this.port = port
    this.#targetPort = targetPort
  }

  /** Listens on `port` and hands everything to `targetPort`. */
  static async start(port: number, targetPort: number): Promise<FaultProxy> {
    const proxy = new FaultProxy(port, targetPort)
    await proxy.#listen()
    return proxy
  }

  /** How many clients are connected. */
  get connectionCount(): number {
    return this.#connections.size
  }

  /** Ends all connections; new ones are accepted at once. */
  cut(): void {
    for (const connection of [...this.#connections]) connection.reset()
  }

  /** Ends all connections and refuses new ones, as a machine does whose broker is gone. */
  async refuse(): Promise<void> {
    const server = this.#server
    this.#server = null
    const closed = server === null ? Promise.resolve() : new Promise((resolve) => server.close(resolve))
    this.cut()
    await closed
  }

  /** Half-open: connections stand and are accepted, and no byte passes in either direction. */
  freeze(): void {
    this.#faults.frozen = true
    for (const connection of this.#connections) connection.applyFreeze()
  }

  /** Every piece of a response arrives this much later. */
  delayResponses(ms: number): void {
    this.#faults.delayMs = ms
  }

  /** Responses arrive byte by byte, each in a packet of its own as far as the system lets it. */
  sendByteByByte(): void {
    this.#faults.byteByByte = true
  }

  /**
   * Lets the broker act on the next request of an API and loses its answer together with the connection.
   * @param apiKey the API's number; without it, the next request of any
   * @returns settles when that has happened
   */
  loseNextResponse(apiKey?: number): Promise<void> {
    return new Promise((resolve) => {
      const fault: ResponseFault = { apiKey, resolve }
      this.#faults.responses.push(fault)
    })
  }

  /** Ends all faults: what was held back is delivered, refused connections are accepted again. */
  async heal(): Promise<void> {
    this.#faults.frozen = false
    this.#faults.delayMs = 0
    this.#faults.byteByByte = false
    this.#faults.responses.length = 0
    for (const connection of this.#connections) connection.applyFreeze()
    if (this.#server === null) await this.#listen()
  }

  /** Ends the proxy and all its connections. */
  async close(): Promise<void> {
    await this.refuse()
  }

  #listen(): Promise<void> {
    const server = createServer({ noDelay: true }, (socket) => this.#accept(socket))
    this.#server = server
    return new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen(this.port, '127.0.0.1', resolve)
    })
  }

  #accept(client: Socket): void {
    const connection = new ProxiedConnection(client, this.#targetPort, this.#faults)
    this.#connections.add(connection)
    client.once('close', () => this.#connections.delete(connection))
  }
}
