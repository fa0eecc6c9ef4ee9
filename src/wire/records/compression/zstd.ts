import * as zlib from 'node:zlib'
import { DecodeError, KafkaError } from '../../../base/errors'
import type { CompressionCodec } from './codec'
import { OutputBuffer, tooLarge } from './output-buffer'
import { decodeZstdFrame } from './zstd-decoder'
import { readZstdFrames, type ZstdFrame } from './zstd-frames'
import { asyncCompressionBytes, asyncDecompressionBytes, zlibAsync } from './zlib-async'

interface ZstdOptions {
  readonly chunkSize?: number
  readonly maxOutputLength?: number
  readonly params?: Readonly<Record<number, number>>
}

/** What node:zlib has of zstd since Node 22.15 and 23.8. */
interface NodeZstd {
  zstdCompressSync(bytes: Uint8Array, options: ZstdOptions): Buffer
  zstdDecompressSync(bytes: Uint8Array, options: ZstdOptions): Buffer
  zstdCompress(
    bytes: Uint8Array,
    options: ZstdOptions,
    done: (error: Error | null, result: Buffer) => void,
  ): void
  zstdDecompress(
    bytes: Uint8Array,
    options: ZstdOptions,
    done: (error: Error | null, result: Buffer) => void,
  ): void
}

const compressionLevelParameter = 100
const chunkSize = 64 * 1024

const zlibModule: object = zlib
const nodeZstd = 'zstdCompressSync' in zlib ? (zlibModule as NodeZstd) : undefined

/**
 * Zstandard, by node:zlib from Node 22.15 on. Older versions read it by a decoder of our own and do not write it:
 * frames of stored blocks would be valid, but whoever asks for zstd wants small batches, and would get large ones
 * without a word.
 */
export const zstd: CompressionCodec = {
  type: 4,
  name: 'zstd',
  levels: { min: -131072, max: 22, default: 3 },

  compressionProblem() {
    if (nodeZstd !== undefined) return undefined
    return `zstd compression needs Node 22.15 or later, this is ${process.version}: upgrade Node, or choose lz4 or gzip`
  },

  compress(bytes, level) {
    return requireNode(this).zstdCompressSync(bytes, compressOptions(level))
  },

  compressAsync(bytes, level) {
    if (bytes.length < asyncCompressionBytes) return this.compress(bytes, level)
    const node = requireNode(this)
    return zlibAsync((done) => node.zstdCompress(bytes, compressOptions(level), done))
  },

  decompress(bytes, maxBytes) {
    const decode = nodeZstd === undefined ? decodeZstdFrame : decodeByNode
    const output = new OutputBuffer('zstd', 0, maxBytes)
    for (const frame of readZstdFrames(bytes, maxBytes)) {
      try {
        decode(frame, output, maxBytes - output.length)
      } catch (error) {
        throw decodeError(error, maxBytes)
      }
    }
    return output.finish()
  },

  decompressAsync(bytes, maxBytes) {
    const node = nodeZstd
    if (node === undefined || bytes.length < asyncDecompressionBytes) return this.decompress(bytes, maxBytes)
    const frames = readZstdFrames(bytes, maxBytes)
    if (frames.length !== 1) return this.decompress(bytes, maxBytes)
    const options = { maxOutputLength: Math.max(maxBytes, 1), chunkSize }
    return zlibAsync((done) => node.zstdDecompress((frames[0] as ZstdFrame).bytes, options, done)).catch(
      (error: unknown) => {
        throw decodeError(error, maxBytes)
      },
    )
  },
}

function compressOptions(level: number | undefined): ZstdOptions {
  return level === undefined ? { chunkSize } : { chunkSize, params: { [compressionLevelParameter]: level } }
}

function requireNode(codec: CompressionCodec): NodeZstd {
  if (nodeZstd !== undefined) return nodeZstd
  throw new KafkaError('ZSTD_UNAVAILABLE', codec.compressionProblem?.() ?? 'zstd is not available')
}

function decodeByNode({ bytes }: ZstdFrame, output: OutputBuffer, maxOutputLength: number): void {
  const decoded = (nodeZstd as NodeZstd).zstdDecompressSync(bytes, {
    maxOutputLength: Math.max(maxOutputLength, 1),
    chunkSize,
  })
  output.reserve(decoded.length).set(decoded, output.length)
  output.length += decoded.length
}

function decodeError(error: unknown, maxBytes: number): KafkaError {
  if (error instanceof KafkaError) return error
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'ERR_BUFFER_TOO_LARGE') return tooLarge('zstd', maxBytes)
  return new DecodeError(`Malformed zstd data: ${message}`, { cause: error })
}
