import { malformed, type OutputBuffer } from './output-buffer'
import { copyMatch, copyShort, copySlackBytes, copyWords, endOfMatch, viewOf } from './words'

/** A copy takes 2 bytes at least for 11, or 3 for 64: no block grows to more than this many times its size. */
const maxRatio = 22
const maxHashBits = 14
const minHashBits = 8
/** Where each hash of four bytes was seen last, counted from the block's start. Used by one call at a time. */
const hashTable = new Uint16Array(1 << maxHashBits)
/** No match starts in a block's last bytes, so that literals before one can be copied in whole words. */
const matchMargin = 15
/** The tag of a literal has room for its length up to here. */
const shortLiteral = 60
const maxCopy = 64
const minMatch = 4

/** Room that a block of `length` bytes may need at worst. */
export function snappyBlockBound(length: number): number {
  return 32 + length + Math.ceil(length / 6)
}

/**
 * Compresses `input[start, end)`, at most 64 KiB of it, into one snappy block at `at` of the output, where there is room
 * for the worst case. Answers where the block ends. Greedy, with one candidate a hash, as Google's own.
 */
export function compressSnappyBlock(
  input: Uint8Array,
  start: number,
  end: number,
  output: Uint8Array,
  at: number,
): number {
  const source = viewOf(input)
  const target = viewOf(output)
  let to = writeLength(output, at, end - start)
  let hashBits = minHashBits
  while (hashBits < maxHashBits && 1 << hashBits < end - start) hashBits++
  const shift = 32 - hashBits
  hashTable.fill(0, 0, 1 << hashBits)
  const searchLimit = end - matchMargin
  let anchor = start
  let from = start + 1
  let step = 32
  while (from < searchLimit) {
    const word = source.getInt32(from, true)
    const hash = hashOf(word, shift)
    const candidate = start + (hashTable[hash] as number)
    hashTable[hash] = from - start
    if (source.getInt32(candidate, true) !== word) {
      // The longer nothing is found, the larger the steps: data that does not compress is passed over quickly.
      from += step++ >>> 5
      continue
    }
    step = 32
    if (from > anchor) {
      const length = from - anchor
      to = writeLiteralTag(output, to, length)
      if (length <= 16) copyShort(source, anchor, target, to)
      else copyWords(source, anchor, target, to, length)
      to += length
    }
    anchor = endOfMatch(source, from, candidate, end)
    to = writeCopies(output, to, from - candidate, anchor - from)
    from = anchor
    if (from < searchLimit) hashTable[hashOf(source.getInt32(from - 1, true), shift)] = from - 1 - start
  }
  if (anchor === end) return to
  to = writeLiteralTag(output, to, end - anchor)
  output.set(input.subarray(anchor, end), to)
  return to + end - anchor
}

function hashOf(word: number, shift: number): number {
  return Math.imul(word, 0x1e35a7bd) >>> shift
}

function writeLength(output: Uint8Array, at: number, length: number): number {
  let to = at
  let rest = length
  for (; rest > 0x7f; rest >>>= 7) output[to++] = (rest & 0x7f) | 0x80
  output[to++] = rest
  return to
}

function writeLiteralTag(output: Uint8Array, at: number, length: number): number {
  const code = length - 1
  if (code < shortLiteral) {
    output[at] = code << 2
    return at + 1
  }
  if (code < 256) {
    output[at] = shortLiteral << 2
    output[at + 1] = code
    return at + 2
  }
  output[at] = (shortLiteral + 1) << 2
  output[at + 1] = code & 0xff
  output[at + 2] = code >>> 8
  return at + 3
}

/** A match, in copies of 64 bytes at most and of four at least. */
function writeCopies(output: Uint8Array, at: number, distance: number, length: number): number {
  let to = at
  let left = length
  for (; left >= maxCopy + minMatch; left -= maxCopy) to = writeCopy(output, to, distance, maxCopy)
  if (left > maxCopy) {
    to = writeCopy(output, to, distance, maxCopy - minMatch)
    left -= maxCopy - minMatch
  }
  return writeCopy(output, to, distance, left)
}

function writeCopy(output: Uint8Array, at: number, distance: number, length: number): number {
  if (length < 12 && distance < 2048) {
    output[at] = 1 | ((length - minMatch) << 2) | ((distance >>> 8) << 5)
    output[at + 1] = distance & 0xff
    return at + 2
  }
  output[at] = 2 | ((length - 1) << 2)
  output[at + 1] = distance & 0xff
  output[at + 2] = distance >>> 8
  return at + 3
}

/**
 * How many bytes the block in `input[start, end)` says it holds, and where what follows begins. More than it can is a
 * DecodeError.
 */
export function readSnappyLength(input: Buffer, start: number, end: number): { length: number; at: number } {
  let at = start
  let length = 0
  for (let shift = 0, more = true; more; shift += 7) {
    if (at >= end || shift > 28) throw malformed('snappy', at, 'the length of a block is cut off')
    const byte = input[at++] as number
    length += (byte & 0x7f) * 2 ** shift
    more = byte > 0x7f
  }
  if (length > (end - start) * maxRatio) {
    throw malformed('snappy', start, `a block of ${end - start} bytes cannot hold ${length}`)
  }
  return { length, at }
}

/**
 * Appends what one raw snappy block in `input[start, end)` holds to the output. Lengths are compared with what is there
 * before they are followed, so that it ends on any input.
 */
export function decompressSnappyBlock(input: Buffer, start: number, end: number, output: OutputBuffer): void {
  const header = readSnappyLength(input, start, end)
  const { length } = header
  let { at } = header
  const bytes = output.reserve(length)
  const { view } = output
  const source = viewOf(input)
  const lastShort = input.length - copySlackBytes
  const first = output.length
  const last = first + length
  let to = first
  while (at < end) {
    const tag = input[at++] as number
    if ((tag & 3) === 0) {
      let size = tag >>> 2
      if (size >= 60) {
        const extra = size - 59
        if (extra > end - at) throw malformed('snappy', at, 'a literal is cut off')
        size = input.readUIntLE(at, extra)
        at += extra
      }
      size++
      if (size > end - at || size > last - to) throw malformed('snappy', at, 'a literal does not fit')
      if (size <= 16 && at <= lastShort) copyShort(source, at, view, to)
      else if (size <= 128 && at + size <= lastShort) copyWords(source, at, view, to, size)
      else input.copy(bytes, to, at, at + size)
      at += size
      to += size
    } else {
      const extra = (tag & 3) === 3 ? 4 : tag & 3
      if (extra > end - at) throw malformed('snappy', at, 'a copy is cut off')
      const size = extra === 1 ? ((tag >>> 2) & 7) + 4 : (tag >>> 2) + 1
      let distance = input[at] as number
      if (extra === 1) distance |= (tag >>> 5) << 8
      else distance = extra === 2 ? source.getUint16(at, true) : source.getUint32(at, true)
      at += extra
      if (distance === 0 || distance > to - first)
        throw malformed('snappy', at, 'a copy from before the block')
      if (size > last - to) throw malformed('snappy', at, 'a copy does not fit')
      copyMatch(bytes, view, to, distance, size)
      to += size
    }
  }
  if (to !== last) throw malformed('snappy', at, `a block holds ${to - first} bytes, not ${length}`)
  output.length = last
}
