// CommonJS that names its exports at run time only: an ES module sees them through the default export alone.
import crc32ByTable from 'crc-32'
import crc32cByTable from 'crc-32/crc32c.js'
import { optionalRequire } from './optional-package'

type Checksum = (bytes: Uint8Array, seed: number) => number

/** Native code is worth the call into it only from this size on. */
const nativeThreshold = 512

let native: Checksum | null | undefined

/**
 * CRC-32C (Castagnoli) of `bytes[start, end)` as an unsigned number. `seed` is the checksum of the bytes before, so
 * that a checksum can run over several pieces. Uses `@node-rs/crc32` when it is installed.
 */
export function crc32c(bytes: Uint8Array, start = 0, end = bytes.length, seed = 0): number {
  const range = start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end)
  if (native === undefined) native = loadNative()
  if (native !== null && range.length >= nativeThreshold) return native(range, seed) >>> 0
  return crc32cByTable.buf(range, seed) >>> 0
}

/** Plain CRC-32 of `bytes[start, end)`, which the old message formats (magic 0 and 1) carry. */
export function crc32(bytes: Uint8Array, start: number, end: number): number {
  return crc32ByTable.buf(bytes.subarray(start, end), 0) >>> 0
}

function loadNative(): Checksum | null {
  try {
    const loaded = optionalRequire()?.('@node-rs/crc32') as { crc32c?: Checksum } | undefined
    return typeof loaded?.crc32c === 'function' ? loaded.crc32c : null
  } catch {
    return null
  }
}
