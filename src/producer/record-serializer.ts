import { InvalidArgumentError, SerializationError } from '../base/errors'
import type { HeaderInput, HeadersInput } from '../serde/headers'
import type { Serialized } from '../serde/serde'
import type { Topic } from '../serde/topic'
import type { RecordHeader } from '../wire/records/record-header'
import type { UntypedMessage } from './outgoing-message'

/** A topic of any types; values are checked by its serdes when they are serialized. */
export type AnyTopic = Topic<unknown, unknown, never, never>

/** A message whose call has to wait: its bytes as they were at the call, whatever its owner does with it later. */
export interface PreparedMessage {
  readonly key: Serialized
  readonly value: Serialized
  readonly headers: readonly RecordHeader[] | null
  /** -1: the partitioner chooses. */
  readonly partition: number
  readonly timestamp: number
}

/** The message's key as text or bytes. */
export function serializeKey(topic: AnyTopic, message: UntypedMessage, index: number): Serialized {
  try {
    return requireSerialized(topic.key.serialize(message.key as never), topic.key.name)
  } catch (error) {
    throw serializationFailed('key', topic.name, index, error)
  }
}

/** The message's value as text or bytes. */
export function serializeValue(topic: AnyTopic, message: UntypedMessage, index: number): Serialized {
  try {
    return requireSerialized(topic.value.serialize(message.value as never), topic.value.name)
  } catch (error) {
    throw serializationFailed('value', topic.name, index, error)
  }
}

/** The headers in the order they are written; null for none. */
export function serializeHeaders(
  topic: string,
  headers: HeadersInput | undefined,
  index: number,
): RecordHeader[] | null {
  if (headers === undefined || headers === null) return null
  if (typeof headers !== 'object' || Array.isArray(headers)) {
    throw new SerializationError(`The headers of message ${index} are not an object of names and values`, {
      topic,
    })
  }
  const list: RecordHeader[] = []
  for (const key of Object.keys(headers)) {
    const value = headers[key] as HeaderInput | readonly HeaderInput[]
    if (!Array.isArray(value))
      list.push({ key, value: requireHeader(topic, key, value as HeaderInput, index) })
    else
      for (const one of value as HeaderInput[])
        list.push({ key, value: requireHeader(topic, key, one, index) })
  }
  return list.length === 0 ? null : list
}

/** The message's own timestamp, or that of the call. */
export function timestampOf(topic: string, message: UntypedMessage, callTime: number, index: number): number {
  const given = message.timestamp
  if (given === undefined) return callTime
  const timestamp = given instanceof Date ? given.getTime() : given
  if (Number.isSafeInteger(timestamp) && timestamp >= 0) return timestamp
  throw new InvalidArgumentError(
    `The timestamp of message ${index} is ${String(given)}: it takes a Date or whole milliseconds since 1970`,
    { topic },
  )
}

/** The partition the message names, -1 for none. */
export function partitionOf(topic: string, message: UntypedMessage, index: number): number {
  const partition = message.partition
  if (partition === undefined || partition === null) return -1
  if (Number.isInteger(partition) && partition >= 0 && partition <= 0x7fffffff) return partition
  throw new InvalidArgumentError(
    `The partition of message ${index} is ${String(partition)}: it takes 0 or more`,
    {
      topic,
    },
  )
}

/** Throws unless `message` is an object at all. */
export function requireMessage(
  topic: string,
  message: unknown,
  index: number,
): asserts message is UntypedMessage {
  if (typeof message === 'object' && message !== null && !Array.isArray(message)) return
  const shown = message === null ? 'null' : Array.isArray(message) ? 'a list' : `a ${typeof message}`
  throw new InvalidArgumentError(`Message ${index} is ${shown}, not an object with a value`, { topic })
}

/** Everything about a message that can be wrong, found out now; bytes that others could change are copied. */
export function prepareMessage(
  topic: AnyTopic,
  message: unknown,
  callTime: number,
  index: number,
): PreparedMessage {
  requireMessage(topic.name, message, index)
  const headers = serializeHeaders(topic.name, message.headers, index)
  return {
    key: ownBytes(serializeKey(topic, message, index)),
    value: ownBytes(serializeValue(topic, message, index)),
    headers: headers && headers.map(({ key, value }) => ({ key, value: ownBytes(value) })),
    partition: partitionOf(topic.name, message, index),
    timestamp: timestampOf(topic.name, message, callTime, index),
  }
}

function ownBytes(value: Serialized): Serialized {
  return value instanceof Uint8Array ? Uint8Array.prototype.slice.call(value) : value
}

function requireSerialized(value: Serialized, serde: string): Serialized {
  if (typeof value === 'string' || value === null || value instanceof Uint8Array) return value
  throw new SerializationError(`The ${serde} serde gave ${typeof value}, not text, bytes or null`)
}

function requireHeader(topic: string, name: string, value: HeaderInput, index: number): HeaderInput {
  if (typeof value === 'string' || value === null || value instanceof Uint8Array) return value
  throw new SerializationError(
    `Header '${name}' of message ${index} is a ${typeof value}: it takes text, bytes, null or a list of these`,
    { topic },
  )
}

function serializationFailed(part: string, topic: string, index: number, cause: unknown): SerializationError {
  const detail = cause instanceof Error ? cause.message : String(cause)
  return new SerializationError(`The ${part} of message ${index} can't be serialized: ${detail}`, {
    topic,
    cause,
  })
}
