import type { ConnectionOptions } from 'node:tls'

/**
 * TLS options that don't show themselves: they hold private keys and passphrases, and the options of a client get
 * logged.
 */
export class TlsSettings {
  readonly #options: ConnectionOptions

  constructor(options: ConnectionOptions) {
    this.#options = options
  }

  /** For the socket only. */
  reveal(): ConnectionOptions {
    return this.#options
  }
}
