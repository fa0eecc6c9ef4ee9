import { malformed } from './output-buffer'

/** Bits that are read from the end of a range of bytes to its start, as zstd's entropy streams are. */
export class BackwardBits {
  readonly bytes: Buffer
  readonly #start: number
  /** Bits left; below zero when more were read than there were. */
  left: number

  constructor(bytes: Buffer, start: number, end: number) {
    const last = end > start ? (bytes[end - 1] as number) : 0
    // The highest bit that is set marks where the stream begins.
    if (last === 0) throw malformed('zstd', end, 'an entropy stream without a beginning')
    this.bytes = bytes
    this.#start = start
    this.left = (end - start) * 8 - 1 - (Math.clz32(last) - 24)
  }

  /** Takes the next `count` bits, at most 24; those past the start are zeros. */
  read(count: number): number {
    const value = this.peek(count)
    this.left -= count
    return value
  }

  /** The next `count` bits, at most 24, without taking them. */
  peek(count: number): number {
    const at = this.left - count
    if (at >= 0) return (this.#word(at >> 3) >>> (at & 7)) & ((1 << count) - 1)
    if (this.left <= 0) return 0
    return (this.#word(0) & ((1 << this.left) - 1)) << -at
  }

  #word(offset: number): number {
    const bytes = this.bytes
    const at = this.#start + offset
    return (
      (bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24)
    )
  }
}

/** A finite state entropy table: a state's symbol, and how many bits lead from which base to the next state. */
export interface FseTable {
  readonly accuracyLog: number
  readonly symbols: Uint8Array
  readonly bits: Uint8Array
  readonly bases: Uint16Array
}

/** Reads the table whose description starts at `start`; answers it and where the description ends. */
export function readFseTable(
  input: Buffer,
  start: number,
  end: number,
  maxLog: number,
  maxSymbol: number,
): { table: FseTable; end: number } {
  const limit = (end - start) * 8
  const fail = () => malformed('zstd', start, 'an impossible table of probabilities')
  if (limit < 8) throw fail()
  let position = 4
  const bitsAt = (count: number): number => {
    const at = start + (position >> 3)
    const word = (input[at] as number) | ((input[at + 1] ?? 0) << 8) | ((input[at + 2] ?? 0) << 16)
    return (word >>> (position & 7)) & ((1 << count) - 1)
  }
  const accuracyLog = ((input[start] as number) & 15) + 5
  if (accuracyLog > maxLog) throw fail()
  const counts: number[] = []
  let remaining = (1 << accuracyLog) + 1
  while (remaining > 1) {
    if (counts.length > maxSymbol || position >= limit) throw fail()
    const width = 32 - Math.clz32(remaining)
    const threshold = 1 << (width - 1)
    const spare = 2 * threshold - 1 - remaining
    let value = bitsAt(width - 1)
    if (value < spare) position += width - 1
    else {
      value = bitsAt(width)
      if (value >= threshold) value -= spare
      position += width
    }
    const count = value - 1
    counts.push(count)
    remaining -= Math.abs(count)
    for (let repeat = count === 0 ? 3 : 0; repeat === 3;) {
      repeat = bitsAt(2)
      position += 2
      for (let i = 0; i < repeat; i++) counts.push(0)
      if (counts.length > maxSymbol + 1 || position > limit) throw fail()
    }
  }
  if (remaining !== 1 || counts.length > maxSymbol + 1 || position > limit) throw fail()
  return { table: buildFseTable(counts, accuracyLog), end: start + ((position + 7) >> 3) }
}

/** Makes the table of symbol counts that add up to 2^accuracyLog; -1 is a probability below one. */
export function buildFseTable(counts: readonly number[], accuracyLog: number): FseTable {
  const size = 1 << accuracyLog
  const symbols = new Uint8Array(size)
  const bits = new Uint8Array(size)
  const bases = new Uint16Array(size)
  const next = counts.map((count) => Math.abs(count))
  let high = size - 1
  counts.forEach((count, symbol) => {
    if (count === -1) symbols[high--] = symbol
  })
  const step = (size >> 1) + (size >> 3) + 3
  let position = 0
  counts.forEach((count, symbol) => {
    for (let i = 0; i < count; i++) {
      symbols[position] = symbol
      do position = (position + step) & (size - 1)
      while (position > high)
    }
  })
  for (let state = 0; state < size; state++) {
    const symbol = symbols[state] as number
    const reached = next[symbol] as number
    next[symbol] = reached + 1
    const width = accuracyLog - (31 - Math.clz32(reached))
    bits[state] = width
    bases[state] = (reached << width) - size
  }
  return { accuracyLog, symbols, bits, bases }
}

/** A table that gives one symbol for ever and takes no bits. */
export function repeatingFseTable(symbol: number): FseTable {
  return buildFseTable([...new Array<number>(symbol).fill(0), 1], 0)
}

/** A Huffman table: the symbol and the length of the code that a word of `maxBits` bits begins with. */
export interface HuffmanTable {
  readonly maxBits: number
  readonly symbols: Uint8Array
  readonly bits: Uint8Array
}

const maxHuffmanBits = 11
const maxWeights = 255

/** Reads the Huffman table whose description starts at `start`; answers it and where the description ends. */
export function readHuffmanTable(
  input: Buffer,
  start: number,
  end: number,
): { table: HuffmanTable; end: number } {
  const header = start < end ? (input[start] as number) : 0
  const at = start + 1
  const length = header < 128 ? header : (header - 126) >> 1
  if (length === 0 || length > end - at) throw malformed('zstd', start, 'a Huffman table is cut off')
  if (header < 128)
    return { table: buildHuffmanTable(readWeights(input, at, at + length), start), end: at + length }
  const weights: number[] = []
  for (let i = 0; i < header - 127; i++) {
    const pair = input[at + (i >> 1)] as number
    weights.push(i % 2 === 0 ? pair >>> 4 : pair & 15)
  }
  return { table: buildHuffmanTable(weights, start), end: at + length }
}

function readWeights(input: Buffer, start: number, end: number): number[] {
  const { table, end: streamStart } = readFseTable(input, start, end, 6, maxHuffmanBits + 1)
  const stream = new BackwardBits(input, streamStart, end)
  const weights: number[] = []
  // Two states take turns until one has no bits left to move on; the other then has the last word.
  let state = stream.read(table.accuracyLog)
  let other = stream.read(table.accuracyLog)
  if (stream.left < 0) throw malformed('zstd', start, 'a Huffman table is cut off')
  for (;;) {
    weights.push(table.symbols[state] as number)
    state = (table.bases[state] as number) + stream.read(table.bits[state] as number)
    if (stream.left < 0) break
    ;[state, other] = [other, state]
    if (weights.length >= maxWeights) throw malformed('zstd', start, 'a Huffman table is too long')
  }
  weights.push(table.symbols[other] as number)
  if (weights.length > maxWeights) throw malformed('zstd', start, 'a Huffman table is too long')
  return weights
}

function buildHuffmanTable(weights: number[], at: number): HuffmanTable {
  let sum = 0
  for (const weight of weights) {
    if (weight > maxHuffmanBits) throw malformed('zstd', at, 'a Huffman code is too long')
    if (weight > 0) sum += 1 << (weight - 1)
  }
  const maxBits = 32 - Math.clz32(sum)
  const left = (1 << maxBits) - sum
  if (sum === 0 || maxBits > maxHuffmanBits || (left & (left - 1)) !== 0) {
    throw malformed('zstd', at, 'impossible Huffman codes')
  }
  // The last symbol's weight is not written: it is what is missing to a full tree.
  const all = [...weights, 32 - Math.clz32(left)]
  const symbols = new Uint8Array(1 << maxBits)
  const bits = new Uint8Array(1 << maxBits)
  let from = 0
  for (let weight = 1; weight <= maxBits; weight++) {
    all.forEach((own, symbol) => {
      if (own !== weight) return
      const to = from + (1 << (weight - 1))
      symbols.fill(symbol, from, to)
      bits.fill(maxBits + 1 - weight, from, to)
      from = to
    })
  }
  return { maxBits, symbols, bits }
}

/** Decodes a stream of Huffman codes that must fill `output` exactly. */
export function readHuffmanStream(
  input: Buffer,
  start: number,
  end: number,
  table: HuffmanTable,
  output: Uint8Array,
): void {
  const stream = new BackwardBits(input, start, end)
  const { maxBits, symbols, bits } = table
  for (let i = 0; i < output.length; i++) {
    const code = stream.peek(maxBits)
    output[i] = symbols[code] as number
    stream.left -= bits[code] as number
  }
  if (stream.left !== 0) throw malformed('zstd', start, 'Huffman codes do not end where they should')
}
