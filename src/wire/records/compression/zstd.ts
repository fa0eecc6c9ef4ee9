import { DecodeError, KafkaError } from '../../../base/errors'
import { nodeModule } from '../../../base/node-module'
import type { CompressionCodec } from './codec'
import { OutputBuffer, tooLarge } from './output-buffer'
import { decodingZstdFrame } from './zstd-decoder'
import { maxBlockBytes, readZstdFrames, type ZstdFrame } from './zstd-frames'
import { inOnePiece, mainThread, runAtOnce, type SlicedWork } from './turn-budget'
import { chunkSizeFor, compressesOnPool, decompressesOnPool, zlibAsync } from './zlib-async'

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
/** Compressed bytes are taken to hold about so many where a single block does not say, and at most. */
const usualRatio = 4
const largestRatio = 32

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
    const cost = bytes.length * compressCostOf(level)
    const options = compressOptions(bytes, level)
    if (compressesOnPool(cost)) return zlibAsync((done) => node.zstdCompress(bytes, options, done))
    const work = inOnePiece(
      () => node.zstdCompressSync(bytes, options),
      () => cost,
    )
    return mainThread.run(work)
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
      node.zstdDecompress(only.bytes, decompressOptions(only, maxBytes), done),
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
  return node.zstdDecompressSync(frame.bytes, decompressOptions(frame, maxBytes))
}

function compressCostOf(level = 3): number {
  return compressCosts.find(({ upTo }) => level <= upTo)?.cost ?? slowestCompressCost
}

function compressOptions(bytes: Uint8Array, level: number | undefined): ZstdOptions {
  const chunkSize = chunkSizeFor(bytes.length / 2)
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

function decompressOptions(frame: ZstdFrame, maxBytes: number): ZstdOptions {
  const maxOutputLength = Math.max(maxBytes, 1)
  return { maxOutputLength, chunkSize: chunkSizeFor(Math.min(expectedSize(frame), maxOutputLength)) }
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
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'ERR_BUFFER_TOO_LARGE') return tooLarge('zstd', maxBytes)
  return new DecodeError(`Malformed zstd data: ${message}`, { cause: error })
}
