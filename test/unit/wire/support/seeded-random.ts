/** A random source that gives the same numbers in every run: integers from 0 up to, not including, `below`. */
export function seededRandom(seed: number): (below: number) => number {
  let state = seed >>> 0
  return (below) => {
    // xorshift, which never leaves zero: hence the odd constant.
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    if (state === 0) state = 0x9e3779b9
    return (state >>> 0) % below
  }
}
