import { malformed, type OutputBuffer } from './output-buffer'

/** A copy takes 2 bytes at least for 11, or 3 for 64: no block grows to more than this many times its size. */
const maxRatio = 22

/**
 * Appends what one raw snappy block in `input[start, end)` holds to the output. Own code and not snappyjs, whose
 * decompressor follows lengths backwards when they are negative and so never ends on some malformed blocks.
 */
export function decompressSnappyBlock(input: Buffer, start: number, end: number, output: OutputBuffer): void {
  let at = start
  let length = 0
  for (let shift = 0, more = true; more; shift += 7) {
    if (at >= end || shift > 28) throw malformed('snappy', at, 'the length of a block is cut off')
    const byte = input[at++] as number
    length += (byte & 0x7f) * 2 ** shift
    more = byte > 0x7f
  }
  if (length > (end - start) * maxRatio) {
    throw malformed('snappy', start, `a block of ${end - start} bytes cannot hold ${length}`)
  }
  const bytes = output.reserve(length)
  const first = output.length
  const last = first + length
  let to = first
  while (at < end) {
    const tag = input[at++] as number
    if ((tag & 3) === 0) {
      let size = tag >>> 2
      if (size >= 60) {
        const extra = size - 59
        if (extra > end - at) throw malformed('snappy', at, 'a literal is cut off')
        size = input.readUIntLE(at, extra)
        at += extra
      }
      size++
      if (size > end - at || size > last - to) throw malformed('snappy', at, 'a literal does not fit')
      if (size <= 16) for (let i = 0; i < size; i++) bytes[to + i] = input[at + i] as number
      else input.copy(bytes, to, at, at + size)
      at += size
      to += size
    } else {
      const extra = (tag & 3) === 3 ? 4 : tag & 3
      if (extra > end - at) throw malformed('snappy', at, 'a copy is cut off')
      const size = extra === 1 ? ((tag >>> 2) & 7) + 4 : (tag >>> 2) + 1
      let distance = input[at] as number
      if (extra === 1) distance |= (tag >>> 5) << 8
      else distance = extra === 2 ? input.readUInt16LE(at) : input.readUInt32LE(at)
      at += extra
      if (distance === 0 || distance > to - first)
        throw malformed('snappy', at, 'a copy from before the block')
      if (size > last - to) throw malformed('snappy', at, 'a copy does not fit')
      if (distance >= size && size > 16) bytes.copyWithin(to, to - distance, to - distance + size)
      else for (let i = 0; i < size; i++) bytes[to + i] = bytes[to - distance + i] as number
      to += size
    }
  }
  if (to !== last) throw malformed('snappy', at, `a block holds ${to - first} bytes, not ${length}`)
  output.length = last
}
