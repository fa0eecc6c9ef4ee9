const seed = 0x9747b28c
const multiplier = 0x5bd1e995

/**
 * The hash of KafkaJS's partitioner before its version 2: murmur2 with products of floating-point numbers, which lose
 * their lowest bits, and with the bytes behind the last whole word hashed twice. For most keys it is another number
 * than Java's; topics that were filled with it keep their keys together only with the same one.
 */
export function legacyMurmur2(bytes: Uint8Array): number {
  const { length } = bytes
  // A number throughout: each product is rounded to 53 bits before the next bit operation cuts it to 32.
  let hash = seed ^ length
  for (let at = 0; at < length; at += 4) {
    let word = byteAt(bytes, at) + (byteAt(bytes, at + 1) << 8)
    word += (byteAt(bytes, at + 2) << 16) + (byteAt(bytes, at + 3) << 24)
    word *= multiplier
    word ^= word >>> 24
    word *= multiplier
    hash *= multiplier
    hash ^= word
  }
  const rest = length & 3
  if (rest > 0) {
    const at = length - rest
    if (rest === 3) hash ^= byteAt(bytes, at + 2) << 16
    if (rest >= 2) hash ^= byteAt(bytes, at + 1) << 8
    hash ^= byteAt(bytes, at)
    hash *= multiplier
  }
  hash ^= hash >>> 13
  hash *= multiplier
  return hash ^ (hash >>> 15)
}

/** Behind the end there are zeros. */
function byteAt(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0
}
