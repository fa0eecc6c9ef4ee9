// Snappy and LZ4 blocks in AssemblyScript: TypeScript that knows memory by its addresses, and is compiled to WebAssembly by
// tools/wasm/main.ts. It runs about twice as fast as JavaScript does the same. The formats, and what is done about input
// that is malformed, stand with the codecs in JavaScript (src/wire/records/compression); both write the same bytes.
//
// Memory is handed in by the caller: a table of 32 KiB at 0, then whatever is addressed, with `slack` behind its end. Nothing is
// thrown: a function that reads answers 0 when the input is not what it should be.

/** Where each hash of four bytes was seen last, counted from the block's start. */
const table: usize = 0
const minMatch: u32 = 4

// Snappy

const snappyHashBits: u32 = 14
const leastSnappyHashBits: u32 = 8
/** No match starts in a block's last bytes. */
const snappyMargin: usize = 15
const shortLiteral: u32 = 60
const maxCopy: u32 = 64

/** Compresses the bytes from `start` to `end`, at most 64 KiB, into one block at `at`, and answers where it ends. */
export function compressSnappy(start: usize, end: usize, at: usize): usize {
  let to = writeSize(at, <u32>(end - start))
  let bits = leastSnappyHashBits
  while (bits < snappyHashBits && (<usize>1) << bits < end - start) bits++
  const shift = 32 - bits
  memory.fill(table, 0, (<usize>2) << bits)
  const searchLimit = end - snappyMargin
  let anchor = start
  let from = start + 1
  let step: u32 = 32
  while (from < searchLimit) {
    const word = load<u32>(from)
    const seen = table + ((<usize>((word * 0x1e35a7bd) >>> shift)) << 1)
    const candidate = start + <usize>load<u16>(seen)
    store<u16>(seen, <u16>(from - start))
    if (load<u32>(candidate) != word) {
      from += <usize>(step++ >>> 5)
      continue
    }
    step = 32
    if (from > anchor) {
      const length = from - anchor
      to = writeLiteralTag(to, <u32>length)
      copyLiterals(to, anchor, length)
      to += length
    }
    anchor = endOfMatch(from, candidate, end)
    to = writeCopies(to, <u32>(from - candidate), <u32>(anchor - from))
    from = anchor
    if (from < searchLimit) {
      const hash = (load<u32>(from - 1) * 0x1e35a7bd) >>> shift
      store<u16>(table + ((<usize>hash) << 1), <u16>(from - 1 - start))
    }
  }
  if (anchor == end) return to
  to = writeLiteralTag(to, <u32>(end - anchor))
  memory.copy(to, anchor, end - anchor)
  return to + end - anchor
}

function writeSize(at: usize, size: u32): usize {
  for (; size > 0x7f; size >>>= 7) store<u8>(at++, (size & 0x7f) | 0x80)
  store<u8>(at, size)
  return at + 1
}

function writeLiteralTag(at: usize, length: u32): usize {
  const code = length - 1
  if (code < shortLiteral) {
    store<u8>(at, code << 2)
    return at + 1
  }
  if (code < 256) {
    store<u8>(at, shortLiteral << 2)
    store<u8>(at, code, 1)
    return at + 2
  }
  store<u8>(at, (shortLiteral + 1) << 2)
  store<u16>(at + 1, code)
  return at + 3
}

/** A match, in copies of 64 bytes at most and of four at least. */
function writeCopies(at: usize, distance: u32, length: u32): usize {
  for (; length >= maxCopy + minMatch; length -= maxCopy) at = writeCopy(at, distance, maxCopy)
  if (length > maxCopy) {
    at = writeCopy(at, distance, maxCopy - minMatch)
    length -= maxCopy - minMatch
  }
  return writeCopy(at, distance, length)
}

function writeCopy(at: usize, distance: u32, length: u32): usize {
  if (length < 12 && distance < 2048) {
    store<u8>(at, 1 | ((length - minMatch) << 2) | ((distance >>> 8) << 5))
    store<u8>(at, distance, 1)
    return at + 2
  }
  store<u8>(at, 2 | ((length - 1) << 2))
  store<u16>(at + 1, distance)
  return at + 3
}

/**
 * Decompresses what stands behind a block's size, from `start` to `end`, to `at`. Answers `last` when that is where it ends, and
 * 0 when it does not fit or is malformed.
 */
export function decompressSnappy(start: usize, end: usize, at: usize, last: usize): usize {
  let to = at
  let from = start
  while (from < end) {
    const tag = <u32>load<u8>(from++)
    const kind = tag & 3
    if (kind == 0) {
      let length = <usize>(tag >>> 2)
      if (length >= 60) {
        const extra = length - 59
        if (extra > end - from) return 0
        const bytes = load<u32>(from)
        length = <usize>(extra == 4 ? bytes : bytes & ((1 << ((<u32>extra) << 3)) - 1))
        if (length == <usize>0xffffffff) return 0
        from += extra
      }
      length++
      if (length > end - from || length > last - to) return 0
      copyLiterals(to, from, length)
      from += length
      to += length
    } else {
      const extra = <usize>(kind == 3 ? 4 : kind)
      if (extra > end - from) return 0
      const length = <usize>(kind == 1 ? ((tag >>> 2) & 7) + minMatch : (tag >>> 2) + 1)
      let distance: usize
      if (kind == 1) distance = (<usize>load<u8>(from)) | ((<usize>(tag >>> 5)) << 8)
      else distance = kind == 2 ? <usize>load<u16>(from) : <usize>load<u32>(from)
      from += extra
      if (distance == 0 || distance > to - at || length > last - to) return 0
      repeat(to, distance, length)
      to += length
    }
  }
  return to == last ? to : 0
}

// LZ4

const lz4HashShift: u32 = 32 - 13
const lz4TableBytes: usize = 2 << 13
/** A block ends with at least this many literals, and no match starts in its last twelve bytes. */
const lastLiterals: usize = 5
const lz4Margin: usize = 12

/** Compresses the bytes from `start` to `end`, at most 64 KiB, into one block at `at`, and answers where it ends. */
export function compressLz4(start: usize, end: usize, at: usize): usize {
  memory.fill(table, 0, lz4TableBytes)
  const matchLimit = end - lastLiterals
  const searchLimit = end - lz4Margin
  let to = at
  let anchor = start
  let from = start + 1
  let step: u32 = 64
  while (from < searchLimit) {
    const word = load<u32>(from)
    const seen = table + ((<usize>((word * 0x9e3779b1) >>> lz4HashShift)) << 1)
    const candidate = start + <usize>load<u16>(seen)
    store<u16>(seen, <u16>(from - start))
    if (load<u32>(candidate) != word) {
      from += <usize>(step++ >>> 6)
      continue
    }
    step = 64
    const literals = from - anchor
    const matchEnd = endOfMatch(from, candidate, matchLimit)
    const matchCode = <u32>(matchEnd - from) - minMatch
    to = writeToken(to, <u32>literals, matchCode)
    copyLiterals(to, anchor, literals)
    to += literals
    store<u16>(to, <u16>(from - candidate))
    to += 2
    if (matchCode >= 15) to = writeLength(to, matchCode - 15)
    from = anchor = matchEnd
    if (from < searchLimit) {
      const hash = (load<u32>(from - 2) * 0x9e3779b1) >>> lz4HashShift
      store<u16>(table + ((<usize>hash) << 1), <u16>(from - 2 - start))
    }
  }
  to = writeToken(to, <u32>(end - anchor), 0)
  memory.copy(to, anchor, end - anchor)
  return to + end - anchor
}

function writeToken(at: usize, literals: u32, matchCode: u32): usize {
  const match = matchCode < 15 ? matchCode : 15
  if (literals < 15) {
    store<u8>(at, (literals << 4) | match)
    return at + 1
  }
  store<u8>(at, 0xf0 | match)
  return writeLength(at + 1, literals - 15)
}

function writeLength(at: usize, length: u32): usize {
  for (; length >= 255; length -= 255) store<u8>(at++, 255)
  store<u8>(at, length)
  return at + 1
}

/**
 * Decompresses the block from `start` to `end` to `at`, up to `limit` at most; matches may go back to `floor`. Answers where it
 * ends, and 0 when it does not fit or is malformed.
 */
export function decompressLz4(start: usize, end: usize, at: usize, floor: usize, limit: usize): usize {
  let to = at
  let from = start
  while (from < end) {
    const token = <u32>load<u8>(from++)
    let length = <usize>(token >>> 4)
    if (length == 15) {
      for (let byte: u32 = 255; byte == 255;) {
        if (from >= end) return 0
        byte = <u32>load<u8>(from++)
        length += <usize>byte
      }
    }
    if (length > end - from || length > limit - to) return 0
    copyLiterals(to, from, length)
    from += length
    to += length
    if (from == end) return to
    if (end - from < 2) return 0
    const distance = <usize>load<u16>(from)
    from += 2
    if (distance == 0 || distance > to - floor) return 0
    length = <usize>(token & 15)
    if (length == 15) {
      for (let byte: u32 = 255; byte == 255;) {
        if (from >= end) return 0
        byte = <u32>load<u8>(from++)
        length += <usize>byte
      }
    }
    length += <usize>minMatch
    if (length > limit - to) return 0
    repeat(to, distance, length)
    to += length
  }
  return 0
}

// Both

/** Where the bytes at `at` stop being those at `candidate`, or `end`. The first four are known to be the same. */
function endOfMatch(at: usize, candidate: usize, end: usize): usize {
  let to = at + 4
  let from = candidate + 4
  while (to + 8 <= end) {
    const difference = load<u64>(to) ^ load<u64>(from)
    if (difference != 0) return to + ((<usize>ctz(difference)) >>> 3)
    to += 8
    from += 8
  }
  while (to < end && load<u8>(to) == load<u8>(from)) {
    to++
    from++
  }
  return to
}

/** Up to 15 bytes behind the end are written, too. */
function copyLiterals(to: usize, from: usize, length: usize): void {
  if (length > 64) return memory.copy(to, from, length)
  store<u64>(to, load<u64>(from))
  store<u64>(to, load<u64>(from, 8), 8)
  for (let i: usize = 16; i < length; i += 8) store<u64>(to + i, load<u64>(from + i))
}

/** Repeats what lies `distance` bytes back; up to seven bytes behind the end are written, too. */
function repeat(to: usize, distance: usize, length: usize): void {
  const from = to - distance
  if (distance >= 8) {
    for (let i: usize = 0; i < length; i += 8) store<u64>(to + i, load<u64>(from + i))
  } else if (distance == 1 && length > 32) memory.fill(to, load<u8>(from), length)
  else for (let i: usize = 0; i < length; i++) store<u8>(to + i, load<u8>(from + i))
}
