// The few instructions of WebAssembly that the loop below is made of, by their names in the specification.
const op = {
  block: [0x02, 0x40],
  loop: [0x03, 0x40],
  end: [0x0b],
  branch: (depth: number) => [0x0c, depth],
  branchIf: (depth: number) => [0x0d, depth],
  get: (local: number) => [0x20, local],
  set: (local: number) => [0x21, local],
  /** From the address on the stack and a fixed offset. */
  load: (offset: number) => [0x28, 2, ...unsigned(offset)],
  loadByte: [0x2d, 0, 0],
  constant: (value: number) => [0x41, ...signed(value)],
  equal: [0x46],
  lessThan: [0x49],
  add: [0x6a],
  subtract: [0x6b],
  and: [0x71],
  xor: [0x73],
  shiftLeft: [0x74],
  shiftRight: [0x76],
} as const

const [crc, at, end] = [0, 1, 2]
const words = [3, 4, 5, 6] as const
const bytesAtOnce = 16
const entryBytes = 4

/** Bytes that the tables take at the beginning of the memory. */
export const tableBytes = bytesAtOnce * 256 * entryBytes

/**
 * The module that `Crc32c` runs: imports a memory `env.memory`, which begins with a table for each of 16 bytes, and exports
 * `update(crc, at, end)`, the register after the bytes of the memory from `at` to `end`. Sixteen bytes are taken at a time, each
 * by its own table ("slicing"), because a table a byte is one chain of loads that wait for each other.
 */
export function crc32cModule(): Uint8Array<ArrayBuffer> {
  const i32 = 0x7f
  const body = [1, words.length, i32, ...sixteens(), ...single(), ...op.get(crc), ...op.end]
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 3, i32, i32, i32, 1, i32]),
    ...section(2, [1, ...name('env'), ...name('memory'), 2, 0, 1]),
    ...section(3, [1, 0]),
    ...section(7, [1, ...name('update'), 0, 0]),
    ...section(10, [1, ...unsigned(body.length), ...body]),
  ])
}

/** while (end - at >= 16) */
function sixteens(): number[] {
  const [a, b, c, d] = words
  const loads = words.flatMap((word, i) => [
    ...op.get(at),
    ...op.load(i * 4),
    ...(i === 0 ? [...op.get(crc), ...op.xor] : []),
    ...op.set(word),
  ])
  return repeatUntil(
    [...op.get(end), ...op.get(at), ...op.subtract, ...op.constant(bytesAtOnce), ...op.lessThan],
    [
      ...loads,
      ...[
        ...lookUp(a, 15),
        ...lookUp(b, 11),
        ...op.xor,
        ...lookUp(c, 7),
        ...op.xor,
        ...lookUp(d, 3),
        ...op.xor,
      ],
      ...op.set(crc),
      ...advance(bytesAtOnce),
    ],
  )
}

/** What is left, byte by byte. */
function single(): number[] {
  return repeatUntil(
    [...op.get(at), ...op.get(end), ...op.equal],
    [
      ...[...op.get(crc), ...op.get(at), ...op.loadByte, ...op.xor, ...op.set(words[0])],
      ...[
        ...entryOf(words[0], 0),
        ...op.load(0),
        ...op.get(crc),
        ...op.constant(8),
        ...op.shiftRight,
        ...op.xor,
      ],
      ...op.set(crc),
      ...advance(1),
    ],
  )
}

/** The four bytes of a word, each by its table: `table` for the lowest, the one before it for the next. */
function lookUp(word: number, table: number): number[] {
  return [0, 1, 2, 3].flatMap((byte) => [
    ...entryOf(word, byte),
    ...op.load((table - byte) * 256 * entryBytes),
    ...(byte === 0 ? [] : op.xor),
  ])
}

/** Where the entry of a word's byte lies in its table. */
function entryOf(word: number, byte: number): number[] {
  const shift =
    byte === 0 ? [...op.constant(2), ...op.shiftLeft] : [...op.constant(byte * 8 - 2), ...op.shiftRight]
  return [...op.get(word), ...shift, ...op.constant(0xff * entryBytes), ...op.and]
}

function advance(bytes: number): number[] {
  return [...op.get(at), ...op.constant(bytes), ...op.add, ...op.set(at)]
}

function repeatUntil(condition: readonly number[], body: readonly number[]): number[] {
  return [
    ...op.block,
    ...op.loop,
    ...condition,
    ...op.branchIf(1),
    ...body,
    ...op.branch(0),
    ...op.end,
    ...op.end,
  ]
}

function section(id: number, content: readonly number[]): number[] {
  return [id, ...unsigned(content.length), ...content]
}

function name(text: string): number[] {
  return [text.length, ...Buffer.from(text)]
}

/** LEB128 */
function unsigned(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)]
}

/** LEB128, where the highest bit of the last byte is the sign. */
function signed(value: number): number[] {
  return value < 0x40 ? [value] : [(value & 0x7f) | 0x80, ...signed(value >>> 7)]
}
