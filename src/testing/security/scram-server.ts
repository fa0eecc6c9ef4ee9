import { timingSafeEqual } from 'node:crypto'
import { refusal, silentRefusal, type SaslServer } from './sasl-server'
import {
  minScramIterations,
  scramHash,
  scramHmac,
  type ScramCredential,
  type ScramCredentials,
  type ScramMechanismName,
} from './scram-credentials'

/** What the first message of a client says. */
interface ClientFirst {
  readonly user: string
  readonly nonce: string
  readonly authorizationId: string
  /** Whether the user is a delegation token (KIP-48). */
  readonly isToken: boolean
  /** Without the GS2 header: part of what both sides sign. */
  readonly bare: string
}

/** What is remembered between the two messages of a client. */
interface Challenge {
  readonly user: string
  readonly credential: ScramCredential
  readonly nonce: string
  /** First message of the client, bare, and of the server. */
  readonly signedText: string
}

/**
 * SASL SCRAM (RFC 5802): the client proves that it knows the password, and the broker that it knows its salted form.
 *
 *   client: n,,n=user,r=nonce        server: r=nonce+more,s=salt,i=rounds
 *   client: c=biws,r=…,p=proof       server: v=signature
 *
 * There are no delegation tokens here, so that none logs in, also not by the name of a user.
 */
export class ScramServer implements SaslServer {
  readonly expiresAt = undefined
  readonly #mechanism: ScramMechanismName
  readonly #credentials: ScramCredentials
  readonly #newNonce: () => string
  #challenge: Challenge | undefined
  #user: string | undefined

  constructor(mechanism: ScramMechanismName, credentials: ScramCredentials, newNonce: () => string) {
    this.#mechanism = mechanism
    this.#credentials = credentials
    this.#newNonce = newNonce
  }

  get user(): string | undefined {
    return this.#user
  }

  evaluate(bytes: Buffer): Buffer {
    const text = bytes.toString('utf8')
    if (this.#user !== undefined) throw silentRefusal()
    return this.#challenge === undefined ? this.#onFirst(text) : this.#onFinal(text, this.#challenge)
  }

  #onFirst(text: string): Buffer {
    const { user, nonce, authorizationId, isToken, bare } = parseClientFirst(text)
    const credential = isToken ? undefined : this.#credentials.get(user, this.#mechanism)
    if (credential === undefined) throw silentRefusal()
    if (authorizationId !== '' && authorizationId !== user) {
      const why = 'Client requested an authorization id that is different from username'
      throw refusal(`Authentication failed: ${why}`)
    }
    if (credential.iterations < minScramIterations) {
      throw silentRefusal()
    }
    const fullNonce = nonce + this.#newNonce()
    const answer = `r=${fullNonce},s=${credential.salt.toString('base64')},i=${credential.iterations}`
    this.#challenge = { user, credential, nonce: fullNonce, signedText: `${bare},${answer}` }
    return Buffer.from(answer)
  }

  #onFinal(text: string, { user, credential, nonce, signedText }: Challenge): Buffer {
    const match = /^(c=[^,]*,r=([^,]*)(?:,[A-Za-z]=[^,]*)*),p=([A-Za-z0-9+/]+={0,2})$/.exec(text)
    if (match === null) throw silentRefusal()
    const [, withoutProof = '', clientNonce, proof = ''] = match
    if (clientNonce !== nonce) throw silentRefusal()
    const signed = `${signedText},${withoutProof}`
    const signature = scramHmac(this.#mechanism, credential.storedKey, signed)
    const clientKey = xor(Buffer.from(proof, 'base64'), signature)
    if (
      clientKey === undefined ||
      !timingSafeEqual(scramHash(this.#mechanism, clientKey), credential.storedKey)
    ) {
      throw silentRefusal()
    }
    this.#user = user
    const verifier = scramHmac(this.#mechanism, credential.serverKey, signed)
    return Buffer.from(`v=${verifier.toString('base64')}`)
  }
}

function parseClientFirst(text: string): ClientFirst {
  const match =
    /^n,(?:a=([^,]*))?,((?:m=[^,]*,)?n=([^,]+),r=([\x21-\x2b\x2d-\x7e]+)((?:,[A-Za-z]+=[^,]*)*))$/.exec(text)
  if (match === null) throw silentRefusal()
  const [, authorizationId = '', bare = '', user = '', nonce = '', extensions = ''] = match
  return {
    authorizationId: unescapeName(authorizationId),
    bare,
    user: unescapeName(user),
    nonce,
    isToken: /,tokenauth=true(,|$)/i.test(extensions),
  }
}

function unescapeName(name: string): string {
  return name.replaceAll('=2C', ',').replaceAll('=3D', '=')
}

function xor(a: Buffer, b: Buffer): Buffer | undefined {
  if (a.length !== b.length) return undefined
  const result = Buffer.alloc(a.length)
  for (let i = 0; i < a.length; i++) result[i] = (a[i] as number) ^ (b[i] as number)
  return result
}
