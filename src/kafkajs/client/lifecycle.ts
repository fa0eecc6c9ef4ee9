/** Where a client stands between `connect` and `disconnect`. */
export type ConnectionStatus = 'connected' | 'disconnecting' | 'disconnected'

/** What a client holds while it is connected; made anew by each `connect` that follows a `disconnect`. */
export interface Session {
  close(): Promise<void>
}

/**
 * The session of a client. Calls of `connect` and `disconnect` that overlap share what is under way, and a disconnect
 * during a connect ends what that made.
 */
export class Lifecycle<S extends Session> {
  readonly #open: () => Promise<S>
  #session: S | undefined
  #opening: Promise<S> | undefined
  #closing: Promise<void> | undefined

  /** @param open makes a session that is connected, and leaves nothing open when it fails */
  constructor(open: () => Promise<S>) {
    this.#open = open
  }

  get status(): ConnectionStatus {
    if (this.#closing !== undefined) return 'disconnecting'
    return this.#session === undefined ? 'disconnected' : 'connected'
  }

  /** Undefined unless connected. */
  get session(): S | undefined {
    return this.#closing === undefined ? this.#session : undefined
  }

  /** The session that is there, or a new one. */
  async connect(): Promise<S> {
    await this.#closing
    if (this.#session !== undefined) return this.#session
    this.#opening ??= this.#connect()
    return await this.#opening
  }

  async disconnect(): Promise<void> {
    this.#closing ??= this.#disconnect()
    await this.#closing
  }

  async #connect(): Promise<S> {
    try {
      return (this.#session = await this.#open())
    } finally {
      this.#opening = undefined
    }
  }

  async #disconnect(): Promise<void> {
    try {
      await this.#opening?.catch(() => {})
      await this.#session?.close()
    } finally {
      this.#session = undefined
      this.#closing = undefined
    }
  }
}
