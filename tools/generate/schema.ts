import { z } from 'zod'

const fieldShape = {
  name: z.string().regex(/^[A-Za-z][A-Za-z0-9]*$/),
  type: z.string().min(1),
  versions: z.string(),
  about: z.string().optional(),
  default: z.union([z.string(), z.number(), z.boolean()]).optional(),
  entityType: z.string().optional(),
  nullableVersions: z.string().optional(),
  ignorable: z.boolean().optional(),
  mapKey: z.boolean().optional(),
  tag: z.int().min(0).optional(),
  taggedVersions: z.string().optional(),
  zeroCopy: z.boolean().optional(),
  flexibleVersions: z.string().optional(),
}

/** One field as the definition file writes it. */
export type FieldDefinition = z.infer<z.ZodObject<typeof fieldShape, z.core.$strict>> & {
  readonly fields?: FieldDefinition[] | undefined
}

const fieldSchema: z.ZodType<FieldDefinition> = z.strictObject({
  ...fieldShape,
  fields: z.lazy(() => z.array(fieldSchema)).optional(),
})

const commonStructSchema = z.strictObject({
  name: z.string(),
  versions: z.string(),
  fields: z.array(fieldSchema),
  about: z.string().optional(),
})

/** Every key that a definition file may have; any other is an error, so that nothing is half understood. */
const definitionSchema = z.strictObject({
  type: z.enum(['request', 'response', 'header', 'data']),
  name: z.string().regex(/^[A-Z][A-Za-z0-9]*$/),
  validVersions: z.string(),
  flexibleVersions: z.string().optional(),
  fields: z.array(fieldSchema).optional(),
  apiKey: z.int().min(0).optional(),
  listeners: z.array(z.enum(['broker', 'controller'])).optional(),
  commonStructs: z.array(commonStructSchema).optional(),
  latestVersionUnstable: z.boolean().optional(),
})

/** A struct that several fields of one message share. */
export type CommonStructDefinition = z.infer<typeof commonStructSchema>
/** One definition file. */
export type MessageDefinition = z.infer<typeof definitionSchema>

/** Checks the shape of a parsed file; the error names the file and the place in it. */
export function checkShape(file: string, value: unknown): MessageDefinition {
  const result = definitionSchema.safeParse(value)
  if (result.success) return result.data
  const problems = result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`)
  throw new Error(`${file}: ${problems.join('; ')}`)
}
