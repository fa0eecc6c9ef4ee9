import { timingSafeEqual } from 'node:crypto'
import { refusal, type SaslServer } from './sasl-server'

/** SASL PLAIN (RFC 4616): user and password in one message, checked against the listener's users. */
export class PlainServer implements SaslServer {
  readonly expiresAt = undefined
  readonly #passwords: ReadonlyMap<string, string>
  #user: string | undefined

  constructor(passwords: ReadonlyMap<string, string>) {
    this.#passwords = passwords
  }

  get user(): string | undefined {
    return this.#user
  }

  evaluate(bytes: Buffer): Buffer {
    const tokens = bytes.toString('utf8').split('\0')
    if (tokens.length !== 3) {
      throw refusal(`Invalid SASL/PLAIN response: expected 3 tokens, got ${tokens.length}`)
    }
    const [authorizationId = '', user = '', password = ''] = tokens
    if (user === '') throw refusal('Authentication failed: username not specified')
    if (password === '') throw refusal('Authentication failed: password not specified')
    const expected = this.#passwords.get(user)
    if (expected === undefined || !isEqual(expected, password)) {
      throw refusal('Authentication failed: Invalid username or password')
    }
    if (authorizationId !== '' && authorizationId !== user) {
      const why = 'Client requested an authorization id that is different from username'
      throw refusal(`Authentication failed: ${why}`)
    }
    this.#user = user
    return Buffer.alloc(0)
  }
}

function isEqual(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}
