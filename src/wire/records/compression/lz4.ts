import type { CompressionCodec } from './codec'
import { compressLz4Block, decompressLz4Block, lz4BlockBound } from './lz4-block'
import { malformed, OutputBuffer } from './output-buffer'
import { mainThread, runAtOnce, type SlicedWork } from './turn-budget'
import { wasmBlocks } from './wasm-blocks'
import { xxhash32 } from './xxhash32'

/**
 * LZ4 in its frame format. Written as Java's reader demands it: independent blocks of 64 KiB, no checksums but the
 * header's, no sizes.
 *
 *     04 22 4d 18 | flags | block size | header checksum | size, block | size, block | … | 0
 */
const frameMagic = 0x184d2204
const skippableMagic = 0x184d2a50
const flagVersion1 = 0x40
const flag = {
  independent: 0x20,
  blockChecksum: 0x10,
  contentSize: 0x08,
  contentChecksum: 0x04,
  reserved: 0x02,
  dictionary: 0x01,
}
const blockSizeCode64KiB = 4
const blockBytes = 64 * 1024
/** The frame's header and its end mark. */
const frameOverheadBytes = 11
const uncompressedBit = 0x80000000
/** Nanoseconds for a byte, before compression. */
const compressCost = 1.5
const decompressCost = 1
/** Compressed bytes are taken to hold about, and at most, so many. */
const usualRatio = 3
const largestRatio = 32

export const lz4: CompressionCodec = {
  type: 3,
  name: 'lz4',
  compress: (bytes) => runAtOnce(compressing(bytes)),
  compressAsync: (bytes) => mainThread.run(compressing(bytes)),
  decompress: (bytes, maxBytes) => runAtOnce(decompressing(bytes, maxBytes)),
  decompressAsync: (bytes, maxBytes) => mainThread.run(decompressing(bytes, maxBytes)),
}

function* compressing(bytes: Uint8Array): SlicedWork<Uint8Array> {
  const blocks = Math.ceil(bytes.length / blockBytes)
  const output = Buffer.allocUnsafeSlow(frameOverheadBytes + blocks * 4 + lz4BlockBound(bytes.length))
  let to = writeFrameHeader(output)
  for (let at = 0; at < bytes.length; at += blockBytes) {
    const end = Math.min(at + blockBytes, bytes.length)
    to = writeBlock(bytes, at, end, output, to)
    yield (end - at) * compressCost
  }
  to = output.writeUInt32LE(0, to)
  return output.subarray(0, to)
}

function* decompressing(bytes: Uint8Array, maxBytes: number): SlicedWork<Buffer> {
  const input = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const output = new OutputBuffer('lz4', expectedSize(input), maxBytes)
  let at = yield* readingFrame(input, 0, output)
  // What follows the last frame is left alone, as Java does; another frame belongs to the data.
  while (at + 4 <= input.length && isFrameStart(input.readUInt32LE(at))) {
    at = yield* readingFrame(input, at, output)
  }
  return output.finish()
}

function writeFrameHeader(output: Buffer): number {
  output.writeUInt32LE(frameMagic, 0)
  output[4] = flagVersion1 | flag.independent
  output[5] = blockSizeCode64KiB << 4
  output[6] = (xxhash32(output, 4, 6) >>> 8) & 0xff
  return 7
}

function writeBlock(bytes: Uint8Array, start: number, end: number, output: Buffer, at: number): number {
  const blockEnd =
    wasmBlocks()?.compressLz4(bytes, start, end, output, at + 4) ??
    compressLz4Block(bytes, start, end, output, at + 4)
  const length = blockEnd - at - 4
  if (length < end - start) {
    output.writeUInt32LE(length, at)
    return at + 4 + length
  }
  output.writeUInt32LE(((end - start) | uncompressedBit) >>> 0, at)
  output.set(bytes.subarray(start, end), at + 4)
  return at + 4 + end - start
}

function isFrameStart(magic: number): boolean {
  return magic === frameMagic || (magic & 0xfffffff0) >>> 0 === skippableMagic
}

interface FrameHeader {
  readonly independent: boolean
  readonly blockChecksum: boolean
  readonly contentChecksum: boolean
  readonly maxBlockBytes: number
  readonly end: number
}

/** About what the first frame holds: writers fill all blocks but the last. */
function expectedSize(input: Buffer): number {
  if (input.length < 7 || input.readUInt32LE(0) !== frameMagic) return 0
  const { end, maxBlockBytes, blockChecksum } = readFrameHeader(input, 0)
  let full = 0
  let last = 0
  for (let at = end; at + 4 <= input.length;) {
    const size = input.readUInt32LE(at) & ~uncompressedBit
    if (size === 0) break
    if (last > 0) full += maxBlockBytes
    last = size
    at += size + (blockChecksum ? 8 : 4)
  }
  return Math.min(full + Math.min(last * usualRatio, maxBlockBytes), input.length * largestRatio)
}

/** Reads the frame at `start` and answers where it ends. */
function* readingFrame(input: Buffer, start: number, output: OutputBuffer): SlicedWork<number> {
  need(input, start, 7)
  const magic = input.readUInt32LE(start)
  if ((magic & 0xfffffff0) >>> 0 === skippableMagic) {
    need(input, start, 8)
    const length = input.readUInt32LE(start + 4)
    need(input, start + 8, length)
    return start + 8 + length
  }
  const header = readFrameHeader(input, start)
  const frameStart = output.length
  let at = header.end
  for (;;) {
    need(input, at, 4)
    const size = input.readUInt32LE(at)
    at += 4
    if (size === 0) break
    const before = output.length
    at = readBlock(input, at, size, header, header.independent ? before : frameStart, output)
    yield (output.length - before) * decompressCost
  }
  if (!header.contentChecksum) return at
  need(input, at, 4)
  if (input.readUInt32LE(at) !== xxhash32(output.bytes, frameStart, output.length)) {
    throw malformed('lz4', at, 'the checksum of the content is wrong')
  }
  return at + 4
}

/** Reads the block behind its size and answers where it ends. Matches go back to `floor` at most. */
function readBlock(
  input: Buffer,
  start: number,
  size: number,
  header: FrameHeader,
  floor: number,
  output: OutputBuffer,
): number {
  const length = size & ~uncompressedBit
  need(input, start, length)
  if (length > header.maxBlockBytes) throw malformed('lz4', start, `a block of ${length} bytes is too large`)
  const end = start + length
  if ((size & uncompressedBit) === 0) {
    const { maxBlockBytes } = header
    const isDone = wasmBlocks()?.decompressLz4(input, start, end, output, floor, maxBlockBytes)
    if (isDone !== true) decompressLz4Block(input, start, end, output, floor, maxBlockBytes)
  } else {
    input.copy(output.reserve(length), output.length, start, end)
    output.length += length
  }
  if (!header.blockChecksum) return end
  need(input, end, 4)
  if (input.readUInt32LE(end) !== xxhash32(input, start, end)) {
    throw malformed('lz4', end, 'the checksum of a block is wrong')
  }
  return end + 4
}

function readFrameHeader(input: Buffer, start: number): FrameHeader {
  if (input.readUInt32LE(start) !== frameMagic) throw malformed('lz4', start, 'no frame starts here')
  const flags = input[start + 4] as number
  const sizeCode = ((input[start + 5] as number) >>> 4) & 7
  if ((flags & 0xc0) !== flagVersion1) throw malformed('lz4', start, `version ${flags >>> 6} of the frame`)
  if ((flags & (flag.reserved | flag.dictionary)) !== 0) {
    throw malformed('lz4', start, 'a dictionary or a reserved bit')
  }
  if (((input[start + 5] as number) & 0x8f) !== 0 || sizeCode < blockSizeCode64KiB) {
    throw malformed('lz4', start, 'an unknown block size')
  }
  const checksumAt = start + 6 + ((flags & flag.contentSize) !== 0 ? 8 : 0)
  need(input, checksumAt, 1)
  checkHeader(input, start, checksumAt)
  return {
    independent: (flags & flag.independent) !== 0,
    blockChecksum: (flags & flag.blockChecksum) !== 0,
    contentChecksum: (flags & flag.contentChecksum) !== 0,
    maxBlockBytes: 1 << (8 + 2 * sizeCode),
    end: checksumAt + 1,
  }
}

/** Writers of magic 0 computed the checksum over the frame's magic bytes too (KIP-57); both are taken. */
function checkHeader(input: Buffer, start: number, checksumAt: number): void {
  const checksum = input[checksumAt] as number
  if (((xxhash32(input, start + 4, checksumAt) >>> 8) & 0xff) === checksum) return
  if (((xxhash32(input, start, checksumAt) >>> 8) & 0xff) === checksum) return
  throw malformed('lz4', checksumAt, 'the checksum of the header is wrong')
}

function need(input: Buffer, at: number, length: number): void {
  if (length > input.length - at)
    throw malformed('lz4', at, `${length} bytes are needed, ${input.length - at} are left`)
}
