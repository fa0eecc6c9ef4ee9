import type { CompressionCodec } from './codec'
import { malformed, OutputBuffer } from './output-buffer'
import {
  compressSnappyBlock,
  decompressSnappyBlock,
  readSnappyLength,
  snappyBlockBound,
} from './snappy-block'
import { mainThread, runAtOnce, type SlicedWork } from './turn-budget'
import { wasmBlocks } from './wasm-blocks'

/**
 * Snappy as Java's SnappyOutputStream frames it: a header of 16 bytes, then chunks of an int32 length and a block.
 *
 *     82 53 4e 41 50 50 59 00 | version 1 | compatible with 1 | length | block | length | block | …
 *
 * Some other clients write a bare block, which is read too; the first 8 bytes tell them apart.
 */
const magic = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00])
const headerBytes = 16
/** The most that Java puts into one block. */
const blockBytes = 32 * 1024
const version = 1
/** Nanoseconds for a byte, before compression. */
const compressCost = 1.5
const decompressCost = 1

export const snappy: CompressionCodec = {
  type: 2,
  name: 'snappy',
  compress: (bytes) => runAtOnce(compressing(bytes)),
  compressAsync: (bytes) => mainThread.run(compressing(bytes)),
  decompress: (bytes, maxBytes) => runAtOnce(decompressing(bytes, maxBytes)),
  decompressAsync: (bytes, maxBytes) => mainThread.run(decompressing(bytes, maxBytes)),
}

function* compressing(bytes: Uint8Array): SlicedWork<Uint8Array> {
  const blocks = Math.ceil(bytes.length / blockBytes)
  const output = Buffer.allocUnsafeSlow(
    headerBytes + blocks * (4 + snappyBlockBound(0)) + snappyBlockBound(bytes.length),
  )
  writeXerialHeader(output)
  let to = headerBytes
  for (let at = 0; at < bytes.length; at += blockBytes) {
    const end = Math.min(at + blockBytes, bytes.length)
    const blockEnd =
      wasmBlocks()?.compressSnappy(bytes, at, end, output, to + 4) ??
      compressSnappyBlock(bytes, at, end, output, to + 4)
    output.writeInt32BE(blockEnd - to - 4, to)
    to = blockEnd
    yield (end - at) * compressCost
  }
  return output.subarray(0, to)
}

function* decompressing(bytes: Uint8Array, maxBytes: number): SlicedWork<Buffer> {
  const input = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  if (startsWithMagic(input, 0)) {
    const output = new OutputBuffer('snappy', expectedSize(input), maxBytes)
    yield* decompressingChunks(input, output)
    return output.finish()
  }
  const output = new OutputBuffer('snappy', 0, maxBytes)
  decompressBlock(input, 0, input.length, output)
  yield output.length * decompressCost
  return output.finish()
}

function writeXerialHeader(output: Buffer): void {
  magic.copy(output)
  output.writeInt32BE(version, 8)
  output.writeInt32BE(version, 12)
}

/** What the chunks behind the first header say that they hold, as far as it can be. */
function expectedSize(input: Buffer): number {
  let total = 0
  for (let at = headerBytes; at + 4 < input.length;) {
    const length = input.readInt32BE(at)
    if (length <= 0 || length > input.length - at - 4) break
    total += readSnappyLength(input, at + 4, at + 4 + length).length
    at += 4 + length
  }
  return total
}

function* decompressingChunks(input: Buffer, output: OutputBuffer): SlicedWork<void> {
  let at = 0
  while (at < input.length) {
    if (startsWithMagic(input, at)) {
      if (at + headerBytes > input.length) throw malformed('snappy', at, 'its header is cut off')
      const compatible = input.readInt32BE(at + 12)
      if (compatible > version) {
        throw malformed('snappy', at, `its framing needs a reader of version ${compatible}`)
      }
      at += headerBytes
      continue
    }
    const length = at + 4 > input.length ? -1 : input.readInt32BE(at)
    if (length < 0 || length > input.length - at - 4) {
      throw malformed('snappy', at, 'a chunk is cut off')
    }
    const before = output.length
    decompressBlock(input, at + 4, at + 4 + length, output)
    at += 4 + length
    yield (output.length - before) * decompressCost
  }
}

function decompressBlock(input: Buffer, start: number, end: number, output: OutputBuffer): void {
  const { length, at } = readSnappyLength(input, start, end)
  const isDone = wasmBlocks()?.decompressSnappy(input, at, end, output, length)
  if (isDone !== true) decompressSnappyBlock(input, start, end, output)
}

function startsWithMagic(input: Buffer, at: number): boolean {
  return (
    input.length - at >= magic.length && input.compare(magic, 0, magic.length, at, at + magic.length) === 0
  )
}
