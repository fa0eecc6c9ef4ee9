import { createHmac, createPublicKey, timingSafeEqual, verify, type KeyObject } from 'node:crypto'
import { InvalidOptionError } from '../../base/errors'

/** What a token says that was found good. */
export interface BearerToken {
  readonly user: string
  /** Wall time in milliseconds. */
  readonly expiresAt: number
}

/** Kafka's status for all tokens that are not accepted. */
export const invalidToken = 'invalid_token'

/**
 * Checks JSON web tokens. Without a key it takes unsecured ones (`"alg":"none"`), as Kafka's handler for development
 * does; with a key only those signed by it: HS256 with a secret, RS256 with a public key or certificate in PEM.
 */
export class BearerTokenValidator {
  readonly #secret: Buffer | undefined
  readonly #publicKey: KeyObject | undefined

  /** @throws InvalidOptionError for a PEM that holds no key */
  constructor(key?: string | Buffer) {
    const isPem = key?.toString().includes('-----BEGIN ') === true
    this.#publicKey = isPem && key !== undefined ? publicKeyOf(key) : undefined
    this.#secret = isPem || key === undefined ? undefined : Buffer.from(key)
  }

  /** The token's contents; undefined when it is malformed, wrongly signed, not valid yet or not any more. */
  validate(token: string, now: number): BearerToken | undefined {
    const parts = token.split('.')
    const [header = '', claims = '', signature = ''] = parts
    if (parts.length !== 3) return undefined
    const { alg } = parseObject(header)
    if (!this.#isSigned(alg, `${header}.${claims}`, signature)) return undefined
    const { sub, exp, iat, nbf } = parseObject(claims)
    if (typeof sub !== 'string' || sub === '' || typeof exp !== 'number') return undefined
    const expiresAt = Math.round(exp * 1000)
    if (expiresAt <= now) return undefined
    const isEarly = [iat, nbf].some(
      (since) => since !== undefined && !(typeof since === 'number' && since * 1000 <= now),
    )
    return isEarly ? undefined : { user: sub, expiresAt }
  }

  #isSigned(alg: unknown, text: string, signature: string): boolean {
    const bytes = Buffer.from(signature, 'base64url')
    if (this.#secret !== undefined) {
      const expected = createHmac('sha256', this.#secret).update(text).digest()
      return alg === 'HS256' && bytes.length === expected.length && timingSafeEqual(bytes, expected)
    }
    if (this.#publicKey !== undefined) {
      return alg === 'RS256' && verify('sha256', Buffer.from(text), this.#publicKey, bytes)
    }
    return alg === 'none' && signature === ''
  }
}

function publicKeyOf(pem: string | Buffer): KeyObject {
  try {
    return createPublicKey(pem)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new InvalidOptionError('The key of OAUTHBEARER tokens can not be read', [
      `sasl.oauthKey looks like PEM and holds no public key or certificate (${reason})`,
    ])
  }
}

function parseObject(base64: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(Buffer.from(base64, 'base64url').toString('utf8'))
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}
