import { compressionCodec, type CodecType, type CompressionCodec, type CustomCodecs } from '../../index'
import { CompressionTypes } from '../enums'
import { KafkaJSNonRetriableError } from '../errors/kafkajs-error'
import { KafkaJSNotImplemented } from '../errors/non-retriable-errors'

/** What a codec for KafkaJS does. */
export interface KafkaJSCodec {
  /** Gets an object that holds the bytes, rather than the bytes. */
  compress(encoder: { buffer: Buffer }): Promise<Buffer>
  decompress(buffer: Buffer): Promise<Buffer>
}

type CodecNumber = Exclude<CompressionTypes, CompressionTypes.None>
type CodecMaker = () => KafkaJSCodec

const names: Readonly<Record<CodecNumber, CodecType>> = {
  [CompressionTypes.GZIP]: 'gzip',
  [CompressionTypes.Snappy]: 'snappy',
  [CompressionTypes.LZ4]: 'lz4',
  [CompressionTypes.ZSTD]: 'zstd',
}

/** The most that a batch may grow to when a codec is called by hand. */
const maxBytes = 0x7fffffff

const coreCodec = (number: CodecNumber): CompressionCodec =>
  compressionCodec(names[number]) as CompressionCodec

function builtIn(number: CodecNumber): CodecMaker {
  return () => ({
    compress: async ({ buffer }) => {
      requireWritable(number)
      return Buffer.from(await coreCodec(number).compressAsync(buffer))
    },
    decompress: async (buffer) => await coreCodec(number).decompressAsync(buffer, maxBytes),
  })
}

const builtIns: Readonly<Record<CodecNumber, CodecMaker>> = {
  [CompressionTypes.GZIP]: builtIn(CompressionTypes.GZIP),
  [CompressionTypes.Snappy]: builtIn(CompressionTypes.Snappy),
  [CompressionTypes.LZ4]: builtIn(CompressionTypes.LZ4),
  [CompressionTypes.ZSTD]: builtIn(CompressionTypes.ZSTD),
}

/**
 * What makes codecs, by the number of the compression. All of them are built in; a program may put its own here, which
 * counts from then on for all clients.
 */
/* eslint-disable @typescript-eslint/no-explicit-any -- programs register codecs of any shape, as with KafkaJS */
export const CompressionCodecs: {
  [CompressionTypes.GZIP]: () => any
  [CompressionTypes.Snappy]: () => any
  [CompressionTypes.LZ4]: () => any
  [CompressionTypes.ZSTD]: () => any
} = { ...builtIns }
/* eslint-enable @typescript-eslint/no-explicit-any */

/** What the program registered; undefined while that is the built-in codec. */
function registered(number: CodecNumber): CodecMaker | undefined {
  const maker = CompressionCodecs[number] as CodecMaker | undefined
  return maker === builtIns[number] ? undefined : maker
}

/** @throws KafkaJSNotImplemented when this version of Node can't write it, and the program registered none that can */
function requireWritable(number: CodecNumber): void {
  const problem = coreCodec(number).compressionProblem?.()
  if (problem !== undefined) throw new KafkaJSNotImplemented(problem)
}

/**
 * The compression that a call of `send` asks for.
 * @throws KafkaJSNonRetriableError when there is none of this number, or it can't be written
 */
export function compressionOf(compression: CompressionTypes): CodecType | 'none' {
  // The lower bits of a batch's attributes, of which the codec is part.
  const number = compression & 0x7
  if (number === 0) return 'none'
  const name: CodecType | undefined = names[number as CodecNumber]
  if (name === undefined) throw new KafkaJSNonRetriableError(`Invalid compression ${String(compression)}`)
  if (registered(number as CodecNumber) === undefined) requireWritable(number as CodecNumber)
  return name
}

/** The registry as our own clients take codecs. It is read at each use. */
export const registeredCodecs: CustomCodecs = {
  gzip: registeredCodec(CompressionTypes.GZIP),
  snappy: registeredCodec(CompressionTypes.Snappy),
  lz4: registeredCodec(CompressionTypes.LZ4),
  zstd: registeredCodec(CompressionTypes.ZSTD),
}

function registeredCodec(number: CodecNumber) {
  const own = coreCodec(number)
  return {
    compress(buffer: Buffer): Uint8Array | Promise<Uint8Array> {
      const maker = registered(number)
      return maker === undefined ? own.compressAsync(buffer) : maker().compress({ buffer })
    },
    decompress(buffer: Buffer, limit: number): Buffer | Promise<Buffer> {
      const maker = registered(number)
      return maker === undefined ? own.decompressAsync(buffer, limit) : maker().decompress(buffer)
    },
  }
}
