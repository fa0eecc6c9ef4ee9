import * as z from 'zod/mini'
import { inEnglish } from '../../base/in-english'
import { resolveOptions } from '../../base/options'
import type { AnyTopic } from '../../message/message'
import { type SubscriptionInput, topicInput } from '../../message/topic-input'

/** What a member of a group reads: topics by name, and all whose names match a pattern. */
export interface TopicSelection {
  readonly topics: readonly AnyTopic[]
  /** All patterns in one; null for none. */
  readonly pattern: RegExp | null
}

/** One item of the option `topics`. */
const selected = z.lazy(() =>
  z.pipe(
    z.custom<SubscriptionInput>(),
    z.transform((value, context): AnyTopic | RegExp => {
      if (value instanceof RegExp) return value
      const result = topicInput.safeParse(value, inEnglish)
      if (result.success) return result.data
      for (const { message } of result.error.issues) {
        context.issues.push({ code: 'custom', message, input: value })
      }
      return z.NEVER
    }),
  ),
)

/** The option `topics`. */
export const topicsOption = z.lazy(() =>
  z.pipe(
    z.array(selected, 'must be a list of topics'),
    z.transform((items, context): TopicSelection => {
      const topics = items.filter((item): item is AnyTopic => !(item instanceof RegExp))
      const patterns = items.filter((item) => item instanceof RegExp)
      for (const message of [...repeatedNames(topics), ...patternProblems(patterns)]) {
        context.issues.push({ code: 'custom', message, input: items })
      }
      return { topics, pattern: patterns.length === 0 ? null : combined(patterns) }
    }),
  ),
)

/** The argument of `subscribe`. Throws InvalidOptionError that lists all problems. */
export function resolveTopics(topics: unknown): TopicSelection {
  return resolveOptions(z.strictObject({ topics: topicsOption }), 'subscribe', { topics }).topics
}

function repeatedNames(topics: readonly AnyTopic[]): string[] {
  const names = topics.map(({ name }) => name)
  const twice = names.filter((name, index) => names.indexOf(name) !== index)
  return twice.length === 0 ? [] : [`must not name ${twice.join(', ')} more than once`]
}

/** Flags that would make a pattern's answer depend on what it was asked before. */
const statefulFlags = /[gy]/

function patternProblems(patterns: readonly RegExp[]): string[] {
  const problems = patterns
    .filter(({ flags }) => statefulFlags.test(flags))
    .map((pattern) => `must not have the flags g and y in ${String(pattern)}: a name matches or does not`)
  const cases = new Set(patterns.map(({ ignoreCase }) => ignoreCase))
  if (cases.size > 1) problems.push('must have patterns with the flag i only, or none with it')
  return problems
}

/** One expression that matches what any of these does. */
function combined(patterns: readonly RegExp[]): RegExp {
  const [first] = patterns
  if (first !== undefined && patterns.length === 1) return first
  const flags = [...new Set(patterns.flatMap(({ flags }) => [...flags]))].join('')
  return new RegExp(patterns.map(({ source }) => `(?:${source})`).join('|'), flags)
}

/** True when the topic is among those that are to be read. */
export function isSelected({ topics, pattern }: TopicSelection, name: string): boolean {
  return topics.some((topic) => topic.name === name) || (pattern?.test(name) ?? false)
}
