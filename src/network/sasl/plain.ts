import type { SaslExchange, SaslMechanism } from './sasl-mechanism'

/** SASL PLAIN (RFC 4616): name and password in clear. Use it over TLS only. */
export class PlainMechanism implements SaslMechanism {
  readonly name = 'PLAIN'
  readonly #username: string
  readonly #password: string

  constructor(username: string, password: string) {
    this.#username = username
    this.#password = password
  }

  start(): SaslExchange {
    return {
      first: () => Buffer.from(`\0${this.#username}\0${this.#password}`, 'utf8'),
      next: () => undefined,
    }
  }
}
