import type { BrokerServer } from './broker-server'

/** What a broker listens with. */
export interface OpenListener {
  readonly port: number
  close(): Promise<void> | void
  /** Lets the process end although it listens. */
  unref?(): void
}

/** Opens a listener at a port; 0 for one that is free. */
export type OpenListenerAt = (port: number) => Promise<OpenListener>

/** One broker as a process: its mouth, and the address at which it can be reached from one start to the next. */
export class BrokerHost {
  readonly server: BrokerServer
  readonly #open: OpenListenerAt
  #listener: OpenListener | undefined
  #port: number
  #isWanted = false
  /** Opening and closing, one after the other. */
  #change: Promise<unknown> = Promise.resolve()

  /** @param port of the first start; a restart takes the same again */
  constructor(server: BrokerServer, port: number, open: OpenListenerAt) {
    this.server = server
    this.#port = port
    this.#open = open
  }

  get port(): number {
    return this.#port
  }

  /** Does nothing when it was stopped in the meantime. @throws InvalidOptionError when the port is in use */
  start(): Promise<void> {
    this.#isWanted = true
    const started = this.#change.then(() => this.#listen())
    this.#change = started.catch(() => {})
    return started
  }

  /** Refuses connections from now on, and ends those there are. */
  stop(): Promise<void> {
    this.#isWanted = false
    this.server.setState('stopped')
    // At once, not in its turn: the port must refuse in the moment the broker is stopped.
    const closed = this.#listener?.close()
    this.#listener = undefined
    const stopped = this.#change.then(() => closed)
    this.#change = stopped.catch(() => {})
    return stopped
  }

  async #listen(): Promise<void> {
    if (this.#listener !== undefined || !this.#isWanted) return
    const listener = await this.#open(this.#port)
    this.#port = listener.port
    // Stopped while it was opening.
    if (!this.#isWanted) return listener.close()
    this.#listener = listener
    this.server.setState('running')
  }

  /** Lets the process end although it listens. */
  unref(): void {
    this.#listener?.unref?.()
  }

  pause(): void {
    this.server.setState('paused')
  }

  resume(): void {
    this.server.setState('running')
  }
}
