const words = 'order user item price total created shipped region status currency invoice address'.split(' ')
const different = 256

/** A generator of the same numbers in every process (mulberry32), so that all clients send the same bytes. */
function numbers(seed) {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

/** Values of exactly so many bytes that look like small JSON documents, and compress as such do. */
export function payloads(bytes) {
  const next = numbers(bytes)
  return Array.from({ length: bytes > 100_000 ? 8 : different }, () => {
    let text = ''
    while (text.length < bytes)
      text += `{"${words[next(words.length)]}":"${next(1_000_000_007).toString(36)}",`
    return Buffer.from(text.slice(0, bytes), 'latin1')
  })
}

/** Keys as users have them: text, ten thousand different ones. */
export const keys = Array.from({ length: 10_000 }, (_, i) => `key-${i}`)
