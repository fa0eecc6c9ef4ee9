import { nodeModule } from '../../base/node-module'
import { saslprep } from './saslprep'

/** The hashes of SCRAM, as node:crypto names them. */
export type ScramHash = 'sha256' | 'sha512'

/** Bytes that each hash gives. */
const hashBytes = { sha256: 32, sha512: 64 } as const

/** `SaltedPassword` of RFC 5802: `Hi(Normalize(password), salt, iterations)`. */
export function saltedPassword(
  hash: ScramHash,
  password: string,
  salt: Uint8Array,
  iterations: number,
): Promise<Buffer> {
  const { pbkdf2 } = nodeModule('node:crypto')
  const derive = nodeModule('node:util').promisify(pbkdf2)
  return derive(saslprep(password), salt, iterations, hashBytes[hash], hash)
}
