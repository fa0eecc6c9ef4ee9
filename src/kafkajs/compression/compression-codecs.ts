import { compressionCodec, type CompressionCodec, type CompressionType } from '../../index'
import { CompressionTypes } from '../enums'
import { KafkaJSNotImplemented } from '../errors/non-retriable-errors'

/** What a codec for KafkaJS does. */
export interface KafkaJSCodec {
  /** Gets an object that holds the bytes, rather than the bytes. */
  compress(encoder: { buffer: Buffer }): Promise<Buffer>
  decompress(buffer: Buffer): Promise<Buffer>
}

/** The most that a batch may grow to when a codec is called by hand. */
const maxBytes = 0x7fffffff

function builtIn(type: CompressionType): () => KafkaJSCodec {
  return () => {
    const codec = compressionCodec(type) as CompressionCodec
    return {
      compress: async ({ buffer }) => {
        const problem = codec.compressionProblem?.()
        if (problem !== undefined) throw new KafkaJSNotImplemented(problem)
        return Buffer.from(await codec.compressAsync(buffer))
      },
      decompress: async (buffer) => await codec.decompressAsync(buffer, maxBytes),
    }
  }
}

/**
 * What makes codecs, by the number of the compression. All of them are built in; a program may put its own here.
 */
/* eslint-disable @typescript-eslint/no-explicit-any -- programs register codecs of any shape, as with KafkaJS */
export const CompressionCodecs: {
  [CompressionTypes.GZIP]: () => any
  [CompressionTypes.Snappy]: () => any
  [CompressionTypes.LZ4]: () => any
  [CompressionTypes.ZSTD]: () => any
} = {
  [CompressionTypes.GZIP]: builtIn('gzip'),
  [CompressionTypes.Snappy]: builtIn('snappy'),
  [CompressionTypes.LZ4]: builtIn('lz4'),
  [CompressionTypes.ZSTD]: builtIn('zstd'),
}
/* eslint-enable @typescript-eslint/no-explicit-any */
