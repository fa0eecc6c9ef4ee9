import type { InputType } from 'node:zlib'
import { nodeModule } from '../../../base/node-module'
import type { CompressionCodec } from './codec'
import {
  compressByZlib,
  compressedChunkSize,
  decompressesOnPool,
  decompressOptions,
  largestRatio,
  usualRatio,
  zlibAsync,
  zlibDecodeError,
} from './node-zlib'
import { inOnePiece, mainThread } from './turn-budget'

/** Nanoseconds for a byte, before compression. */
const compressCost = 40
const decompressCost = 1.5
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
    return compressByZlib(
      bytes.length * compressCost,
      () => nodeModule('node:zlib').gzipSync(bytes, compressOptions(bytes, level)),
      (done) => nodeModule('node:zlib').gzip(bytes, compressOptions(bytes, level), done),
    )
  },

  decompress(bytes, maxBytes) {
    try {
      return nodeModule('node:zlib').gunzipSync(bytes, decompressOptions(expectedSize(bytes), maxBytes))
    } catch (error) {
      throw zlibDecodeError('gzip', error, maxBytes)
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
    const options = decompressOptions(expectedSize(bytes), maxBytes)
    const { gunzip } = nodeModule('node:zlib')
    return zlibAsync((done) => gunzip(bytes as InputType, options, done)).catch((error: unknown) => {
      throw zlibDecodeError('gzip', error, maxBytes)
    })
  },
}

function compressOptions(bytes: Uint8Array, level: number | undefined) {
  return { level, chunkSize: compressedChunkSize(bytes) }
}

/** What the data say of their size. A hint, and no more: it may be wrong, and is that of one member of several. */
function expectedSize(bytes: Uint8Array): number {
  if (bytes.length < sizeBytes) return 0
  const declared = new DataView(bytes.buffer, bytes.byteOffset + bytes.length - sizeBytes).getUint32(0, true)
  return Math.min(declared, bytes.length * largestRatio)
}
