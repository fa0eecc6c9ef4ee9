import { type BearerTokenValidator, invalidToken } from './bearer-token'
import { refusal, silentRefusal, type SaslServer } from './sasl-server'

const controlA = '\x01'

/**
 * SASL OAUTHBEARER (RFC 7628). A token that is refused is answered with JSON that says why; the client confirms with
 * one byte, and only then the exchange fails.
 */
export class OAuthBearerServer implements SaslServer {
  readonly #tokens: BearerTokenValidator
  readonly #now: () => number
  #refusal: string | undefined
  #user: string | undefined
  #expiresAt: number | undefined

  constructor(tokens: BearerTokenValidator, now: () => number) {
    this.#tokens = tokens
    this.#now = now
  }

  get user(): string | undefined {
    return this.#user
  }

  get expiresAt(): number | undefined {
    return this.#expiresAt
  }

  evaluate(bytes: Buffer): Buffer {
    const text = bytes.toString('utf8')
    if (text === controlA && this.#refusal !== undefined) throw refusal(this.#refusal)
    this.#refusal = undefined
    const { authorizationId, token } = parseInitialResponse(text)
    const valid = this.#tokens.validate(token, this.#now())
    if (valid === undefined) {
      this.#refusal = JSON.stringify({ status: invalidToken })
      return Buffer.from(this.#refusal)
    }
    if (authorizationId !== '' && authorizationId !== valid.user) {
      const why = `that is different from the token's principal name (${valid.user})`
      throw refusal(`Authentication failed: Client requested an authorization id (${authorizationId}) ${why}`)
    }
    this.#user = valid.user
    this.#expiresAt = valid.expiresAt
    return Buffer.alloc(0)
  }
}

/** `n,a=who,` then `key=value` pairs that each end in a control-A, one of them `auth`, then one more control-A. */
function parseInitialResponse(text: string): { authorizationId: string; token: string } {
  const pieces = text.split(controlA)
  const header = /^n,(?:a=([^,]+))?,$/.exec(pieces[0] ?? '')
  const isClosed = pieces.at(-1) === '' && pieces.at(-2) === ''
  const pairs = pieces.slice(1, -2).map((pair) => /^([A-Za-z]+)=([\x21-\x7e \t\r\n]+)$/.exec(pair))
  if (header === null || !isClosed || pairs.includes(null)) {
    throw silentRefusal()
  }
  const authorization = pairs.find((pair) => pair?.[1] === 'auth')?.[2] ?? ''
  const bearer = /^Bearer +([-_.+/=A-Za-z0-9]+)$/i.exec(authorization)
  if (bearer === null) {
    throw silentRefusal()
  }
  const authorizationId = (header[1] ?? '').replaceAll('=2C', ',').replaceAll('=3D', '=')
  return { authorizationId, token: bearer[1] ?? '' }
}
