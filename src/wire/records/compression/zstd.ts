import { KafkaError } from '../../../base/errors'
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
import { OutputBuffer } from './output-buffer'
import { decodingZstdFrame } from './zstd-decoder'
import { maxBlockBytes, readZstdFrames, type ZstdFrame } from './zstd-frames'
import { mainThread, runAtOnce, type SlicedWork } from './turn-budget'

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
/** Nanoseconds for a byte, before compression: by the level up to which it holds. */
const compressCosts = [
  { upTo: 4, cost: 4 },
  { upTo: 9, cost: 25 },
  { upTo: 15, cost: 100 },
]
const slowestCompressCost = 400
const decompressCost = 1.5
/** The same of our own decoder. */
const ownDecompressCost = 12

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
    if (nodeZstd() !== undefined) return undefined
    return `zstd compression needs Node 22.15 or later, this is ${process.version}: upgrade Node, or choose lz4 or gzip`
  },

  compress(bytes, level) {
    return requireNode(this).zstdCompressSync(bytes, compressOptions(bytes, level))
  },

  compressAsync(bytes, level) {
    const node = requireNode(this)
    const options = compressOptions(bytes, level)
    return compressByZlib(
      bytes.length * compressCostOf(level),
      () => node.zstdCompressSync(bytes, options),
      (done) => node.zstdCompress(bytes, options, done),
    )
  },

  decompress: (bytes, maxBytes) => runAtOnce(decompressing(readZstdFrames(bytes, maxBytes), maxBytes)),

  decompressAsync(bytes, maxBytes) {
    const frames = readZstdFrames(bytes, maxBytes)
    const node = nodeZstd()
    const only = onlyOf(frames)
    if (
      node === undefined ||
      only === undefined ||
      !decompressesOnPool(expectedSize(only) * decompressCost)
    ) {
      return mainThread.run(decompressing(frames, maxBytes))
    }
    return zlibAsync((done) =>
      node.zstdDecompress(only.bytes, decompressOptions(expectedSize(only), maxBytes), done),
    ).catch((error: unknown) => {
      throw decodeError(error, maxBytes)
    })
  },
}

function* decompressing(frames: readonly ZstdFrame[], maxBytes: number): SlicedWork<Buffer> {
  try {
    const only = onlyOf(frames)
    const node = nodeZstd()
    if (node !== undefined && only !== undefined) {
      const decoded = decodeByNode(node, only, maxBytes)
      yield decoded.length * decompressCost
      return decoded
    }
    const output = new OutputBuffer('zstd', 0, maxBytes)
    for (const frame of frames) yield* decodingInto(output, frame, maxBytes)
    return output.finish()
  } catch (error) {
    throw decodeError(error, maxBytes)
  }
}

function* decodingInto(output: OutputBuffer, frame: ZstdFrame, maxBytes: number): SlicedWork<void> {
  const node = nodeZstd()
  if (node === undefined) {
    for (const bytes of decodingZstdFrame(frame, output)) yield bytes * ownDecompressCost
    return
  }
  const decoded = decodeByNode(node, frame, maxBytes - output.length)
  output.reserve(decoded.length).set(decoded, output.length)
  output.length += decoded.length
  yield decoded.length * decompressCost
}

function decodeByNode(node: NodeZstd, frame: ZstdFrame, maxBytes: number): Buffer {
  return node.zstdDecompressSync(frame.bytes, decompressOptions(expectedSize(frame), maxBytes))
}

function compressCostOf(level = 3): number {
  return compressCosts.find(({ upTo }) => level <= upTo)?.cost ?? slowestCompressCost
}

function compressOptions(bytes: Uint8Array, level: number | undefined): ZstdOptions {
  const chunkSize = compressedChunkSize(bytes)
  return level === undefined ? { chunkSize } : { chunkSize, params: { [compressionLevelParameter]: level } }
}

function onlyOf(frames: readonly ZstdFrame[]): ZstdFrame | undefined {
  return frames.length === 1 ? frames[0] : undefined
}

/** What the frame says, or all but the last of its blocks are full; not more than is likely. */
function expectedSize({ bytes, contentSize, capacity }: ZstdFrame): number {
  const believed = bytes.length * largestRatio
  if (contentSize >= 0) return Math.min(contentSize, believed)
  return Math.min(capacity, capacity > maxBlockBytes ? believed : bytes.length * usualRatio)
}

function nodeZstd(): NodeZstd | undefined {
  const zlib: object = nodeModule('node:zlib')
  return 'zstdCompressSync' in zlib ? (zlib as NodeZstd) : undefined
}

function requireNode(codec: CompressionCodec): NodeZstd {
  const node = nodeZstd()
  if (node !== undefined) return node
  throw new KafkaError('ZSTD_UNAVAILABLE', codec.compressionProblem?.() ?? 'zstd is not available')
}

function decodeError(error: unknown, maxBytes: number): KafkaError {
  if (error instanceof KafkaError) return error
  return zlibDecodeError('zstd', error, maxBytes)
}
