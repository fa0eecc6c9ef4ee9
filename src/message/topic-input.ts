import { z } from 'zod'
import { KafkaError } from '../base/errors'
import { rawTopic, requireTopicName, type Topic } from '../serde/topic'
import type { AnyTopic, Message } from './message'

/** A topic by its definition, which gives messages their types, or by name only. */
export type TopicInput = string | AnyTopic

/** The messages of these topics: their union, each typed by its topic's definition; bytes where there is none. */
export type MessageOf<Topics extends readonly TopicInput[]> = [Topics[number]] extends [never]
  ? MessageOfTopic<string>
  : MessageOfTopic<Topics[number]>

type MessageOfTopic<T> = T extends string
  ? Message<Buffer | null, Buffer | null>
  : T extends Topic<infer Key, infer Value, never, never>
    ? Message<Key, Value>
    : never

/** The option of a client that reads: a definition stays what it is, a name becomes a topic of bytes. */
export const topicInput = z.custom<TopicInput>().transform((value, context): AnyTopic => {
  try {
    if (typeof value === 'string') return rawTopic(value)
    requireTopicName(value?.name)
    return value
  } catch (error) {
    context.addIssue(KafkaError.from(error).message)
    return z.NEVER
  }
})
