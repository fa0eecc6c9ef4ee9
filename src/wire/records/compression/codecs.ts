import { DecodeError } from '../../../base/errors'
import { type BatchCodec, type CompressionCodec, type CompressionType, compressionTypes } from './codec'
import { type CodecType, type CustomCodec, customBatchCodec } from './custom-codec'
import { gzip } from './gzip'
import { lz4 } from './lz4'
import { snappy } from './snappy'
import { zstd } from './zstd'

const builtIn: readonly (CompressionCodec | undefined)[] = [undefined, gzip, snappy, lz4, zstd]

/** Codecs of the program, which count before the built-in ones. */
export type CustomCodecs = { readonly [Type in CodecType]?: CustomCodec | undefined }

/** The codecs of one client. */
export class Codecs {
  readonly #codecs: readonly (BatchCodec | undefined)[]

  constructor(custom: CustomCodecs = {}) {
    this.#codecs = builtIn.map((codec) => {
      if (codec === undefined) return undefined
      const name = codec.name as CodecType
      const own = custom[name]
      return own === undefined ? codec : customBatchCodec(codec.type, name, own)
    })
  }

  /** The codec of a number that a batch's attributes hold. @throws DecodeError when there is none */
  ofType(type: number): BatchCodec {
    return this.#codecs[type] ?? unknownType(type)
  }

  /** The codec that a producer's option names; undefined for `none`. */
  named(name: CompressionType): BatchCodec | undefined {
    return this.#codecs[compressionTypes[name]]
  }
}

/** Those of clients that were given none. */
export const builtInCodecs = new Codecs()

/** The built-in codec of a number that a batch's attributes hold; 0 has none. */
export function codecOf(type: number): CompressionCodec {
  return builtIn[type] ?? unknownType(type)
}

/** The built-in codec of this name; undefined for `none`. */
export function codecNamed(name: CompressionType): CompressionCodec | undefined {
  return builtIn[compressionTypes[name]]
}

function unknownType(type: number): never {
  throw new DecodeError(`Unknown compression type ${type}; this client knows gzip, snappy, lz4 and zstd`)
}
