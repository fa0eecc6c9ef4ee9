import type { BrokerServer } from './broker-server'

/** What a broker listens with. */
export interface OpenListener {
  readonly port: number
  close(): Promise<void> | void
}

/** Opens a listener at a port; 0 for one that is free. */
export type OpenListenerAt = (port: number) => Promise<OpenListener>

/** One broker as a process: its mouth, and the address at which it can be reached from one start to the next. */
export class BrokerHost {
  readonly server: BrokerServer
  readonly #open: OpenListenerAt
  #listener: OpenListener | undefined
  #port: number

  /** @param port of the first start; a restart takes the same again */
  constructor(server: BrokerServer, port: number, open: OpenListenerAt) {
    this.server = server
    this.#port = port
    this.#open = open
  }

  get port(): number {
    return this.#port
  }

  /** @throws InvalidOptionError when the port is in use */
  async start(): Promise<void> {
    if (this.#listener !== undefined) return
    this.#listener = await this.#open(this.#port)
    this.#port = this.#listener.port
    this.server.setState('running')
  }

  /** Refuses connections from now on, and ends those there are. */
  async stop(): Promise<void> {
    const listener = this.#listener
    this.#listener = undefined
    this.server.setState('stopped')
    await listener?.close()
  }

  pause(): void {
    this.server.setState('paused')
  }

  resume(): void {
    this.server.setState('running')
  }
}
