/**
 * What the block codecs in JavaScript share: four bytes at a time through a DataView, which V8 turns into single loads and
 * stores wherever they lie. Bytes one by one take three times as long.
 */

/** Bytes behind the end of a copy that `copyShort` and `copyWords` may write too; whatever stands there is lost. */
export const copySlackBytes = 16

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
}

/** Where the bytes at `at` stop being those at `candidate`, or `end`. The first four are known to be the same. */
export function endOfMatch(view: DataView, at: number, candidate: number, end: number): number {
  const last = end - 4
  let to = at + 4
  let from = candidate + 4
  while (to <= last) {
    const difference = view.getInt32(to, true) ^ view.getInt32(from, true)
    if (difference !== 0) return to + ((31 - Math.clz32(difference & -difference)) >>> 3)
    to += 4
    from += 4
  }
  while (to < end && view.getUint8(to) === view.getUint8(from)) {
    to++
    from++
  }
  return to
}

/** Copies up to 16 bytes; 16 must be there to read and to write. */
export function copyShort(source: DataView, from: number, target: DataView, to: number): void {
  target.setInt32(to, source.getInt32(from, true), true)
  target.setInt32(to + 4, source.getInt32(from + 4, true), true)
  target.setInt32(to + 8, source.getInt32(from + 8, true), true)
  target.setInt32(to + 12, source.getInt32(from + 12, true), true)
}

/** Copies `length` bytes, and up to three more; forwards, so that within one view the target lies four bytes behind or more. */
export function copyWords(
  source: DataView,
  from: number,
  target: DataView,
  to: number,
  length: number,
): void {
  for (let i = 0; i < length; i += 4) target.setInt32(to + i, source.getInt32(from + i, true), true)
}

/**
 * Repeats what lies `distance` bytes back, as matches do: they may overlap what they write, whose bytes then repeat with
 * the distance as their period. `copySlackBytes` must be there behind the end.
 */
export function copyMatch(bytes: Buffer, view: DataView, to: number, distance: number, length: number): void {
  const from = to - distance
  if (distance >= 16 && length <= 16) copyShort(view, from, view, to)
  else if (distance >= length && length > 128) bytes.copyWithin(to, from, from + length)
  else if (distance >= 4) copyWords(view, from, view, to, length)
  else if (distance === 1 && length > 64) bytes.fill(bytes[from] as number, to, to + length)
  else for (let i = 0; i < length; i++) bytes[to + i] = bytes[from + i] as number
}
