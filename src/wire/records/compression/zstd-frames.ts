import { malformed, tooLarge } from './output-buffer'

const frameMagic = 0xfd2fb528
const skippableMagic = 0x184d2a50
/** What a block holds at most. */
export const maxBlockBytes = 128 * 1024

/** One frame, whole, and what its header says. */
export interface ZstdFrame {
  readonly bytes: Buffer
  /** Where its first block starts. */
  readonly blocksAt: number
  /** Bytes it holds when decompressed; -1 when it does not say. */
  readonly contentSize: number
  /** Bytes that its blocks can hold at most. */
  readonly capacity: number
}

/**
 * Splits zstd data into its frames, leaving out those that carry no data, before any decoder sees it. A decoder makes
 * room for the window that a frame declares, which may be far more than the frame holds: the window is lowered here to
 * what its blocks can fill and to `maxBytes`. Blocks say how long they are, so nothing has to be decoded for that.
 */
export function readZstdFrames(bytes: Uint8Array, maxBytes: number): ZstdFrame[] {
  const input = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  if (input.length === 0) throw malformed('zstd', 0, 'there is no frame')
  const frames: ZstdFrame[] = []
  for (let at = 0; at < input.length;) {
    need(input, at, 5)
    const magic = input.readUInt32LE(at)
    if (magic === frameMagic) {
      const frame = readFrame(input, at, maxBytes)
      frames.push(frame)
      at += frame.bytes.length
    } else if ((magic & 0xfffffff0) >>> 0 === skippableMagic) {
      need(input, at, 8)
      const length = input.readUInt32LE(at + 4)
      need(input, at + 8, length)
      at += 8 + length
    } else throw malformed('zstd', at, 'no frame starts here')
  }
  return frames
}

function readFrame(input: Buffer, start: number, maxBytes: number): ZstdFrame {
  const descriptor = input[start + 4] as number
  const isSingleSegment = (descriptor & 0x20) !== 0
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] as number
  const sizeBytes = [isSingleSegment ? 1 : 0, 2, 4, 8][descriptor >>> 6] as number
  if ((descriptor & 0x08) !== 0) throw malformed('zstd', start + 4, 'a reserved bit is set')
  const windowAt = start + 5
  const dictionaryAt = windowAt + (isSingleSegment ? 0 : 1)
  const sizeAt = dictionaryAt + dictionaryBytes
  need(input, start, sizeAt + sizeBytes - start)
  for (let i = 0; i < dictionaryBytes; i++) {
    if (input[dictionaryAt + i] !== 0) throw malformed('zstd', dictionaryAt, 'it needs a dictionary')
  }
  const blocks = readBlocks(input, sizeAt + sizeBytes)
  const end = blocks.end + ((descriptor & 0x04) !== 0 ? 4 : 0)
  need(input, blocks.end, end - blocks.end)
  const contentSize = readContentSize(input, sizeAt, sizeBytes)
  const blocksAt = sizeAt + sizeBytes - start
  if (contentSize > maxBytes) throw tooLarge('zstd', maxBytes)
  if (contentSize > blocks.capacity) {
    throw malformed('zstd', sizeAt, `its blocks cannot hold ${contentSize} bytes`)
  }
  const frame = { bytes: input.subarray(start, end), blocksAt, contentSize, capacity: blocks.capacity }
  if (isSingleSegment) return frame
  const window = lowestWindow(Math.max(Math.min(blocks.capacity, maxBytes), maxBlockBytes))
  if (window >= (input[windowAt] as number)) return frame
  const lowered = Buffer.from(frame.bytes)
  lowered[5] = window
  return { ...frame, bytes: lowered }
}

/** Where the blocks end, and the most bytes they can hold. */
function readBlocks(input: Buffer, start: number): { end: number; capacity: number } {
  let at = start
  let capacity = 0
  for (let isLast = false; !isLast;) {
    need(input, at, 3)
    const header = input.readUIntLE(at, 3)
    isLast = (header & 1) !== 0
    const type = (header >>> 1) & 3
    const size = header >>> 3
    if (type === 3 || size > maxBlockBytes) throw malformed('zstd', at, 'an unknown or too large block')
    const stored = type === 1 ? 1 : size
    need(input, at + 3, stored)
    capacity += type === 2 ? maxBlockBytes : size
    at += 3 + stored
  }
  return { end: at, capacity }
}

function readContentSize(input: Buffer, at: number, sizeBytes: number): number {
  if (sizeBytes === 0) return -1
  if (sizeBytes === 2) return input.readUInt16LE(at) + 256
  return sizeBytes === 8 ? Number(input.readBigUInt64LE(at)) : input.readUIntLE(at, sizeBytes)
}

/** The window byte of the smallest power of two that is not below `bytes`. */
function lowestWindow(bytes: number): number {
  return Math.max(Math.ceil(Math.log2(bytes)) - 10, 0) << 3
}

function need(input: Buffer, at: number, length: number): void {
  if (length > input.length - at) {
    throw malformed('zstd', at, `${length} bytes are needed, ${Math.max(input.length - at, 0)} are left`)
  }
}
