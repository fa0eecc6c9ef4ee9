/**
 * Zigzag varints as records use them, over a buffer and an offset: plain functions on numbers, because they run
 * several times a record. Reading lives in RecordCursor, which keeps its position in a field.
 */

/** Bytes that `writeVarint` takes for an int32. */
export function sizeOfVarint(value: number): number {
  const zigzag = ((value << 1) ^ (value >> 31)) >>> 0
  if (zigzag < 0x80) return 1
  if (zigzag < 0x4000) return 2
  if (zigzag < 0x200000) return 3
  return zigzag < 0x10000000 ? 4 : 5
}

/** Writes an int32 and answers where the next byte goes. */
export function writeVarint(bytes: Uint8Array, offset: number, value: number): number {
  let rest = ((value << 1) ^ (value >> 31)) >>> 0
  let at = offset
  while (rest > 0x7f) {
    bytes[at++] = (rest & 0x7f) | 0x80
    rest >>>= 7
  }
  bytes[at++] = rest
  return at
}

/** Bytes that `writeVarlong` takes for an integer within ±2^53. */
export function sizeOfVarlong(value: number): number {
  if (value === (value | 0)) return sizeOfVarint(value)
  // The zigzag form of a value is twice its distance from zero, so its bits are those of the distance and one more.
  const distance = value < 0 ? -value - 1 : value
  const high = Math.floor(distance / 0x100000000)
  return Math.ceil((high === 0 ? 33 - Math.clz32(distance) : 65 - Math.clz32(high)) / 7)
}

/** Writes an integer within ±2^53 and answers where the next byte goes. */
export function writeVarlong(bytes: Uint8Array, offset: number, value: number): number {
  if (value === (value | 0)) return writeVarint(bytes, offset, value)
  const sign = value < 0 ? -1 : 0
  const highHalf = Math.floor(value / 0x100000000)
  const lowHalf = value >>> 0
  let low = ((lowHalf << 1) ^ sign) >>> 0
  let high = (((highHalf << 1) | (lowHalf >>> 31)) ^ sign) >>> 0
  let at = offset
  while (high !== 0 || low > 0x7f) {
    bytes[at++] = (low & 0x7f) | 0x80
    low = ((low >>> 7) | (high << 25)) >>> 0
    high >>>= 7
  }
  bytes[at++] = low
  return at
}
