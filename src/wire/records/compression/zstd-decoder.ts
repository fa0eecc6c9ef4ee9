import { malformed, type OutputBuffer } from './output-buffer'
import {
  BackwardBits,
  buildFseTable,
  type FseTable,
  type HuffmanTable,
  readFseTable,
  readHuffmanStream,
  readHuffmanTable,
  repeatingFseTable,
} from './zstd-entropy'
import { maxBlockBytes, type ZstdFrame } from './zstd-frames'

/**
 * Decodes zstd frames (RFC 8878) for Node versions whose zlib has no zstd. Own code, because the decoders there are
 * for JavaScript run for ever on some malformed inputs. Checksums of the content are not verified: a batch has one
 * over all of it.
 */

/** One of the three kinds of codes in a sequence: its predefined table, its limits, and what its codes stand for. */
interface CodeKind {
  readonly predefined: FseTable
  readonly maxLog: number
  readonly bases: readonly number[]
  readonly extraBits: readonly number[]
}

function codeKind(
  predefined: string,
  log: number,
  maxLog: number,
  first: number,
  extra: readonly number[],
): CodeKind {
  const bases: number[] = []
  let base = first
  for (const bits of extra) {
    bases.push(base)
    base += 2 ** bits
  }
  const counts = predefined.split(' ').map(Number)
  return { predefined: buildFseTable(counts, log), maxLog, bases, extraBits: extra }
}

function zeros(count: number): number[] {
  return new Array<number>(count).fill(0)
}

const literalLengths = codeKind(
  '4 3 2 2 2 2 2 2 2 2 2 2 2 1 1 1 2 2 2 2 2 2 2 2 2 3 2 1 1 1 1 1 -1 -1 -1 -1',
  6,
  9,
  0,
  [...zeros(16), 1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
)
const matchLengths = codeKind(`1 4 3 2 2 2 2 2 2 ${'1 '.repeat(37)}-1 -1 -1 -1 -1 -1 -1`, 6, 9, 3, [
  ...zeros(32),
  1,
  1,
  1,
  1,
  2,
  2,
  3,
  3,
  4,
  4,
  5,
  7,
  8,
  9,
  10,
  11,
  12,
  13,
  14,
  15,
  16,
])
const offsets = codeKind(
  `1 1 1 1 1 1 2 2 2 ${'1 '.repeat(15)}-1 -1 -1 -1 -1`,
  5,
  8,
  1,
  Array.from({ length: 32 }, (_, code) => code),
)

/** What blocks of one frame hand on to the next. */
class FrameState {
  huffman: HuffmanTable | undefined
  literalLengths: FseTable | undefined
  offsets: FseTable | undefined
  matchLengths: FseTable | undefined
  readonly recent = [1, 4, 8]
}

/**
 * Appends what the frame holds to the output; its structure was checked by `readZstdFrames`. Yields after each block how
 * many bytes it held.
 */
export function* decodingZstdFrame(frame: ZstdFrame, output: OutputBuffer): Generator<number, void> {
  const { bytes, contentSize } = frame
  const state = new FrameState()
  const frameStart = output.length
  let at = frame.blocksAt
  for (let isLast = false; !isLast;) {
    const header = bytes.readUIntLE(at, 3)
    isLast = (header & 1) !== 0
    const size = header >>> 3
    at += 3
    const before = output.length
    switch ((header >>> 1) & 3) {
      case 0:
        bytes.copy(output.reserve(size), output.length, at, at + size)
        output.length += size
        at += size
        break
      case 1:
        output.reserve(size).fill(bytes[at] as number, output.length, output.length + size)
        output.length += size
        at += 1
        break
      default:
        decodeBlock(bytes, at, at + size, state, output, frameStart)
        at += size
    }
    yield output.length - before
  }
  if (contentSize >= 0 && output.length - frameStart !== contentSize) {
    throw malformed('zstd', at, `the frame holds ${output.length - frameStart} bytes, not ${contentSize}`)
  }
}

function decodeBlock(
  input: Buffer,
  start: number,
  end: number,
  state: FrameState,
  output: OutputBuffer,
  frameStart: number,
): void {
  const literals = readLiterals(input, start, end, state)
  const sequences = readSequenceHeader(input, literals.end, end, state)
  if (sequences.count === 0) return appendLiterals(literals.bytes, 0, literals.bytes.length, output)
  executeSequences(input, sequences, end, literals.bytes, state, output, frameStart)
}

/** Reads the literals section: stored, one byte repeated, or Huffman codes in one stream or four. */
function readLiterals(
  input: Buffer,
  start: number,
  end: number,
  state: FrameState,
): { bytes: Uint8Array; end: number } {
  need(start, end, 1)
  const first = input[start] as number
  const type = first & 3
  const format = (first >>> 2) & 3
  if (type < 2) {
    const headerBytes = format === 1 ? 2 : format === 3 ? 3 : 1
    need(start, end, headerBytes)
    const size = input.readUIntLE(start, headerBytes) >>> (headerBytes === 1 ? 3 : 4)
    if (size > maxBlockBytes) throw malformed('zstd', start, 'too many literals')
    const at = start + headerBytes
    need(at, end, type === 1 ? 1 : size)
    if (type === 0) return { bytes: input.subarray(at, at + size), end: at + size }
    return { bytes: new Uint8Array(size).fill(input[at] as number), end: at + 1 }
  }
  const headerBytes = Math.max(format, 1) + 2
  const sizeBits = format < 2 ? 10 : format === 2 ? 14 : 18
  need(start, end, headerBytes)
  const sizes = Math.floor(input.readUIntLE(start, headerBytes) / 16)
  const size = sizes % 2 ** sizeBits
  const packedBytes = Math.floor(sizes / 2 ** sizeBits)
  let at = start + headerBytes
  need(at, end, packedBytes)
  if (size > maxBlockBytes) throw malformed('zstd', start, 'too many literals')
  const packedEnd = at + packedBytes
  if (type === 2) {
    const described = readHuffmanTable(input, at, packedEnd)
    state.huffman = described.table
    at = described.end
  }
  if (state.huffman === undefined) throw malformed('zstd', start, 'literals without a Huffman table')
  const bytes = new Uint8Array(size)
  if (format === 0) readHuffmanStream(input, at, packedEnd, state.huffman, bytes)
  else readFourStreams(input, at, packedEnd, state.huffman, bytes)
  return { bytes, end: packedEnd }
}

function readFourStreams(
  input: Buffer,
  start: number,
  end: number,
  table: HuffmanTable,
  bytes: Uint8Array,
): void {
  need(start, end, 6)
  const share = (bytes.length + 3) >> 2
  if (share * 3 > bytes.length) throw malformed('zstd', start, 'too few literals for four streams')
  let at = start + 6
  for (let i = 0; i < 4; i++) {
    const streamEnd = i < 3 ? at + input.readUInt16LE(start + 2 * i) : end
    if (streamEnd > end) throw malformed('zstd', at, 'a stream of literals is cut off')
    readHuffmanStream(
      input,
      at,
      streamEnd,
      table,
      bytes.subarray(share * i, i < 3 ? share * (i + 1) : undefined),
    )
    at = streamEnd
  }
}

interface Sequences {
  readonly count: number
  /** Where their bit stream starts. */
  readonly start: number
}

/** Reads how many sequences follow and the tables they are coded with, which become those of the frame. */
function readSequenceHeader(input: Buffer, start: number, end: number, state: FrameState): Sequences {
  need(start, end, 1)
  const first = input[start] as number
  if (first === 0) {
    if (start + 1 !== end) throw malformed('zstd', start, 'bytes are left over in a block')
    return { count: 0, start: end }
  }
  const countBytes = first < 128 ? 1 : first < 255 ? 2 : 3
  need(start, end, countBytes + 1)
  let count = first
  if (countBytes === 2) count = ((first - 128) << 8) + (input[start + 1] as number)
  else if (countBytes === 3) count = input.readUInt16LE(start + 1) + 0x7f00
  let at = start + countBytes
  const modes = input[at++] as number
  if ((modes & 3) !== 0) throw malformed('zstd', at, 'a reserved bit is set')
  const table = (kind: CodeKind, mode: number, previous: FseTable | undefined): FseTable => {
    if (mode === 0) return kind.predefined
    if (mode === 3) {
      if (previous === undefined) throw malformed('zstd', at, 'a table is repeated that was not there')
      return previous
    }
    if (mode === 2) {
      const read = readFseTable(input, at, end, kind.maxLog, kind.bases.length - 1)
      at = read.end
      return read.table
    }
    need(at, end, 1)
    const symbol = input[at++] as number
    if (symbol >= kind.bases.length) throw malformed('zstd', at, `an unknown code ${symbol}`)
    return repeatingFseTable(symbol)
  }
  state.literalLengths = table(literalLengths, modes >>> 6, state.literalLengths)
  state.offsets = table(offsets, (modes >>> 4) & 3, state.offsets)
  state.matchLengths = table(matchLengths, (modes >>> 2) & 3, state.matchLengths)
  return { count, start: at }
}

function executeSequences(
  input: Buffer,
  sequences: Sequences,
  end: number,
  literals: Uint8Array,
  state: FrameState,
  output: OutputBuffer,
  frameStart: number,
): void {
  const lengthTable = state.literalLengths as FseTable
  const offsetTable = state.offsets as FseTable
  const matchTable = state.matchLengths as FseTable
  const stream = new BackwardBits(input, sequences.start, end)
  let lengthState = stream.read(lengthTable.accuracyLog)
  let offsetState = stream.read(offsetTable.accuracyLog)
  let matchState = stream.read(matchTable.accuracyLog)
  const blockStart = output.length
  let literalsAt = 0
  for (let left = sequences.count; left > 0; left--) {
    const offsetCode = offsetTable.symbols[offsetState] as number
    const offsetValue = ((1 << offsetCode) >>> 0) + readWide(stream, offsetCode)
    const matchCode = matchTable.symbols[matchState] as number
    const matchLength =
      (matchLengths.bases[matchCode] as number) + stream.read(matchLengths.extraBits[matchCode] as number)
    const lengthCode = lengthTable.symbols[lengthState] as number
    const length =
      (literalLengths.bases[lengthCode] as number) +
      stream.read(literalLengths.extraBits[lengthCode] as number)
    if (left > 1) {
      lengthState =
        (lengthTable.bases[lengthState] as number) + stream.read(lengthTable.bits[lengthState] as number)
      matchState =
        (matchTable.bases[matchState] as number) + stream.read(matchTable.bits[matchState] as number)
      offsetState =
        (offsetTable.bases[offsetState] as number) + stream.read(offsetTable.bits[offsetState] as number)
    }
    if (stream.left < 0) throw malformed('zstd', sequences.start, 'sequences are cut off')
    if (length > literals.length - literalsAt)
      throw malformed('zstd', sequences.start, 'literals are missing')
    appendLiterals(literals, literalsAt, literalsAt + length, output)
    literalsAt += length
    const distance = resolveOffset(offsetValue, length, state.recent)
    if (distance <= 0 || distance > output.length - frameStart) {
      throw malformed('zstd', sequences.start, 'a match from before the frame')
    }
    if (output.length + matchLength - blockStart > maxBlockBytes) {
      throw malformed('zstd', sequences.start, 'a block is too large')
    }
    appendMatch(distance, matchLength, output)
  }
  if (stream.left !== 0) throw malformed('zstd', sequences.start, 'sequences do not end where they should')
  appendLiterals(literals, literalsAt, literals.length, output)
  if (output.length - blockStart > maxBlockBytes) throw malformed('zstd', end, 'a block is too large')
}

/** Up to 31 bits. */
function readWide(stream: BackwardBits, count: number): number {
  if (count <= 24) return stream.read(count)
  const high = stream.read(count - 16)
  return high * 0x10000 + stream.read(16)
}

/** Values up to three name one of the three offsets used last; the others carry a new one. */
function resolveOffset(value: number, literalLength: number, recent: number[]): number {
  const first = recent[0] as number
  const second = recent[1] as number
  let offset = value - 3
  if (value <= 3) {
    const index = literalLength === 0 ? value : value - 1
    if (index === 0) return first
    if (index === 1) {
      recent[0] = second
      recent[1] = first
      return second
    }
    offset = index === 2 ? (recent[2] as number) : first - 1
  }
  recent[2] = second
  recent[1] = first
  recent[0] = offset
  return offset
}

function appendLiterals(literals: Uint8Array, from: number, to: number, output: OutputBuffer): void {
  const length = to - from
  const bytes = output.reserve(length)
  const at = output.length
  if (length > 24) bytes.set(literals.subarray(from, to), at)
  else for (let i = 0; i < length; i++) bytes[at + i] = literals[from + i] as number
  output.length = at + length
}

/** A match may overlap what it writes: its bytes then repeat with the distance as their period. */
function appendMatch(distance: number, length: number, output: OutputBuffer): void {
  const bytes = output.reserve(length)
  const to = output.length
  if (length > 128 && distance >= length) bytes.copyWithin(to, to - distance, to - distance + length)
  else for (let i = 0; i < length; i++) bytes[to + i] = bytes[to - distance + i] as number
  output.length = to + length
}

function need(at: number, end: number, length: number): void {
  if (length > end - at) throw malformed('zstd', at, `${length} bytes are needed, ${end - at} are left`)
}
