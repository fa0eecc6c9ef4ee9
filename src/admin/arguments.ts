import { InvalidArgumentError } from '../base/errors'
import type { Issue } from '../base/schema'
import * as is from '../base/schemas'
import { requireTopicName } from '../serde/topic'

/** A topic name that Kafka takes. */
export const topicNameSchema = is.string().superRefine((name, context) => {
  try {
    requireTopicName(name)
  } catch (error) {
    context.addIssue(error instanceof Error ? error.message : String(error))
  }
})

/** Kafka's text form of a topic id. */
export const topicIdSchema = is
  .string()
  .regex(/^[A-Za-z0-9_-]{22}$/, 'A topic id has 22 characters of base64url, as describeTopics shows it')

export const partitionSchema = is.int().min(0).max(2_147_483_647)

/** A partition by topic and number. */
export const topicPartitionSchema = is.strictObject({ topic: topicNameSchema, partition: partitionSchema })

export const groupIdSchema = is.string().min(1, 'A group id must not be empty')

export const transactionalIdSchema = is.string().min(1, 'A transactional id must not be empty')

export const nodeIdSchema = is.int().min(0).max(2_147_483_647)

/** A config value as the user may write it. */
export const configValueSchema = is.union(
  [is.string(), is.number(), is.bigint(), is.boolean()],
  'must be a string, number, bigint or boolean',
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
  itemSchema: is.Schema<Item>,
  items: unknown,
  identity: (item: Item) => string,
): readonly Item[] {
  const parsed = is.array(itemSchema).safeParse(items)
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
  schema: is.Schema<Argument>,
  value: unknown,
): Argument {
  const parsed = schema.safeParse(value)
  if (!parsed.success) throw invalid(what, describeIssues(name, parsed.error.issues))
  return parsed.data
}

/** Problems of a call's arguments as one error. */
export function invalid(what: string, problems: readonly string[]): InvalidArgumentError {
  return new InvalidArgumentError(`Wrong arguments for ${what}: ${problems.join('; ')}`)
}

function describeIssues(name: string, issues: readonly Issue[]): string[] {
  return issues.flatMap((issue) => {
    const place = name + issue.path.map(pathPart).join('')
    if (issue.unknownKeys !== undefined)
      return issue.unknownKeys.map((key) => `${place} has no field '${key}'`)
    return [`${place}: ${issue.message}`]
  })
}

function pathPart(part: PropertyKey): string {
  if (typeof part === 'number') return `[${part}]`
  return /^[A-Za-z_]\w*$/.test(String(part)) ? `.${String(part)}` : `['${String(part)}']`
}
