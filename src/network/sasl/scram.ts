import { AuthenticationError } from '../../base/errors'
import { nodeModule } from '../../base/node-module'
import { saltedPassword, type ScramHash } from './salted-password'
import { saslprep } from './saslprep'
import type { SaslExchange, SaslMechanism } from './sasl-mechanism'

/** A server that asks for fewer rounds (RFC 7677) is weak or lies; one that asks for more would only burn time. */
const minIterations = 4096
const maxIterations = 10_000_000

/** How a client says that its user name is the id of a delegation token (KIP-48). */
const tokenExtension = ',tokenauth=true'

/** What else there is to an authentication by SCRAM. */
export interface ScramSettings {
  /** User name and password are id and hmac of a delegation token. Default: false. */
  readonly tokenAuth?: boolean | undefined
  /** Makes the client's nonce; a test passes its own. */
  readonly createNonce?: () => string
}

/**
 * SASL SCRAM (RFC 5802, RFC 7677): the password never travels, and the broker has to prove that it knows it too.
 */
export class ScramMechanism implements SaslMechanism {
  readonly name: string
  readonly toCheck: string
  readonly #hash: ScramHash
  readonly #username: string
  readonly #password: string
  readonly #extensions: string
  readonly #createNonce: () => string

  constructor(
    hash: ScramHash,
    username: string,
    password: string,
    { tokenAuth = false, createNonce = randomNonce }: ScramSettings = {},
  ) {
    this.toCheck = tokenAuth
      ? 'the id and the hmac of the token, and whether it has expired'
      : 'user name and password'
    this.#extensions = tokenAuth ? tokenExtension : ''
    this.name = hash === 'sha256' ? 'SCRAM-SHA-256' : 'SCRAM-SHA-512'
    this.#hash = hash
    this.#username = username
    this.#password = password
    this.#createNonce = createNonce
  }

  start(): SaslExchange {
    const nonce = this.#createNonce()
    const firstBare = `n=${escapeName(saslprep(this.#username))},r=${nonce}${this.#extensions}`
    return new ScramExchange(this.#hash, this.#password, nonce, firstBare)
  }
}

function randomNonce(): string {
  return nodeModule('node:crypto').randomBytes(24).toString('base64url')
}

class ScramExchange implements SaslExchange {
  readonly #hash: ScramHash
  readonly #password: string
  readonly #nonce: string
  /** The client's first message without its header: part of what both sides sign. */
  readonly #firstBare: string
  #serverSignature: Buffer | undefined

  constructor(hash: ScramHash, password: string, nonce: string, firstBare: string) {
    this.#hash = hash
    this.#password = password
    this.#nonce = nonce
    this.#firstBare = firstBare
  }

  first(): Uint8Array {
    return Buffer.from(`n,,${this.#firstBare}`, 'utf8')
  }

  async next(challenge: Buffer): Promise<Uint8Array | undefined> {
    const text = challenge.toString('utf8')
    if (this.#serverSignature === undefined) return await this.#prove(text)
    this.#verify(text, this.#serverSignature)
    return undefined
  }

  async #prove(serverFirst: string): Promise<Uint8Array> {
    const { nonce, salt, iterations } = this.#parseServerFirst(serverFirst)
    const { createHash } = nodeModule('node:crypto')
    const salted = await saltedPassword(this.#hash, this.#password, salt, iterations)
    const clientKey = this.#hmac(salted, 'Client Key')
    const storedKey = createHash(this.#hash).update(clientKey).digest()
    // 'biws' is the base64 of 'n,,': no channel binding, no other authorization identity.
    const finalBare = `c=biws,r=${nonce}`
    const transcript = `${this.#firstBare},${serverFirst},${finalBare}`
    const signature = this.#hmac(storedKey, transcript)
    const proof = Buffer.from(clientKey.map((byte, i) => byte ^ (signature[i] as number)))
    this.#serverSignature = this.#hmac(this.#hmac(salted, 'Server Key'), transcript)
    return Buffer.from(`${finalBare},p=${proof.toString('base64')}`, 'utf8')
  }

  #parseServerFirst(text: string): { nonce: string; salt: Buffer; iterations: number } {
    const attributes = parseAttributes(text)
    const error = attributes.get('e')
    if (error !== undefined) throw refused(`the broker said '${error}'`)
    const nonce = attributes.get('r')
    const salt = attributes.get('s')
    const iterations = Number(attributes.get('i'))
    if (nonce === undefined || salt === undefined) throw refused("the broker's message lacks nonce or salt")
    if (!nonce.startsWith(this.#nonce) || nonce.length === this.#nonce.length) {
      throw refused("the broker's nonce does not continue ours: the answer may be a replay")
    }
    if (!Number.isInteger(iterations) || iterations < minIterations || iterations > maxIterations) {
      throw refused(
        `the broker asks for ${attributes.get('i')} iterations, allowed are ${minIterations} to ${maxIterations}`,
      )
    }
    return { nonce, salt: Buffer.from(salt, 'base64'), iterations }
  }

  #verify(text: string, expected: Buffer): void {
    const attributes = parseAttributes(text)
    const error = attributes.get('e')
    if (error !== undefined) throw refused(`the broker said '${error}'`)
    const signature = Buffer.from(attributes.get('v') ?? '', 'base64')
    const { timingSafeEqual } = nodeModule('node:crypto')
    if (signature.length !== expected.length || !timingSafeEqual(signature, expected)) {
      throw refused(
        'the broker could not prove that it knows the password; it may not be who it claims to be',
      )
    }
  }

  #hmac(key: Buffer, text: string): Buffer {
    return nodeModule('node:crypto').createHmac(this.#hash, key).update(text, 'utf8').digest()
  }
}

function refused(why: string): AuthenticationError {
  return new AuthenticationError('SASL_AUTHENTICATION_FAILED', `SCRAM authentication failed: ${why}`)
}

function parseAttributes(text: string): Map<string, string> {
  const attributes = new Map<string, string>()
  for (const part of text.split(',')) if (part[1] === '=') attributes.set(part.charAt(0), part.slice(2))
  return attributes
}

/** RFC 5802: '=' and ',' separate attributes and must not stand in a name. */
function escapeName(name: string): string {
  return name.replaceAll('=', '=3D').replaceAll(',', '=2C')
}
