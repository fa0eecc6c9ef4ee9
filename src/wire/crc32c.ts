// CommonJS that names its exports at run time only: an ES module sees them through the default export alone.
import crc32ByTable from 'crc-32'
import crc32cByTable from 'crc-32/crc32c.js'
import { makeWasmCrc32c } from './crc32c-wasm'
import { optionalRequire } from './optional-package'

type Checksum = (bytes: Uint8Array, seed: number) => number

/** A call out of JavaScript is worth it only from this size on. */
const leastBytesOfCall = 512
/** Programs that check less than this never make the WebAssembly module, which takes longer than it saves them. */
const bytesBeforeWasm = 4_194_304

/** Native code, or from some time on WebAssembly; null as long as, or where, neither is there. */
let fast: Checksum | null | undefined
let bytesSeen = 0

/**
 * CRC-32C (Castagnoli) of `bytes[start, end)` as an unsigned number. `seed` is the checksum of the bytes before, so
 * that a checksum can run over several pieces. Uses `@node-rs/crc32` when it is installed, else JavaScript, and WebAssembly
 * where there is much to check.
 */
export function crc32c(bytes: Uint8Array, start = 0, end = bytes.length, seed = 0): number {
  const range = start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end)
  if (fast === undefined) fast = loadNative()
  if (range.length < leastBytesOfCall) return crc32cByTable.buf(range, seed) >>> 0
  if (fast !== null) return fast(range, seed) >>> 0
  countTowardsWasm(range.length)
  return crc32cByTable.buf(range, seed) >>> 0
}

function countTowardsWasm(bytes: number): void {
  bytesSeen += bytes
  if (bytesSeen - bytes < bytesBeforeWasm && bytesSeen >= bytesBeforeWasm) fast = makeWasmCrc32c() ?? null
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
