import { malformed, type OutputBuffer } from './output-buffer'

const hashBits = 14
/** Where each hash of four bytes was seen last, counted from the block's start, plus one. Used by one call at a time. */
const hashTable = new Int32Array(1 << hashBits)
const minMatch = 4
/** A block ends with at least this many literals, and no match starts in its last twelve bytes. */
const lastLiterals = 5
const matchMargin = 12
const maxDistance = 0xffff

/** Room that a block of `length` bytes may need at worst. */
export function lz4BlockBound(length: number): number {
  return length + Math.ceil(length / 255) + 16
}

/**
 * Compresses `input[start, end)`, at most 64 KiB of it, into one LZ4 block at `at` of the output, where there is room
 * for the worst case. Answers where the block ends. Greedy, with one candidate a hash: the speed of LZ4's fast mode.
 */
export function compressLz4Block(
  input: Uint8Array,
  start: number,
  end: number,
  output: Uint8Array,
  at: number,
): number {
  hashTable.fill(0)
  const matchLimit = end - lastLiterals
  const searchLimit = end - matchMargin
  let to = at
  let anchor = start
  let from = start
  let misses = 0
  while (from < searchLimit) {
    const sequence = word(input, from)
    const hash = Math.imul(sequence, 0x9e3779b1) >>> (32 - hashBits)
    const candidate = (hashTable[hash] as number) - 1 + start
    hashTable[hash] = from - start + 1
    if (candidate < start || from - candidate > maxDistance || word(input, candidate) !== sequence) {
      // The longer nothing is found, the larger the steps: data that does not compress is passed over quickly.
      from += 1 + (misses++ >>> 6)
      continue
    }
    misses = 0
    let length = minMatch
    while (from + length < matchLimit && input[from + length] === input[candidate + length]) length++
    to = writeSequence(input, anchor, from, output, to, length - minMatch)
    const distance = from - candidate
    // The distance stands between the token's literals and the rest of the match length.
    to = writeMatch(output, to, distance, length - minMatch)
    from += length
    anchor = from
    if (from < searchLimit) {
      hashTable[Math.imul(word(input, from - 2), 0x9e3779b1) >>> (32 - hashBits)] = from - 2 - start + 1
    }
  }
  return writeSequence(input, anchor, end, output, to, 0)
}

/** Token and literals. `matchCode` is the match length beyond four, 0 for the block's last sequence. */
function writeSequence(
  input: Uint8Array,
  from: number,
  end: number,
  output: Uint8Array,
  at: number,
  matchCode: number,
): number {
  const literals = end - from
  let to = at
  output[to++] = (Math.min(literals, 15) << 4) | Math.min(matchCode, 15)
  if (literals >= 15) to = writeLength(output, to, literals - 15)
  if (literals > 24) output.set(input.subarray(from, end), to)
  else for (let i = 0; i < literals; i++) output[to + i] = input[from + i] as number
  return to + literals
}

function writeMatch(output: Uint8Array, at: number, distance: number, matchCode: number): number {
  output[at] = distance & 0xff
  output[at + 1] = distance >>> 8
  return matchCode >= 15 ? writeLength(output, at + 2, matchCode - 15) : at + 2
}

function writeLength(output: Uint8Array, at: number, length: number): number {
  let to = at
  let rest = length
  for (; rest >= 255; rest -= 255) output[to++] = 255
  output[to++] = rest
  return to
}

/**
 * Appends what the LZ4 block in `input[start, end)` holds to the output.
 * @param floor where in the output matches may begin: the block's own start, or the frame's for linked blocks
 * @param maxBytes most bytes the block may hold
 */
export function decompressLz4Block(
  input: Buffer,
  start: number,
  end: number,
  output: OutputBuffer,
  floor: number,
  maxBytes: number,
): void {
  const blockStart = output.length
  let at = start
  for (;;) {
    if (at >= end) throw malformed('lz4', at, 'a block is cut off')
    const token = input[at++] as number
    let literals = token >>> 4
    if (literals === 15) {
      let byte: number
      do {
        if (at >= end) throw malformed('lz4', at, 'a length is cut off')
        byte = input[at++] as number
        literals += byte
      } while (byte === 255)
    }
    if (literals > end - at) throw malformed('lz4', at, 'literals are cut off')
    if (output.length + literals - blockStart > maxBytes) throw malformed('lz4', at, 'a block is too large')
    const bytes = output.reserve(literals)
    let to = output.length
    if (literals > 16) input.copy(bytes, to, at, at + literals)
    else for (let i = 0; i < literals; i++) bytes[to + i] = input[at + i] as number
    at += literals
    to += literals
    output.length = to
    if (at === end) return

    if (end - at < 2) throw malformed('lz4', at, 'a match is cut off')
    const distance = (input[at] as number) | ((input[at + 1] as number) << 8)
    at += 2
    if (distance === 0 || distance > to - floor) throw malformed('lz4', at, 'a match from before the data')
    let length = token & 15
    if (length === 15) {
      let byte: number
      do {
        if (at >= end) throw malformed('lz4', at, 'a length is cut off')
        byte = input[at++] as number
        length += byte
      } while (byte === 255)
    }
    length += minMatch
    if (to + length - blockStart > maxBytes) throw malformed('lz4', at, 'a block is too large')
    copyMatch(output.reserve(length), to, distance, length)
    output.length = to + length
  }
}

/** A match may overlap what it writes: its bytes then repeat with the distance as their period. */
function copyMatch(bytes: Buffer, to: number, distance: number, length: number): void {
  if (length > 32 && distance >= length) bytes.copyWithin(to, to - distance, to - distance + length)
  else if (length > 64 && distance === 1) bytes.fill(bytes[to - 1] as number, to, to + length)
  else for (let i = 0; i < length; i++) bytes[to + i] = bytes[to - distance + i] as number
}

function word(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  )
}
