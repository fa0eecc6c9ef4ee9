import * as z from 'zod/mini'
import { InvalidArgumentError } from '../base/errors'
import { inEnglish } from '../base/in-english'
import { requireTopicName } from '../serde/topic'

/** A topic name that Kafka takes. */
export const topicNameSchema = z.string().check(
  z.superRefine((name, context) => {
    try {
      requireTopicName(name)
    } catch (error) {
      context.addIssue(error instanceof Error ? error.message : String(error))
    }
  }),
)

/** Kafka's text form of a topic id. */
export const topicIdSchema = z
  .string()
  .check(
    z.regex(/^[A-Za-z0-9_-]{22}$/, 'A topic id has 22 characters of base64url, as describeTopics shows it'),
  )

export const partitionSchema = z.int().check(z.minimum(0), z.maximum(2_147_483_647))

/** A partition by topic and number. */
export const topicPartitionSchema = z.lazy(() =>
  z.strictObject({ topic: topicNameSchema, partition: partitionSchema }),
)

export const groupIdSchema = z.string().check(z.minLength(1, 'A group id must not be empty'))

export const transactionalIdSchema = z.string().check(z.minLength(1, 'A transactional id must not be empty'))

export const nodeIdSchema = z.int().check(z.minimum(0), z.maximum(2_147_483_647))

/** A config value as the user may write it. */
export const configValueSchema = z.lazy(() =>
  z.union([z.string(), z.number(), z.bigint(), z.boolean()], 'must be a string, number, bigint or boolean'),
)

/**
 * Checks what a call was given, before anything is sent. Values are never part of a message: they may be secret.
 * @param what the call, such as `createTopics`
 * @param name the argument, such as `topics`
 * @param identity tells items apart where a call can take each but once
 * @throws InvalidArgumentError that lists every problem
 */
export function parseItems<Item>(
  what: string,
  name: string,
  itemSchema: z.ZodMiniType<Item>,
  items: unknown,
  identity: (item: Item) => string,
): readonly Item[] {
  const parsed = z.array(itemSchema).safeParse(items, inEnglish)
  if (!parsed.success) throw invalid(what, describeIssues(name, parsed.error.issues))
  const seen = new Set<string>()
  const repeated = new Set<string>()
  for (const item of parsed.data) {
    const id = identity(item)
    if (seen.has(id)) repeated.add(id)
    seen.add(id)
  }
  if (repeated.size > 0) {
    throw invalid(
      what,
      [...repeated].map((id) => `${name} names ${id} more than once`),
    )
  }
  return parsed.data
}

/**
 * Checks an argument that is one thing.
 * @throws InvalidArgumentError that lists every problem
 */
export function parseArgument<Argument>(
  what: string,
  name: string,
  schema: z.ZodMiniType<Argument>,
  value: unknown,
): Argument {
  const parsed = schema.safeParse(value, inEnglish)
  if (!parsed.success) throw invalid(what, describeIssues(name, parsed.error.issues))
  return parsed.data
}

/** Problems of a call's arguments as one error. */
export function invalid(what: string, problems: readonly string[]): InvalidArgumentError {
  return new InvalidArgumentError(`Wrong arguments for ${what}: ${problems.join('; ')}`)
}

type Issue = z.core.$ZodIssue

function describeIssues(name: string, issues: readonly Issue[]): string[] {
  return issues.flatMap((issue) => {
    const place = name + issue.path.map(pathPart).join('')
    if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => `${place} has no field '${key}'`)
    return [`${place}: ${issue.message}`]
  })
}

function pathPart(part: PropertyKey): string {
  if (typeof part === 'number') return `[${part}]`
  return /^[A-Za-z_]\w*$/.test(String(part)) ? `.${String(part)}` : `['${String(part)}']`
}
