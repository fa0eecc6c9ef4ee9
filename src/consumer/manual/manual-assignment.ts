import * as z from 'zod/mini'
import { inEnglish } from '../../base/in-english'
import type { AnyTopic } from '../../message/message'
import { type TopicInput, topicInput } from '../../message/topic-input'
import { requireOffset, startFromOption, type StartFrom } from '../start-from'

/**
 * Where reading ends by itself, in a partition that was given by hand:
 *
 * - `'end'`: the end of the log at the moment when reading starts; with `read_committed` that of its last stable part
 * - `{ offset }`: before this offset, which may be one that does not exist yet
 * - `{ timestamp }`: before the first message of that time or later (ms since 1970, or a Date); when there is none, at
 *   the end of the log at the moment when reading starts
 */
export type ReadUntil = 'end' | { readonly offset: bigint | number } | { readonly timestamp: number | Date }

/** One partition, or all partitions of a topic, for a consumer that does without a group's assignment. */
export interface ManualAssignment<T extends TopicInput = TopicInput> {
  /** By its definition, which gives messages their types, or by name. */
  readonly topic: T
  /** Default: all partitions of the topic; without an end also those that are added while it is read. */
  readonly partition?: number | undefined
  /** Default: the consumer's. */
  readonly startFrom?: StartFrom | undefined
  /** Default: the consumer's. */
  readonly until?: ReadUntil | undefined
}

/** An item of the option `assign`: a whole topic, or one with more to say about it. */
export type AssignmentInput<T extends TopicInput = TopicInput> = T | ManualAssignment<T>

/** The topics of the option `assign`, for the types of the messages. */
export type TopicsOfAssignment<Assigned extends readonly AssignmentInput[]> = {
  readonly [Index in keyof Assigned]: Assigned[Index] extends { readonly topic: infer T extends TopicInput }
    ? T
    : Assigned[Index] extends TopicInput
      ? Assigned[Index]
      : never
}

/** An item of `assign` as the consumer uses it; `partition` is undefined for all of them. */
export interface ResolvedAssignment {
  readonly topic: AnyTopic
  readonly partition: number | undefined
  readonly startFrom: StartFrom | undefined
  readonly until: ReadUntil | undefined
}

const untilText = "must be 'end', { offset } or { timestamp }"

/** The option `until`. */
export const untilOption = z.lazy(() =>
  z.union(
    [
      z.literal('end'),
      z.strictObject({
        offset: z.custom<bigint | number>((value) => {
          try {
            return requireOffset(value, 'until') >= 0n
          } catch {
            return false
          }
        }),
      }),
      z.strictObject({ timestamp: z.union([z.number().check(z.minimum(0)), z.date()]) }),
    ],
    untilText,
  ),
)

const detailedAssignment = z.lazy(() =>
  z.strictObject({
    topic: topicInput,
    partition: z.optional(
      z
        .int('must be a whole number')
        .check(z.minimum(0, 'must be 0 or more'), z.maximum(0x7fffffff, 'must be 2147483647 or less')),
    ),
    startFrom: z.optional(startFromOption),
    until: z.optional(untilOption),
  }),
)

/** One item of the option `assign`. */
export const assignmentOption = z.lazy(() =>
  z.pipe(
    z.custom<AssignmentInput>(),
    z.transform((value, context): ResolvedAssignment => {
      const isDetailed = typeof value === 'object' && value !== null && 'topic' in value
      const result = isDetailed
        ? detailedAssignment.safeParse(value, inEnglish)
        : topicInput.safeParse(value, inEnglish)
      if (!result.success) {
        for (const { message, path } of result.error.issues) {
          context.issues.push({ code: 'custom', message, path, input: value })
        }
        return z.NEVER
      }
      if ('topic' in result.data) {
        const { topic, partition, startFrom, until } = result.data
        return { topic, partition, startFrom, until }
      }
      return { topic: result.data, partition: undefined, startFrom: undefined, until: undefined }
    }),
  ),
)

/** What is wrong with a list of assignments as a whole. */
export function assignmentProblems(assign: readonly ResolvedAssignment[]): string[] {
  const seen = new Set<string>()
  const problems: string[] = []
  for (const { topic, partition } of assign) {
    const key = partition === undefined ? `topic '${topic.name}'` : `${topic.name}-${partition}`
    if (seen.has(key)) problems.push(`option 'assign' has ${key} more than once`)
    seen.add(key)
  }
  return problems
}
