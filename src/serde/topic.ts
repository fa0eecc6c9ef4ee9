import { InvalidArgumentError } from '../base/errors'
import { raw, type RawInput } from './basic-serdes'
import type { Serde } from './serde'

/**
 * A topic and the types of what is in it. Made once with `topic()` and passed to `send` and to consumers, which
 * take their types from it.
 */
export interface Topic<Key, Value, KeyInput = Key, ValueInput = Value> {
  readonly name: string
  readonly key: Serde<Key, KeyInput>
  readonly value: Serde<Value, ValueInput>
}

/** A topic that was given as a name only. */
export type RawTopic = Topic<Buffer | null, Buffer | null, RawInput, RawInput>

export interface TopicSerdes<Key, Value, KeyInput, ValueInput> {
  /** Default: text or bytes in, bytes out, null allowed. */
  readonly key?: Serde<Key, KeyInput>
  readonly value?: Serde<Value, ValueInput>
}

/**
 * Defines a topic: `topic('orders', { key: string(), value: json(Order) })`.
 * @throws InvalidArgumentError when Kafka would not take the name
 */
export function topic<
  Key = Buffer | null,
  Value = Buffer | null,
  KeyInput = Key extends Buffer | null ? RawInput : Key,
  ValueInput = Value extends Buffer | null ? RawInput : Value,
>(
  name: string,
  serdes: TopicSerdes<Key, Value, KeyInput, ValueInput> = {},
): Topic<Key, Value, KeyInput, ValueInput> {
  requireTopicName(name)
  return Object.freeze({
    name,
    key: serdes.key ?? (raw() as Serde<unknown, never> as Serde<Key, KeyInput>),
    value: serdes.value ?? (raw() as Serde<unknown, never> as Serde<Value, ValueInput>),
  })
}

/** The untyped definition of a topic known by name only. */
export function rawTopic(name: string): RawTopic {
  return topic(name)
}

/** Throws InvalidArgumentError when Kafka would not take the name. */
export function requireTopicName(name: unknown): asserts name is string {
  if (typeof name !== 'string') {
    throw new InvalidArgumentError(
      `Topic name is of type ${name === null ? 'null' : typeof name}, not a string`,
    )
  }
  const problem = topicNameProblem(name)
  if (problem !== undefined) throw new InvalidArgumentError(`Topic name ${JSON.stringify(name)} ${problem}`)
}

function topicNameProblem(name: string): string | undefined {
  if (name === '') return 'is empty'
  if (name === '.' || name === '..') return "must not be '.' or '..'"
  if (name.length > 249) return `has ${name.length} characters; Kafka allows 249`
  if (!/^[a-zA-Z0-9._-]+$/.test(name)) return "may hold only letters, digits, '.', '_' and '-'"
  return undefined
}
