import { SerializationError } from '../base/errors'
import type { Serde } from './serde'

/** UTF-8 text, as Java's StringSerializer. */
export function string(): Serde<string> {
  return stringSerde
}

/** Bytes as they are. A consumer gets views on the fetched data: copy what you keep for long. */
export function bytes(): Serde<Buffer, Uint8Array> {
  return bytesSerde
}

/** Lets null through, in both directions: a key that may be missing, or a value that may be a tombstone. */
export function nullable<Output, Input>(
  serde: Serde<Output, Input>,
): Serde<Output | null, Input | null | undefined> {
  return {
    name: `nullable ${serde.name}`,
    serialize: (value) => (value === null || value === undefined ? null : serde.serialize(value)),
    deserialize: (buffer, start, end) => serde.deserialize(buffer, start, end),
    deserializeNull: () => null,
  }
}

/** What `send` takes for a topic without a definition, and for a topic's part without a serde. */
export type RawInput = string | Uint8Array | null | undefined

/** Text or bytes in, bytes out, null allowed: the serde of everything that was not given one. */
export function raw(): Serde<Buffer | null, RawInput> {
  return rawSerde
}

const stringSerde: Serde<string> = {
  name: 'string',
  serialize(value) {
    if (typeof value !== 'string') throw wrongType('string', 'a string', value)
    return value
  },
  deserialize: (buffer, start, end) => buffer.toString('utf8', start, end),
}

const bytesSerde: Serde<Buffer, Uint8Array> = {
  name: 'bytes',
  serialize(value) {
    if (!(value instanceof Uint8Array)) throw wrongType('bytes', 'a Uint8Array', value)
    return value
  },
  deserialize: (buffer, start, end) => buffer.subarray(start, end),
}

const rawSerde: Serde<Buffer | null, RawInput> = {
  name: 'raw',
  serialize(value) {
    if (value === null || value === undefined) return null
    if (typeof value === 'string' || value instanceof Uint8Array) return value
    throw wrongType(
      'raw',
      'a string, a Uint8Array or null; for other types define the topic with topic()',
      value,
    )
  },
  deserialize: (buffer, start, end) => buffer.subarray(start, end),
  deserializeNull: () => null,
}

/** The error for a value of a type a serde does not take. */
export function wrongType(serde: string, expected: string, value: unknown): SerializationError {
  const shown = value === null ? 'null' : Array.isArray(value) ? 'an array' : describeType(value)
  return new SerializationError(`The ${serde} serde takes ${expected}, not ${shown}`)
}

function describeType(value: unknown): string {
  if (typeof value === 'object' && value !== null)
    return `an object (${value.constructor?.name ?? 'no prototype'})`
  return value === undefined ? 'undefined' : `a ${typeof value}`
}
