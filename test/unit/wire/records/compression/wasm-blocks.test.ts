// Guards the block codecs in WebAssembly: they must write and read what those in JavaScript do, and leave to them whatever is
// malformed, without a step beyond their memory.
import {
  compressLz4Block,
  decompressLz4Block,
  lz4BlockBound,
} from '../../../../../src/wire/records/compression/lz4-block'
import { OutputBuffer } from '../../../../../src/wire/records/compression/output-buffer'
import {
  compressSnappyBlock,
  decompressSnappyBlock,
  readSnappyLength,
  snappyBlockBound,
} from '../../../../../src/wire/records/compression/snappy-block'
import { WasmBlocks } from '../../../../../src/wire/records/compression/wasm-blocks'
import { seededRandom } from '../../../../../src/testing/simulation/seeded-random'

const most = 65_536
const wasm = WasmBlocks.make() as WasmBlocks

/** Bytes of every kind: text that repeats, noise, runs, and patterns of each short period. */
function samples(): Buffer[] {
  const random = seededRandom(7)
  const below = (limit: number) => Math.floor(random() * limit)
  const lengths = [256, 257, 300, 1000, 4096, 32_768, most - 1, most]
  return lengths.flatMap((length) => {
    const words = Array.from({ length: 50 + below(400) }, () => below(1e9).toString(36))
    let text = ''
    while (text.length < length) text += `{"id":${below(1e6)},"name":"${words[below(words.length)]}"},`
    const noise = Buffer.from(Array.from({ length }, () => below(256)))
    const mixed = Buffer.concat([noise.subarray(0, length / 2), Buffer.from(text)]).subarray(0, length)
    const periods = Buffer.alloc(length)
    for (let i = 0; i < length; i++) periods[i] = i % (1 + Math.floor(i / 1000))
    return [Buffer.from(text.slice(0, length)), noise, mixed, periods, Buffer.alloc(length, 7)]
  })
}

interface BlockCodec {
  readonly name: string
  readonly bound: (length: number) => number
  readonly compress: typeof compressLz4Block
  readonly compressWasm: (...input: Parameters<typeof compressLz4Block>) => number | undefined
  readonly decompress: (block: Buffer, output: OutputBuffer, floor: number) => void
  readonly decompressWasm: (block: Buffer, output: OutputBuffer, floor: number) => boolean
}

const codecs: BlockCodec[] = [
  {
    name: 'snappy',
    bound: snappyBlockBound,
    compress: compressSnappyBlock,
    compressWasm: (...input) => wasm.compressSnappy(...input),
    decompress: (block, output) => decompressSnappyBlock(block, 0, block.length, output),
    decompressWasm: (block, output) => {
      const { length, at } = readSnappyLength(block, 0, block.length)
      return wasm.decompressSnappy(block, at, block.length, output, length)
    },
  },
  {
    name: 'lz4',
    bound: lz4BlockBound,
    compress: compressLz4Block,
    compressWasm: (...input) => wasm.compressLz4(...input),
    decompress: (block, output, floor) => decompressLz4Block(block, 0, block.length, output, floor, 4 * most),
    decompressWasm: (block, output, floor) =>
      wasm.decompressLz4(block, 0, block.length, output, floor, 4 * most),
  },
]

describe.each(codecs)('$name blocks in WebAssembly', (codec) => {
  const { bound, compress, compressWasm, decompress, decompressWasm } = codec
  const before = Buffer.from('what stands before')

  function compressed(
    input: Buffer,
    by: (...input: Parameters<typeof compressLz4Block>) => number | undefined,
  ) {
    const framed = Buffer.concat([before, input, before])
    const output = Buffer.alloc(before.length + bound(input.length))
    before.copy(output)
    const end = by(framed, before.length, before.length + input.length, output, before.length)
    expect(output.subarray(0, before.length)).toEqual(before)
    return output.subarray(before.length, end)
  }

  /** What comes of a block, behind what stood in the output before; undefined when it is left to JavaScript. */
  function decompressed(block: Buffer, isWasm: boolean, floor = before.length): Buffer | undefined {
    const output = new OutputBuffer('test', 0, 100 * most)
    output.reserve(before.length).set(before)
    output.length = before.length
    if (isWasm && !decompressWasm(block, output, floor)) {
      expect(output.length).toBe(before.length)
      return undefined
    }
    if (!isWasm) decompress(block, output, floor)
    return Buffer.from(output.bytes.subarray(before.length, output.length))
  }

  test('are those that JavaScript writes, and give the same back', () => {
    for (const input of samples()) {
      const block = compressed(input, compress)
      expect(compressed(input, compressWasm).equals(block)).toBe(true)
      if (block.length > 300) expect(decompressed(block, true)?.equals(input)).toBe(true)
      expect(decompressed(block, false)?.equals(input)).toBe(true)
    }
  })

  test('that are small are left to JavaScript', () => {
    const output = Buffer.alloc(1000)
    expect(compressWasm(Buffer.alloc(255), 0, 255, output, 0)).toBeUndefined()
    expect(decompressed(compressed(Buffer.alloc(255), compress), true)).toBeUndefined()
  })

  test('that are malformed are left to JavaScript, or give what it gives', () => {
    const random = seededRandom(3)
    let refused = 0
    let given = 0
    for (const input of samples().filter(({ length }) => length <= 4096 && length >= 1000)) {
      const block = compressed(input, compress)
      if (block.length < 300) continue
      for (let i = 0; i < 200; i++) {
        const damaged = Buffer.from(block.subarray(0, block.length - Math.floor(random() * 3)))
        for (let n = 0; n < 3; n++) {
          damaged[Math.floor(random() * damaged.length)] = Math.floor(random() * 256)
        }
        const result = attempt(() => decompressed(damaged, true))
        if (result === undefined) refused++
        else {
          given++
          expect(result.equals(decompressed(damaged, false) as Buffer)).toBe(true)
        }
      }
    }
    expect(refused).toBeGreaterThan(100)
    expect(given).toBeGreaterThan(100)
  })
})

/** Undefined for what even the size of the block forbids. */
function attempt(read: () => Buffer | undefined): Buffer | undefined {
  try {
    return read()
  } catch (error) {
    expect(error).toMatchObject({ name: 'DecodeError' })
    return undefined
  }
}

describe('LZ4 blocks in WebAssembly that are linked', () => {
  // 300 literals, then a match of 24 bytes from 310 bytes back, which is from before the block, then the last literals.
  const literals = Buffer.from(Array.from({ length: 300 }, (_, i) => i % 251))
  const block = Buffer.concat([
    Buffer.from([0xff, 255, 30]),
    literals,
    Buffer.from([54, 1, 5, 0x50]),
    Buffer.from('final'),
  ])
  const earlier = Buffer.from('from an earlier block')

  function read(floor: number): Buffer | undefined {
    const output = new OutputBuffer('lz4', 0, most)
    output.reserve(earlier.length).set(earlier)
    output.length = earlier.length
    if (!wasm.decompressLz4(block, 0, block.length, output, floor, most)) return undefined
    return output.finish()
  }

  test('read what stands before them in the output', () => {
    const match = Buffer.concat([earlier.subarray(-10), literals.subarray(0, 14)])
    expect(read(0)).toEqual(Buffer.concat([earlier, literals, match, Buffer.from('final')]))
  })

  test('read nothing from before the frame', () => {
    expect(read(earlier.length)).toBeUndefined()
  })
})

describe('WasmBlocks', () => {
  test('is not there where WebAssembly is switched off', () => {
    const { WebAssembly: api } = globalThis as { WebAssembly?: unknown }
    Reflect.deleteProperty(globalThis, 'WebAssembly')
    try {
      expect(WasmBlocks.make()).toBeUndefined()
    } finally {
      Object.assign(globalThis, { WebAssembly: api })
    }
  })
})
