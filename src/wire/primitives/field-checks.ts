import { InvalidArgumentError, UnsupportedVersionError } from '../../base/errors'

/** The default of bytes fields. */
export const emptyBytes: Buffer = Buffer.alloc(0)

/** The value of a field that must be there. Callers without a type checker can leave it out; that must not become a zero. */
export function required<T>(value: T | null | undefined, field: string): T {
  if (value === undefined || value === null) throw missing(field, value)
  return value
}

/** The value of a field that must be given but may be null. */
export function requiredOrNull<T>(value: T | undefined, field: string): T {
  if (value === undefined) throw missing(field, value)
  return value
}

/** The value of a field, or its default when it was left out; null is neither. */
export function given<T>(value: T | null | undefined, fallback: T, field: string): T {
  if (value === undefined) return fallback
  if (value === null) throw missing(field, value)
  return value
}

function missing(field: string, value: unknown): InvalidArgumentError {
  const what = value === null ? 'is null, which this version does not allow' : 'is missing'
  return new InvalidArgumentError(`Field ${field} ${what}: give it a value`)
}

/** Refuses versions there are no codecs for, in both directions. */
export function checkVersion(message: string, version: number, min: number, max: number): void {
  if (version >= min && version <= max) return
  throw new UnsupportedVersionError(
    `${message} is known in versions ${min}-${max}, not in version ${version}: pick a version in that range`,
  )
}

/** A field is set that the version can't carry; leaving it out silently would change what the request means. */
export function unsupportedField(
  api: string,
  version: number,
  field: string,
  needed: string,
): UnsupportedVersionError {
  return new UnsupportedVersionError(
    `Field ${field} is set, but version ${version} can't carry it: it needs version ${needed}, or must be left out`,
    { api, apiVersion: version },
  )
}
