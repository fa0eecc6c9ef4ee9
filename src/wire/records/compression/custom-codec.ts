import { DecodeError, InvalidArgumentError } from '../../../base/errors'
import type { BatchCodec, CompressionType } from './codec'
import { tooLarge } from './output-buffer'
import { inOnePiece, mainThread } from './turn-budget'

/** The kinds of compression that a codec can be given for. */
export type CodecType = Exclude<CompressionType, 'none'>

/** A codec of the program's own: bytes in, bytes out, at once or later. Nothing of it is kept between calls. */
export interface CustomCodec {
  /**
   * Compresses the records of one batch, which must not be changed. When it throws, or rejects, the batch is sent
   * uncompressed, and that is logged.
   * @param level what the producer's `compression.level` says, unchecked
   */
  compress(bytes: Buffer, level?: number): Uint8Array | Promise<Uint8Array>
  /**
   * Takes back what a codec of this type did, in whichever client.
   * @param maxBytes a longer result is refused: stop before it, since the input may not be what it says
   */
  decompress(bytes: Buffer, maxBytes: number): Uint8Array | Promise<Uint8Array>
}

/** Levels are the codec's own business. */
const anyLevel = { min: -0x80000000, max: 0x7fffffff, default: 0 }

/** Nanoseconds for a byte, before compression, of a codec that answers at once: those in JavaScript take about as long. */
const compressCost = 10
const decompressCost = 5

/** A codec of the program in the place of a built-in one. */
export function customBatchCodec(type: number, name: CodecType, custom: CustomCodec): BatchCodec {
  const opened = (result: unknown, maxBytes: number): Buffer => {
    const bytes = requireBytes(result, name, 'decompress')
    if (bytes.length > maxBytes) throw tooLarge(name, maxBytes)
    return asBuffer(bytes)
  }
  return {
    type,
    name,
    levels: anyLevel,

    compressAsync(bytes, level) {
      const result = runCodec(
        () => custom.compress(asBuffer(bytes), level),
        () => bytes.length * compressCost,
      )
      if (result instanceof Uint8Array) return result
      return Promise.resolve(result).then((later) => requireBytes(later, name, 'compress'))
    },

    decompressAsync(bytes, maxBytes) {
      try {
        const result = runCodec(
          () => custom.decompress(asBuffer(bytes), maxBytes),
          (opened) => opened.length * decompressCost,
        )
        if (result instanceof Uint8Array) return opened(result, maxBytes)
        return Promise.resolve(result)
          .then((later) => opened(later, maxBytes))
          .catch((error: unknown) => {
            throw decodeError(name, error)
          })
      } catch (error) {
        throw decodeError(name, error)
      }
    },
  }
}

/** In its turn, like the built-in ones: what it does aside costs the event loop nothing. */
function runCodec(act: () => unknown, costOf: (result: Uint8Array) => number): unknown {
  return mainThread.run(inOnePiece(act, (result) => (result instanceof Uint8Array ? costOf(result) : 0)))
}

function requireBytes(result: unknown, name: CodecType, method: string): Uint8Array {
  if (result instanceof Uint8Array) return result
  throw new InvalidArgumentError(
    `The codec given for '${name}' answered '${method}' with ${describe(result)}: bytes are needed, a Buffer or Uint8Array`,
  )
}

function describe(result: unknown): string {
  return result === null ? 'null' : typeof result === 'object' ? 'an object' : `a ${typeof result}`
}

function decodeError(name: CodecType, error: unknown): DecodeError {
  if (error instanceof DecodeError) return error
  const reason = error instanceof Error ? error.message : String(error)
  return new DecodeError(`The codec given for '${name}' could not decompress a batch: ${reason}`, {
    cause: error,
  })
}

/** The same bytes, with a Buffer's methods. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
