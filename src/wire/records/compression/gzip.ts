import { type InputType, constants, gunzip, gunzipSync, gzip as gzipAsync, gzipSync } from 'node:zlib'
import { DecodeError } from '../../../base/errors'
import type { CompressionCodec } from './codec'
import { tooLarge } from './output-buffer'
import { asyncCompressionBytes, asyncDecompressionBytes, zlibAsync } from './zlib-async'

const chunkSize = 64 * 1024

/**
 * RFC 1952, by Node's zlib. Level 1 to 9, or -1 for zlib's own choice (KIP-390). Reads several members one after
 * another.
 */
export const gzip: CompressionCodec = {
  type: 1,
  name: 'gzip',
  levels: { min: -1, max: 9, default: constants.Z_DEFAULT_COMPRESSION },

  compress: (bytes, level) => gzipSync(bytes, { level, chunkSize }),

  compressAsync(bytes, level) {
    if (bytes.length < asyncCompressionBytes) return this.compress(bytes, level)
    return zlibAsync((done) => gzipAsync(bytes, { level, chunkSize }, done))
  },

  decompress(bytes, maxBytes) {
    try {
      return gunzipSync(bytes, { maxOutputLength: Math.max(maxBytes, 1), chunkSize })
    } catch (error) {
      throw decodeError(error, maxBytes)
    }
  },

  decompressAsync(bytes, maxBytes) {
    if (bytes.length < asyncDecompressionBytes) return this.decompress(bytes, maxBytes)
    const options = { maxOutputLength: Math.max(maxBytes, 1), chunkSize }
    return zlibAsync((done) => gunzip(bytes as InputType, options, done)).catch((error: unknown) => {
      throw decodeError(error, maxBytes)
    })
  },
}

function decodeError(error: unknown, maxBytes: number): DecodeError {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'ERR_BUFFER_TOO_LARGE') return tooLarge('gzip', maxBytes)
  return new DecodeError(`Malformed gzip data: ${message}`, { cause: error })
}
