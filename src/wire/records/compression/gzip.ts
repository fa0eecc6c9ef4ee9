import type { InputType } from 'node:zlib'
import { DecodeError } from '../../../base/errors'
import { nodeModule } from '../../../base/node-module'
import type { CompressionCodec } from './codec'
import { tooLarge } from './output-buffer'
import { inOnePiece, mainThread } from './turn-budget'
import { chunkSizeFor, compressesOnPool, decompressesOnPool, zlibAsync } from './zlib-async'

/** Nanoseconds for a byte, before compression. */
const compressCost = 40
const decompressCost = 1.5
/** Compressed bytes are taken to hold about, and at most, so many. */
const usualRatio = 4
const largestRatio = 32
/** Of the last bytes of gzip data: how much the last member holds, modulo 2^32. */
const sizeBytes = 4

/**
 * RFC 1952, by Node's zlib. Level 1 to 9, or -1 for zlib's own choice (KIP-390). Reads several members one after
 * another.
 */
export const gzip: CompressionCodec = {
  type: 1,
  name: 'gzip',
  levels: { min: -1, max: 9, default: -1 },

  compress: (bytes, level) => nodeModule('node:zlib').gzipSync(bytes, compressOptions(bytes, level)),

  compressAsync(bytes, level) {
    const cost = bytes.length * compressCost
    if (compressesOnPool(cost)) {
      return zlibAsync((done) => nodeModule('node:zlib').gzip(bytes, compressOptions(bytes, level), done))
    }
    const work = inOnePiece(
      () => this.compress(bytes, level),
      () => cost,
    )
    return mainThread.run(work)
  },

  decompress(bytes, maxBytes) {
    try {
      return nodeModule('node:zlib').gunzipSync(bytes, decompressOptions(bytes, maxBytes))
    } catch (error) {
      throw decodeError(error, maxBytes)
    }
  },

  decompressAsync(bytes, maxBytes) {
    if (!decompressesOnPool(bytes.length * usualRatio * decompressCost)) {
      const work = inOnePiece(
        () => this.decompress(bytes, maxBytes),
        (result) => result.length * decompressCost,
      )
      return mainThread.run(work)
    }
    const options = decompressOptions(bytes, maxBytes)
    const { gunzip } = nodeModule('node:zlib')
    return zlibAsync((done) => gunzip(bytes as InputType, options, done)).catch((error: unknown) => {
      throw decodeError(error, maxBytes)
    })
  },
}

function compressOptions(bytes: Uint8Array, level: number | undefined) {
  return { level, chunkSize: chunkSizeFor(bytes.length / 2) }
}

function decompressOptions(bytes: Uint8Array, maxBytes: number) {
  const maxOutputLength = Math.max(maxBytes, 1)
  const expected = Math.min(declaredSize(bytes), bytes.length * largestRatio, maxOutputLength)
  return { maxOutputLength, chunkSize: chunkSizeFor(expected) }
}

/** A hint, and no more: it may be wrong, and is that of one member of several. */
function declaredSize(bytes: Uint8Array): number {
  if (bytes.length < sizeBytes) return 0
  return new DataView(bytes.buffer, bytes.byteOffset + bytes.length - sizeBytes).getUint32(0, true)
}

function decodeError(error: unknown, maxBytes: number): DecodeError {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'ERR_BUFFER_TOO_LARGE') return tooLarge('gzip', maxBytes)
  return new DecodeError(`Malformed gzip data: ${message}`, { cause: error })
}
