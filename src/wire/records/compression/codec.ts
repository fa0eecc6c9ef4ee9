/** Kafka's names of the codecs and their numbers in a batch's attributes. */
export const compressionTypes = { none: 0, gzip: 1, snappy: 2, lz4: 3, zstd: 4 } as const

/** Values of Kafka's `compression.type` for a producer. */
export type CompressionType = keyof typeof compressionTypes

/** One way of compressing the records of batches. Stateless between calls. */
export interface BatchCodec {
  /** Number in a batch's attributes. */
  readonly type: number
  readonly name: CompressionType
  /** The lowest and highest level, and the one that is taken when none is given; absent when there are no levels. */
  readonly levels?: { readonly min: number; readonly max: number; readonly default: number }
  /** Why records cannot be compressed with this codec in this process, and what to do; undefined when they can. */
  readonly compressionProblem?: () => string | undefined
  /** Compresses large inputs without holding up the event loop; small ones at once, without a promise. */
  compressAsync(bytes: Uint8Array, level?: number): Uint8Array | Promise<Uint8Array>
  /**
   * Takes compression back; large inputs without holding up the event loop, small ones without a promise. Throws
   * DecodeError when the bytes are malformed or would grow past `maxBytes`; sizes they declare are not trusted.
   */
  decompressAsync(bytes: Uint8Array, maxBytes: number): Buffer | Promise<Buffer>
}

/** A codec that also works at once, whatever the size: what the built-in ones do. */
export interface CompressionCodec extends BatchCodec {
  /** Compresses at once. The result may be larger than the input. */
  compress(bytes: Uint8Array, level?: number): Uint8Array
  /** As `decompressAsync`, at once. */
  decompress(bytes: Uint8Array, maxBytes: number): Buffer
}
