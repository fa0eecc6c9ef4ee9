/** A range of versions, both ends included; `max` may be Infinity. */
export interface Range {
  readonly min: number
  readonly max: number
}

/** Parses `3`, `3+`, `3-7` and `none` (null). */
export function parseRange(text: string): Range | null {
  if (text === 'none') return null
  const match = /^(\d+)(?:(\+)|-(\d+))?$/.exec(text)
  if (match === null) throw new Error(`'${text}' is not a version range`)
  const min = Number(match[1])
  const max = match[2] === undefined ? Number(match[3] ?? match[1]) : Infinity
  if (max < min) throw new Error(`version range '${text}' is empty`)
  return { min, max }
}

/** The versions that are in both; null when there are none. */
export function intersect(a: Range | null, b: Range | null): Range | null {
  if (a === null || b === null) return null
  const min = Math.max(a.min, b.min)
  const max = Math.min(a.max, b.max)
  return min <= max ? { min, max } : null
}

/** The smallest range that holds both. */
export function hull(a: Range | null, b: Range | null): Range | null {
  if (a === null) return b
  if (b === null) return a
  return { min: Math.min(a.min, b.min), max: Math.max(a.max, b.max) }
}

/** True when every version of `inner` is in `outer`. */
export function covers(outer: Range | null, inner: Range): boolean {
  return outer !== null && outer.min <= inner.min && outer.max >= inner.max
}

/** For doc comments and errors: `5`, `5-8`; `5+` where the range goes on to the end of `whole`. */
export function rangeText(range: Range, whole: Range): string {
  if (range.max >= whole.max) return `${range.min}+`
  return range.min === range.max ? `${range.min}` : `${range.min}-${range.max}`
}
