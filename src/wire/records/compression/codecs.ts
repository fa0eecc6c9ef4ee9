import { DecodeError } from '../../../base/errors'
import { type CompressionCodec, type CompressionType, compressionTypes } from './codec'
import { gzip } from './gzip'
import { lz4 } from './lz4'
import { snappy } from './snappy'
import { zstd } from './zstd'

const codecs: readonly (CompressionCodec | undefined)[] = [undefined, gzip, snappy, lz4, zstd]

/** The codec of a number that a batch's attributes hold; 0 has none. */
export function codecOf(type: number): CompressionCodec {
  const codec = codecs[type]
  if (codec === undefined) {
    throw new DecodeError(`Unknown compression type ${type}; this client knows gzip, snappy, lz4 and zstd`)
  }
  return codec
}

/** The codec that a producer's option names; undefined for `none`. */
export function codecNamed(name: CompressionType): CompressionCodec | undefined {
  return codecs[compressionTypes[name]]
}
