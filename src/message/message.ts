import { SerializationError } from '../base/errors'
import { inspectCustom } from '../base/inspect-custom'
import { nodeModule } from '../base/node-module'
import type { Headers, HeaderValue } from '../serde/headers'
import type { Serde } from '../serde/serde'
import type { Topic } from '../serde/topic'
import type { RecordCursor } from '../wire/records/record-cursor'
import { readHeaders } from '../wire/records/record-header'

/** A topic of any types, as a consumer holds it. */
export type AnyTopic = Topic<unknown, unknown, never, never>

/** Who set a message's timestamp: the producer, or the broker when it appended it. */
export type TimestampType = 'create' | 'append'

/** What all messages of one record batch share. */
export interface MessageSource {
  readonly topic: AnyTopic
  readonly partition: number
  /** Holds the records, uncompressed. */
  readonly buffer: Buffer
  readonly baseOffset: bigint
  readonly baseTimestamp: number
  readonly timestampType: TimestampType
  /** -1 when it is not known. */
  readonly leaderEpoch: number
}

const unread = Symbol('unread')
const noHeaders: Headers = Object.freeze({})

/**
 * One consumed message. Key, value and headers are decoded when they are read for the first time, in place: a message
 * nobody looks into costs next to nothing. Bytes are views on the fetched data, which they keep alive.
 */
export class Message<Key = unknown, Value = unknown> {
  private readonly source: MessageSource
  /** Counted from the batch's base offset. @internal */
  readonly offsetDelta: number
  private readonly timestampDelta: number
  private readonly keyStart: number
  private readonly keyEnd: number
  private readonly valueStart: number
  private readonly valueEnd: number
  private readonly headersStart: number
  private readonly headerCount: number
  private cachedKey: unknown = unread
  private cachedValue: unknown = unread
  private cachedHeaders: Headers | undefined = undefined

  /** @internal */
  constructor(source: MessageSource, cursor: RecordCursor) {
    this.source = source
    this.offsetDelta = cursor.offsetDelta
    this.timestampDelta = cursor.timestamp - source.baseTimestamp
    this.keyStart = cursor.keyStart
    this.keyEnd = cursor.keyEnd
    this.valueStart = cursor.valueStart
    this.valueEnd = cursor.valueEnd
    this.headersStart = cursor.headersStart
    this.headerCount = cursor.headerCount
  }

  get topic(): string {
    return this.source.topic.name
  }

  get partition(): number {
    return this.source.partition
  }

  get offset(): bigint {
    return this.source.baseOffset + BigInt(this.offsetDelta)
  }

  /** Milliseconds since 1970; -1 in logs of the oldest format, which has none. */
  get timestamp(): number {
    return this.source.baseTimestamp + this.timestampDelta
  }

  get timestampType(): TimestampType {
    return this.source.timestampType
  }

  /** Epoch of the leader that appended the message; -1 when it is not known. */
  get leaderEpoch(): number {
    return this.source.leaderEpoch
  }

  /** Throws SerializationError when the topic's serde refuses the bytes. */
  get key(): Key {
    if (this.cachedKey === unread) {
      this.cachedKey = this.decode('key', this.source.topic.key, this.keyStart, this.keyEnd)
    }
    return this.cachedKey as Key
  }

  /** Throws SerializationError when the topic's serde refuses the bytes. */
  get value(): Value {
    if (this.cachedValue === unread) {
      this.cachedValue = this.decode('value', this.source.topic.value, this.valueStart, this.valueEnd)
    }
    return this.cachedValue as Value
  }

  /** By name; a name that came several times has the list of its values. */
  get headers(): Headers {
    if (this.headerCount === 0) return noHeaders
    return (this.cachedHeaders ??= collectHeaders(this.source.buffer, this.headersStart, this.headerCount))
  }

  /** The last value of a header, as Java's `lastHeader`; undefined when there is none of that name. */
  header(name: string): HeaderValue | undefined {
    const value = Object.hasOwn(this.headers, name) ? this.headers[name] : undefined
    return Array.isArray(value) ? value[value.length - 1] : value
  }

  /** The key's bytes as they are; null for none. */
  get rawKey(): Buffer | null {
    return this.keyStart < 0 ? null : this.source.buffer.subarray(this.keyStart, this.keyEnd)
  }

  /** The value's bytes as they are; null for a tombstone. */
  get rawValue(): Buffer | null {
    return this.valueStart < 0 ? null : this.source.buffer.subarray(this.valueStart, this.valueEnd)
  }

  /** Tells messages of several topics apart, and gives key and value that topic's types. */
  isFrom<K, V>(topic: Topic<K, V, never, never>): this is Message<K, V> {
    return this.source.topic.name === topic.name
  }

  /** Offsets as text; bytes as base64, as `null` and text stay. What can't be decoded shows as its bytes. */
  toJSON(): Record<string, unknown> {
    return {
      topic: this.topic,
      partition: this.partition,
      offset: this.offset.toString(),
      timestamp: this.timestamp,
      key: jsonOf(this.readable('key')),
      value: jsonOf(this.readable('value')),
      headers: Object.fromEntries(
        Object.entries(this.headers).map(([name, value]) => [
          name,
          Array.isArray(value) ? value.map(textOf) : textOf(value),
        ]),
      ),
    }
  }

  [inspectCustom](_depth: number, options: object): string {
    const { topic, partition, offset, timestamp, headers } = this
    const shown = {
      topic,
      partition,
      offset,
      timestamp,
      key: this.readable('key'),
      value: this.readable('value'),
      headers,
    }
    return `Message ${nodeModule('node:util').inspect(shown, options)}`
  }

  private readable(part: 'key' | 'value'): unknown {
    try {
      return this[part]
    } catch {
      return part === 'key' ? this.rawKey : this.rawValue
    }
  }

  private decode(part: string, serde: Serde<unknown, never>, start: number, end: number): unknown {
    try {
      if (start >= 0) return serde.deserialize(this.source.buffer, start, end)
      if (serde.deserializeNull !== undefined) return serde.deserializeNull()
    } catch (cause) {
      throw this.serializationError(
        part,
        serde,
        cause instanceof Error ? cause.message : String(cause),
        cause,
      )
    }
    throw this.serializationError(part, serde, 'it is null; wrap the serde in nullable() to allow that')
  }

  private serializationError(
    part: string,
    serde: Serde<unknown, never>,
    reason: string,
    cause?: unknown,
  ): SerializationError {
    return new SerializationError(
      `Cannot read the ${part} of the message at offset ${this.offset} with the ${serde.name} serde: ${reason}`,
      { topic: this.topic, partition: this.partition, cause },
    )
  }
}

function collectHeaders(buffer: Buffer, start: number, count: number): Headers {
  // Without a prototype, so that a header called `__proto__` is a header like any other.
  const headers = Object.create(null) as Headers
  for (const { key, value } of readHeaders(buffer, start, count)) {
    const before = headers[key]
    if (before === undefined) headers[key] = value
    else if (Array.isArray(before)) before.push(value)
    else headers[key] = [before, value]
  }
  return headers
}

function textOf(value: HeaderValue): string | null {
  return value === null ? null : value.toString('utf8')
}

function jsonOf(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  return typeof value === 'bigint' ? value.toString() : value
}
