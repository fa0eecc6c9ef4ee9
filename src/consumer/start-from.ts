import * as z from 'zod/mini'
import { InvalidArgumentError } from '../base/errors'
import { nodeModule } from '../base/node-module'

/**
 * Where reading starts in a partition for which nothing is committed, or whose position has fallen out of the log:
 *
 * - `earliest`, `latest`: the start or the end of the log
 * - `none`: an error is raised
 * - `{ offset }`: that offset; an error is raised when it is not in the log
 * - `{ timestamp }`: the first message of that time or later (ms since 1970, or a Date), the end when there is none
 * - `{ durationMs }`: as `timestamp`, so long before now (Java's `by_duration`)
 */
export type StartFrom =
  | 'earliest'
  | 'latest'
  | 'none'
  | { readonly offset: bigint | number }
  | { readonly timestamp: number | Date }
  | { readonly durationMs: number }

const startFromText = "must be 'earliest', 'latest', 'none', { offset }, { timestamp } or { durationMs }"

/** The option `startFrom`. */
export const startFromOption = z.lazy(() =>
  z.union(
    [
      z.enum(['earliest', 'latest', 'none']),
      z.strictObject({
        offset: z.custom<bigint | number>((value) => {
          try {
            return requireOffset(value, 'startFrom') >= 0n
          } catch {
            return false
          }
        }),
      }),
      z.strictObject({ timestamp: z.union([z.number().check(z.minimum(0)), z.date()]) }),
      z.strictObject({ durationMs: z.number().check(z.minimum(0)) }),
    ],
    startFromText,
  ),
)

/** Where `seek` goes: an offset, an end of the log, or a time (ms since 1970, or a Date). */
export type SeekTarget = bigint | number | 'beginning' | 'end' | { readonly timestamp: number | Date }

/** What a partition's position is to be found from. */
export type PositionQuery =
  | { readonly kind: 'earliest' }
  | { readonly kind: 'latest' }
  | { readonly kind: 'timestamp'; readonly timestamp: number }
  | { readonly kind: 'offset'; readonly offset: bigint }
  | { readonly kind: 'none' }

/** ListOffsets' sentinel for the end of the log. */
export const latestTimestamp = -1n
/** ListOffsets' sentinel for the start of the log; not below version 1. */
export const earliestTimestamp = -2n

/** Turns the option into a query; a duration counts back from `now` (ms since 1970). */
export function queryOfStartFrom(startFrom: StartFrom, now: number): PositionQuery {
  if (startFrom === 'earliest' || startFrom === 'latest' || startFrom === 'none') return { kind: startFrom }
  if ('offset' in startFrom) return { kind: 'offset', offset: requireOffset(startFrom.offset, 'startFrom') }
  if ('timestamp' in startFrom) return timestampQuery(startFrom.timestamp)
  return timestampQuery(now - startFrom.durationMs)
}

/** Turns the argument of `seek` into a query. Throws InvalidArgumentError. */
export function queryOfSeek(target: SeekTarget): PositionQuery {
  if (target === 'beginning') return { kind: 'earliest' }
  if (target === 'end') return { kind: 'latest' }
  if (typeof target === 'bigint' || typeof target === 'number') {
    return { kind: 'offset', offset: requireOffset(target, 'seek') }
  }
  if (typeof target !== 'object' || target === null || !('timestamp' in target)) {
    throw new InvalidArgumentError(
      `seek takes an offset, 'beginning', 'end' or { timestamp }, not ${shown(target)}`,
    )
  }
  return timestampQuery(target.timestamp)
}

/** An offset of a log as bigint. Throws InvalidArgumentError for negative and fractional ones: sentinels are not taken. */
export function requireOffset(offset: unknown, what: string): bigint {
  if (typeof offset === 'number' ? Number.isSafeInteger(offset) : typeof offset === 'bigint') {
    const exact = BigInt(offset as number | bigint)
    if (exact >= 0n) return exact
  }
  throw new InvalidArgumentError(`${what}: ${shown(offset)} is no offset; it must be an integer of 0 or more`)
}

function timestampQuery(timestamp: unknown): PositionQuery {
  const ms = nodeModule('node:util').types.isDate(timestamp) ? timestamp.getTime() : timestamp
  if (typeof ms !== 'number' || !Number.isFinite(ms)) {
    throw new InvalidArgumentError(`${shown(timestamp)} is no timestamp; it must be ms since 1970, or a Date`)
  }
  return { kind: 'timestamp', timestamp: Math.max(0, Math.floor(ms)) }
}

/** Whatever was given, on one line. */
const shown = (value: unknown) => nodeModule('node:util').inspect(value, { breakLength: Infinity })
