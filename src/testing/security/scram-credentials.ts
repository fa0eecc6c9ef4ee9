import { createHash, createHmac, pbkdf2Sync } from 'node:crypto'

/** The SCRAM mechanisms, by Kafka's numbers, with their hashes as node:crypto calls them. */
export const scramMechanisms = {
  'SCRAM-SHA-256': { type: 1, hash: 'sha256', keyLength: 32 },
  'SCRAM-SHA-512': { type: 2, hash: 'sha512', keyLength: 64 },
} as const

export type ScramMechanismName = keyof typeof scramMechanisms

export const scramMechanismNames: readonly ScramMechanismName[] = ['SCRAM-SHA-256', 'SCRAM-SHA-512']

/** Kafka's limits of the number of rounds. */
export const minScramIterations = 4096
export const maxScramIterations = 16384

/** What the broker keeps of a password: enough to check a proof, not enough to make one. */
export interface ScramCredential {
  readonly salt: Buffer
  readonly storedKey: Buffer
  readonly serverKey: Buffer
  readonly iterations: number
}

/** HMAC with the hash of a mechanism. */
export function scramHmac(mechanism: ScramMechanismName, key: Buffer, text: string): Buffer {
  return createHmac(scramMechanisms[mechanism].hash, key).update(text).digest()
}

/** The hash of a mechanism. */
export function scramHash(mechanism: ScramMechanismName, bytes: Buffer): Buffer {
  return createHash(scramMechanisms[mechanism].hash).update(bytes).digest()
}

/** A credential from what an admin sends, or from `saltPassword`. */
export function scramCredential(
  mechanism: ScramMechanismName,
  saltedPassword: Buffer,
  salt: Buffer,
  iterations: number,
): ScramCredential {
  const storedKey = scramHash(mechanism, scramHmac(mechanism, saltedPassword, 'Client Key'))
  return { salt, storedKey, serverKey: scramHmac(mechanism, saltedPassword, 'Server Key'), iterations }
}

/**
 * All SCRAM credentials of the cluster. Users that were given by password are salted when they first log in: the
 * rounds take milliseconds, which a cluster that nobody logs into need not spend.
 */
export class ScramCredentials {
  readonly #credentials = new Map<string, Map<ScramMechanismName, ScramCredential>>()
  readonly #passwords: ReadonlyMap<string, string>
  readonly #newSalt: () => Buffer
  /** Credentials of given passwords that nobody has asked for yet. */
  readonly #pending: Set<string>

  /**
   * @param passwords users that are there from the start, for all mechanisms
   * @param newSalt makes the salt of one of their credentials
   */
  constructor(passwords: Readonly<Record<string, string>>, newSalt: () => Buffer) {
    this.#passwords = new Map(Object.entries(passwords))
    this.#newSalt = newSalt
    for (const user of this.#passwords.keys()) this.#credentials.set(user, new Map())
    this.#pending = new Set(
      [...this.#passwords.keys()].flatMap((user) => scramMechanismNames.map((it) => `${it} ${user}`)),
    )
  }

  get(user: string, mechanism: ScramMechanismName): ScramCredential | undefined {
    this.#saltPending(user, mechanism)
    return this.#credentials.get(user)?.get(mechanism)
  }

  has(user: string, mechanism: ScramMechanismName): boolean {
    return this.#pending.has(`${mechanism} ${user}`) || this.#credentials.get(user)?.has(mechanism) === true
  }

  set(user: string, mechanism: ScramMechanismName, credential: ScramCredential): void {
    this.#pending.delete(`${mechanism} ${user}`)
    const known = this.#credentials.get(user)
    if (known !== undefined) known.set(mechanism, credential)
    else this.#credentials.set(user, new Map([[mechanism, credential]]))
  }

  delete(user: string, mechanism: ScramMechanismName): void {
    this.#pending.delete(`${mechanism} ${user}`)
    this.#credentials.get(user)?.delete(mechanism)
  }

  /** Users that have a credential. */
  get users(): string[] {
    return [...this.#credentials.keys()].filter((user) =>
      scramMechanismNames.some((it) => this.has(user, it)),
    )
  }

  /** Mechanisms and rounds of a user, without what must stay secret. */
  describe(user: string): { readonly mechanism: ScramMechanismName; readonly iterations: number }[] {
    return scramMechanismNames.flatMap((mechanism) => {
      if (!this.has(user, mechanism)) return []
      const iterations = this.#credentials.get(user)?.get(mechanism)?.iterations ?? minScramIterations
      return [{ mechanism, iterations }]
    })
  }

  #saltPending(user: string, mechanism: ScramMechanismName): void {
    const password = this.#passwords.get(user)
    if (password === undefined || !this.#pending.has(`${mechanism} ${user}`)) return
    const { hash, keyLength } = scramMechanisms[mechanism]
    const salt = this.#newSalt()
    const salted = pbkdf2Sync(password.normalize('NFKC'), salt, minScramIterations, keyLength, hash)
    this.set(user, mechanism, scramCredential(mechanism, salted, salt, minScramIterations))
  }
}
