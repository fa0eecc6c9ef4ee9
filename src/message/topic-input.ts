import * as z from 'zod/mini'
import { KafkaError } from '../base/errors'
import { rawTopic, requireTopicName, type Topic } from '../serde/topic'
import type { AnyTopic, Message } from './message'

/** A topic by its definition, which gives messages their types, or by name only. */
export type TopicInput = string | AnyTopic

/** As `TopicInput`, or all topics whose names match. */
export type SubscriptionInput = TopicInput | RegExp

/**
 * The messages of these topics: their union, each typed by its topic's definition; bytes where there is none, as with
 * names and patterns.
 */
export type MessageOf<Topics extends readonly SubscriptionInput[]> = [Topics[number]] extends [never]
  ? MessageOfTopic<string>
  : MessageOfTopic<Topics[number]>

type MessageOfTopic<T> = T extends string | RegExp
  ? Message<Buffer | null, Buffer | null>
  : T extends Topic<infer Key, infer Value, never, never>
    ? Message<Key, Value>
    : never

/**
 * The topics that a reader of these may be sent to later, without a message whose type it doesn't know: its own
 * definitions, and by name or pattern where it reads bytes anyway.
 */
export type TopicAmong<Topics extends readonly SubscriptionInput[]> =
  Exclude<Topics[number], string | RegExp> | (ReadsBytes<Topics> extends true ? string : never)

/** As `TopicAmong`, for patterns. */
export type PatternAmong<Topics extends readonly SubscriptionInput[]> =
  ReadsBytes<Topics> extends true ? RegExp : never

type ReadsBytes<Topics extends readonly SubscriptionInput[]> = [Topics[number]] extends [never]
  ? true
  : [Extract<Topics[number], string | RegExp>] extends [never]
    ? false
    : true

/** The option of a client that reads: a definition stays what it is, a name becomes a topic of bytes. */
export const topicInput = z.lazy(() =>
  z.pipe(
    z.custom<TopicInput>(),
    z.transform((value, context): AnyTopic => {
      try {
        if (typeof value === 'string') return rawTopic(value)
        requireTopicName(value?.name)
        return value
      } catch (error) {
        const { message } = KafkaError.from(error)
        context.issues.push({ code: 'custom', message, input: value })
        return z.NEVER
      }
    }),
  ),
)
