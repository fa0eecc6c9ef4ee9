import { instantiate, type WasmFunction } from '../../web-assembly'
import { blockModule } from './block-module'
import type { OutputBuffer } from './output-buffer'

/** Larger blocks, which few writers make, are left to the codecs in JavaScript. */
const mostBytes = 1_048_576
/** A call out of JavaScript is worth it only from this size on. */
const leastBytes = 256
/** What the module's own functions write and read behind an end. */
const slackBytes = 64
/** As far as matches of LZ4 go back. */
const windowBytes = 65_536
const tableBytes = 32_768
const inputAt = tableBytes
/** Blocks that don't compress grow, by a sixth at most. */
const outputAt = inputAt + mostBytes + slackBytes + windowBytes
const memoryBytes = outputAt + mostBytes + Math.ceil(mostBytes / 6) + slackBytes

/**
 * The block codecs of tools/wasm/assembly/blocks.ts. A block is copied into the module's memory, and what comes of it out of it. Each
 * answers undefined, or false, when the block is too small or too large or is not what it should be: then the codec in
 * JavaScript deals with it, and says what is wrong.
 */
export class WasmBlocks {
  readonly #memory: Buffer
  readonly #compressSnappy: WasmFunction
  readonly #decompressSnappy: WasmFunction
  readonly #compressLz4: WasmFunction
  readonly #decompressLz4: WasmFunction

  /** Undefined where WebAssembly is switched off. */
  static make(): WasmBlocks | undefined {
    const instance = instantiate(Buffer.from(blockModule, 'base64'), memoryBytes)
    return instance && new WasmBlocks(Buffer.from(instance.memory), instance.exports)
  }

  private constructor(memory: Buffer, exports: Readonly<Record<string, WasmFunction>>) {
    this.#memory = memory
    this.#compressSnappy = exports['compressSnappy'] as WasmFunction
    this.#decompressSnappy = exports['decompressSnappy'] as WasmFunction
    this.#compressLz4 = exports['compressLz4'] as WasmFunction
    this.#decompressLz4 = exports['decompressLz4'] as WasmFunction
  }

  /** Compresses `input[start, end)` into a snappy block at `at` of the output, and answers where it ends. */
  compressSnappy(
    input: Uint8Array,
    start: number,
    end: number,
    output: Uint8Array,
    at: number,
  ): number | undefined {
    return this.#compress(this.#compressSnappy, input.subarray(start, end), output, at)
  }

  /** The same into an LZ4 block. */
  compressLz4(
    input: Uint8Array,
    start: number,
    end: number,
    output: Uint8Array,
    at: number,
  ): number | undefined {
    return this.#compress(this.#compressLz4, input.subarray(start, end), output, at)
  }

  #compress(compress: WasmFunction, block: Uint8Array, output: Uint8Array, at: number): number | undefined {
    if (block.length < leastBytes) return undefined
    this.#memory.set(block, inputAt)
    const end = compress(inputAt, inputAt + block.length, outputAt)
    output.set(this.#memory.subarray(outputAt, end), at)
    return at + end - outputAt
  }

  /** Appends what the elements of a snappy block in `input[start, end)` hold, which are `length` bytes. */
  decompressSnappy(input: Buffer, start: number, end: number, output: OutputBuffer, length: number): boolean {
    if (end - start < leastBytes || end - start > mostBytes || length > mostBytes) return false
    this.#memory.set(input.subarray(start, end), inputAt)
    const last = outputAt + length
    if (this.#decompressSnappy(inputAt, inputAt + end - start, outputAt, last) !== last) return false
    this.#append(last, output)
    return true
  }

  /** Appends what an LZ4 block in `input[start, end)` holds. Its matches may go back to `floor` of the output. */
  decompressLz4(
    input: Buffer,
    start: number,
    end: number,
    output: OutputBuffer,
    floor: number,
    maxBytes: number,
  ): boolean {
    if (end - start < leastBytes || end - start > mostBytes) return false
    this.#memory.set(input.subarray(start, end), inputAt)
    const window = Math.min(output.length - floor, windowBytes)
    if (window > 0) {
      this.#memory.set(output.bytes.subarray(output.length - window, output.length), outputAt - window)
    }
    const limit = outputAt + Math.min(maxBytes, mostBytes)
    const last = this.#decompressLz4(inputAt, inputAt + end - start, outputAt, outputAt - window, limit)
    if (last === 0) return false
    this.#append(last, output)
    return true
  }

  #append(last: number, output: OutputBuffer): void {
    const length = last - outputAt
    output.reserve(length).set(this.#memory.subarray(outputAt, last), output.length)
    output.length += length
  }
}

let made: WasmBlocks | undefined
let isMade = false

/** The one of this thread; undefined where WebAssembly is switched off. */
export function wasmBlocks(): WasmBlocks | undefined {
  if (!isMade) {
    isMade = true
    made = WasmBlocks.make()
  }
  return made
}
