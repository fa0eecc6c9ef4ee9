import { malformed, type OutputBuffer } from './output-buffer'
import { copyMatch, copyShort, copySlackBytes, copyWords, endOfMatch, viewOf } from './words'

const hashBits = 13
const hashShift = 32 - hashBits
/** Where each hash of four bytes was seen last, counted from the block's start. Used by one call at a time. */
const hashTable = new Uint16Array(1 << hashBits)
const minMatch = 4
/** A block ends with at least this many literals, and no match starts in its last twelve bytes. */
const lastLiterals = 5
const matchMargin = 12
/** Room for the words in which literals before the last match are copied. */
const overshoot = 16

/** Room that a block of `length` bytes may need at worst. */
export function lz4BlockBound(length: number): number {
  return length + Math.ceil(length / 255) + 16 + overshoot
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
  const source = viewOf(input)
  const target = viewOf(output)
  hashTable.fill(0)
  const matchLimit = end - lastLiterals
  const searchLimit = end - matchMargin
  let to = at
  let anchor = start
  let from = start + 1
  let step = 64
  while (from < searchLimit) {
    const word = source.getInt32(from, true)
    const hash = hashOf(word)
    const candidate = start + (hashTable[hash] as number)
    hashTable[hash] = from - start
    if (source.getInt32(candidate, true) !== word) {
      // The longer nothing is found, the larger the steps: data that does not compress is passed over quickly.
      from += step++ >>> 6
      continue
    }
    step = 64
    const literals = from - anchor
    const matchEnd = endOfMatch(source, from, candidate, matchLimit)
    const matchCode = matchEnd - from - minMatch
    to = writeToken(output, to, literals, matchCode)
    if (literals <= 16 && from + 16 <= end) copyShort(source, anchor, target, to)
    else copyWords(source, anchor, target, to, literals)
    to += literals
    // The distance stands between the token's literals and the rest of the match length.
    target.setUint16(to, from - candidate, true)
    to = matchCode >= 15 ? writeLength(output, to + 2, matchCode - 15) : to + 2
    from = anchor = matchEnd
    if (from < searchLimit) hashTable[hashOf(source.getInt32(from - 2, true))] = from - 2 - start
  }
  const literals = end - anchor
  to = writeToken(output, to, literals, 0)
  output.set(input.subarray(anchor, end), to)
  return to + literals
}

function hashOf(word: number): number {
  return Math.imul(word, 0x9e3779b1) >>> hashShift
}

/** `matchCode` is the match length beyond four, 0 for the block's last sequence. */
function writeToken(output: Uint8Array, at: number, literals: number, matchCode: number): number {
  const match = matchCode < 15 ? matchCode : 15
  if (literals < 15) {
    output[at] = (literals << 4) | match
    return at + 1
  }
  output[at] = 0xf0 | match
  return writeLength(output, at + 1, literals - 15)
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
  const blockLimit = output.length + maxBytes
  const source = viewOf(input)
  const lastShort = input.length - copySlackBytes
  let { bytes, view, room } = output
  let to = output.length
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
    if (to + literals > blockLimit) throw malformed('lz4', at, 'a block is too large')
    if (to + literals > room) ({ bytes, view, room } = output.growAt(to, literals))
    if (literals <= 16 && at <= lastShort) copyShort(source, at, view, to)
    else if (literals <= 128 && at + literals <= lastShort) copyWords(source, at, view, to, literals)
    else input.copy(bytes, to, at, at + literals)
    at += literals
    to += literals
    if (at === end) break

    if (end - at < 2) throw malformed('lz4', at, 'a match is cut off')
    const distance = source.getUint16(at, true)
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
    if (to + length > blockLimit) throw malformed('lz4', at, 'a block is too large')
    if (to + length > room) ({ bytes, view, room } = output.growAt(to, length))
    copyMatch(bytes, view, to, distance, length)
    to += length
  }
  output.length = to
}
