import { compress as compressBlock } from 'snappyjs'
import type { CompressionCodec } from './codec'
import { malformed, OutputBuffer } from './output-buffer'
import { runAtOnce, runInSlices, type SlicedWork } from './slices'
import { decompressSnappyBlock } from './snappy-block'

/**
 * Snappy as Java's SnappyOutputStream frames it: a header of 16 bytes, then chunks of an int32 length and a block.
 *
 *     82 53 4e 41 50 50 59 00 | version 1 | compatible with 1 | length | block | length | block | …
 *
 * Some other clients write a bare block, which is read too; the first 8 bytes tell them apart.
 */
const magic = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00])
const headerBytes = 16
/** The most that Java puts into one block. */
const blockBytes = 32 * 1024
const version = 1

export const snappy: CompressionCodec = {
  type: 2,
  name: 'snappy',
  compress: (bytes) => runAtOnce(compressing(bytes)),
  compressAsync: (bytes) => runInSlices(compressing(bytes)),
  decompress: (bytes, maxBytes) => runAtOnce(decompressing(bytes, maxBytes)),
  decompressAsync: (bytes, maxBytes) => runInSlices(decompressing(bytes, maxBytes)),
}

function* compressing(bytes: Uint8Array): SlicedWork<Uint8Array> {
  const output: Uint8Array[] = [xerialHeader()]
  for (let at = 0; at < bytes.length; at += blockBytes) {
    const block = compressBlock(plainView(bytes, at, Math.min(at + blockBytes, bytes.length)))
    const length = Buffer.allocUnsafe(4)
    length.writeInt32BE(block.length)
    output.push(length, block)
    yield blockBytes
  }
  return Buffer.concat(output)
}

function* decompressing(bytes: Uint8Array, maxBytes: number): SlicedWork<Buffer> {
  const input = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const output = new OutputBuffer('snappy', bytes.length * 2, maxBytes)
  if (startsWithMagic(input, 0)) yield* decompressingChunks(input, output)
  else decompressSnappyBlock(input, 0, input.length, output)
  return output.finish()
}

function xerialHeader(): Buffer {
  const header = Buffer.alloc(headerBytes)
  magic.copy(header)
  header.writeInt32BE(version, 8)
  header.writeInt32BE(version, 12)
  return header
}

function* decompressingChunks(input: Buffer, output: OutputBuffer): SlicedWork<void> {
  let at = 0
  while (at < input.length) {
    if (startsWithMagic(input, at)) {
      if (at + headerBytes > input.length) throw malformed('snappy', at, 'its header is cut off')
      const compatible = input.readInt32BE(at + 12)
      if (compatible > version) {
        throw malformed('snappy', at, `its framing needs a reader of version ${compatible}`)
      }
      at += headerBytes
      continue
    }
    const length = at + 4 > input.length ? -1 : input.readInt32BE(at)
    if (length < 0 || length > input.length - at - 4) {
      throw malformed('snappy', at, 'a chunk is cut off')
    }
    const before = output.length
    decompressSnappyBlock(input, at + 4, at + 4 + length, output)
    at += 4 + length
    yield output.length - before
  }
}

function startsWithMagic(input: Buffer, at: number): boolean {
  return (
    input.length - at >= magic.length && input.compare(magic, 0, magic.length, at, at + magic.length) === 0
  )
}

/** snappyjs fills the buffers it makes for a Buffer with zeros, and slices them without copying: give it no Buffer. */
function plainView(bytes: Uint8Array, start: number, end: number): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset + start, end - start)
}
