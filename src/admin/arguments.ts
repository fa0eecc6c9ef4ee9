import * as z from 'zod'
import { InvalidArgumentError } from '../base/errors'
import { requireTopicName } from '../serde/topic'

/** A topic name that Kafka takes. */
export const topicNameSchema = z.string().superRefine((name, context) => {
  try {
    requireTopicName(name)
  } catch (error) {
    context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : String(error) })
  }
})

/** Kafka's text form of a topic id. */
export const topicIdSchema = z
  .string()
  .regex(/^[A-Za-z0-9_-]{22}$/, 'A topic id has 22 characters of base64url, as describeTopics shows it')

export const partitionSchema = z.int().min(0).max(2_147_483_647)

/** A partition by topic and number. */
export const topicPartitionSchema = z.strictObject({ topic: topicNameSchema, partition: partitionSchema })

export const groupIdSchema = z.string().min(1, 'A group id must not be empty')

export const transactionalIdSchema = z.string().min(1, 'A transactional id must not be empty')

export const nodeIdSchema = z.int().min(0).max(2_147_483_647)

/** A config value as the user may write it. */
export const configValueSchema = z.union([z.string(), z.number(), z.bigint(), z.boolean()], {
  error: 'must be a string, number, bigint or boolean',
})

/**
 * Checks what a call was given, before anything is sent. Values are never part of a message: they may be secret.
 * @param what the call, such as `createTopics`
 * @param name the argument, such as `topics`
 * @param identity tells items apart where a call can take each but once
 * @throws InvalidArgumentError that lists every problem
 */
export function parseItems<Schema extends z.ZodType>(
  what: string,
  name: string,
  itemSchema: Schema,
  items: unknown,
  identity: (item: z.output<Schema>) => string,
): readonly z.output<Schema>[] {
  const parsed = z.array(itemSchema).safeParse(items)
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
export function parseArgument<Schema extends z.ZodType>(
  what: string,
  name: string,
  schema: Schema,
  value: unknown,
): z.output<Schema> {
  const parsed = schema.safeParse(value)
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
