const seed = 0x9747b28c
const multiplier = 0x5bd1e995

/**
 * The hash by which Kafka's default partitioner spreads keys: 32-bit murmur2 over `bytes[start, end)`, signed, the
 * same number as the Java client's for every input.
 */
export function murmur2(bytes: Uint8Array, start = 0, end = bytes.length): number {
  const length = end - start
  let hash = seed ^ length
  let at = start
  for (const last = start + (length & ~3); at < last; at += 4) {
    let word =
      (bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24)
    word = Math.imul(word, multiplier)
    word = Math.imul(word ^ (word >>> 24), multiplier)
    hash = Math.imul(hash, multiplier) ^ word
  }
  const rest = length & 3
  if (rest > 0) {
    if (rest === 3) hash ^= (bytes[at + 2] as number) << 16
    if (rest >= 2) hash ^= (bytes[at + 1] as number) << 8
    hash = Math.imul(hash ^ (bytes[at] as number), multiplier)
  }
  hash = Math.imul(hash ^ (hash >>> 13), multiplier)
  return hash ^ (hash >>> 15)
}

/** Drops the sign as Java's partitioner does: the lowest 31 bits, not the absolute value. */
export function toPositive(hash: number): number {
  return hash & 0x7fffffff
}
