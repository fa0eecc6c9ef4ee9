import { type Issue, never, type Output, type Parse, Schema } from './schema'

export { never, type Output, Schema } from './schema'

type Primitive = string | number | bigint | boolean
type Fields = Readonly<Record<string, Schema<unknown>>>
type OptionalKeys<F> = { [K in keyof F]: undefined extends Output<F[K]> ? K : never }[keyof F]

/** What comes out of a schema of these fields: those that may be left out are optional. */
export type ObjectOf<F> = {
  -readonly [K in keyof F as K extends OptionalKeys<F> ? never : K]: Output<F[K]>
} & {
  -readonly [K in keyof F as K extends OptionalKeys<F> ? K : never]?: Output<F[K]>
} extends infer O
  ? { [K in keyof O]: O[K] }
  : never

/** How large values of a kind are, and how that is said. */
interface Measure<Output, Size> {
  readonly of: (value: Output) => Size
  readonly phrase: string
  readonly unit: string
}

/** Values that have a size. */
export class SizedSchema<Output, Size extends number | bigint> extends Schema<Output> {
  readonly measure: Measure<Output, Size>

  constructor(parse: Parse<Output>, measure: Measure<Output, Size>) {
    super(parse)
    this.measure = measure
  }

  /** Of this size or larger. */
  min(least: Size, message?: string): this {
    const { of, phrase, unit } = this.measure
    return this.refine(
      (value) => of(value) >= least,
      message ?? `Too small: expected ${phrase} >=${least}${unit}`,
    )
  }

  /** Of this size or smaller. */
  max(most: Size, message?: string): this {
    const { of, phrase, unit } = this.measure
    return this.refine(
      (value) => of(value) <= most,
      message ?? `Too big: expected ${phrase} <=${most}${unit}`,
    )
  }
}

/** Texts, measured in characters. */
export class StringSchema extends SizedSchema<string, number> {
  /** Matches this pattern. */
  regex(pattern: RegExp, message: string): this {
    return this.refine((value) => pattern.test(value), message)
  }
}

/** Objects of these fields and no others. */
export class ObjectSchema<F extends Fields> extends Schema<ObjectOf<F>> {
  readonly shape: F

  constructor(shape: F) {
    super((value, issues) => parseFields(shape, value, issues) as ObjectOf<F>)
    this.shape = shape
  }
}

const itself = <T>(value: T): T => value

export function string(message?: string): StringSchema {
  const parse = typed<string>((value) => typeof value === 'string', 'string', message)
  return new StringSchema(parse, {
    of: ({ length }) => length,
    phrase: 'string to have',
    unit: ' characters',
  })
}

/** Any number but NaN and the infinite ones. */
export function number(message?: string): SizedSchema<number, number> {
  const parse = typed<number>(Number.isFinite, 'number', message)
  return new SizedSchema(parse, { of: itself, phrase: 'number to be', unit: '' })
}

/** A whole number that is exact. */
export function int(message?: string): SizedSchema<number, number> {
  const parse = typed<number>(Number.isSafeInteger, 'int', message)
  return new SizedSchema(parse, { of: itself, phrase: 'number to be', unit: '' })
}

export function bigint(message?: string): SizedSchema<bigint, bigint> {
  const parse = typed<bigint>((value) => typeof value === 'bigint', 'bigint', message)
  return new SizedSchema(parse, { of: itself, phrase: 'bigint to be', unit: '' })
}

export function boolean(message?: string): Schema<boolean> {
  return new Schema(typed((value) => typeof value === 'boolean', 'boolean', message))
}

/** A `Date` that stands for a time. */
export function date(): Schema<Date> {
  return new Schema(typed((value) => value instanceof Date && !Number.isNaN(value.getTime()), 'date'))
}

/** Anything at all. */
export function unknown(): Schema<unknown> {
  return new Schema(itself)
}

/** Whatever passes the test; anything without one. */
export function custom<T>(
  test: (value: unknown) => boolean = () => true,
  message = 'Invalid input',
): Schema<T> {
  return new Schema(typed<T>(test, '', message))
}

/** One of these values. */
export function oneOf<const Values extends readonly Primitive[]>(
  values: Values,
  message?: string,
): Schema<Values[number]> {
  const shown = values.map((value) => (typeof value === 'string' ? `"${value}"` : String(value))).join('|')
  const expected =
    values.length === 1 ? `Invalid input: expected ${shown}` : `Invalid option: expected one of ${shown}`
  return custom<Values[number]>(
    (value) => (values as readonly unknown[]).includes(value),
    message ?? expected,
  )
}

/** This value. */
export function literal<const Value extends Primitive>(value: Value): Schema<Value> {
  return oneOf([value])
}

export function array<Item>(item: Schema<Item>, message?: string): SizedSchema<Item[], number> {
  const requireArray = typed<unknown[]>(Array.isArray, 'array', message)
  const parse: Parse<Item[]> = (value, issues) => {
    const before = issues.length
    const items = requireArray(value, issues)
    return issues.length > before ? never : items.map((one, index) => parseAt(item, one, index, issues))
  }
  return new SizedSchema(parse, { of: ({ length }) => length, phrase: 'array to have', unit: ' items' })
}

/** An object of these fields and no others. */
export function strictObject<const F extends Fields>(fields: F): ObjectSchema<F> {
  return new ObjectSchema(fields)
}

/** An object of any names, each with such a value. */
export function record<Value>(valueSchema: Schema<Value>): Schema<Record<string, Value>> {
  return new Schema((value, issues) => {
    const before = issues.length
    const given = requirePlainObject(value, issues)
    if (issues.length > before) return never
    return Object.fromEntries(
      Object.entries(given).map(([name, one]) => [name, parseAt(valueSchema, one, name, issues)]),
    )
  })
}

/**
 * What fits the first of these. Where none fits, but one takes the value for its own and dislikes a detail only, it
 * tells its issues; else there is one issue with the message.
 */
export function union<const Options extends readonly Schema<unknown>[]>(
  options: Options,
  message = 'Invalid input',
): Schema<Output<Options[number]>> {
  return new Schema((value, issues) => {
    const near: Issue[][] = []
    for (const option of options) {
      const own: Issue[] = []
      const output = option.parse(value, own)
      if (own.length === 0) return output as Output<Options[number]>
      if (!own.some(({ final }) => final)) near.push(own)
    }
    issues.push(...(near.length === 1 ? (near[0] as Issue[]) : [{ path: [], message, final: true }]))
    return never
  })
}

function typed<T>(test: (value: unknown) => boolean, expected: string, message?: string): Parse<T> {
  return (value, issues) => {
    if (!test(value)) {
      const found = message ?? `Invalid input: expected ${expected}, received ${kindOf(value)}`
      issues.push({ path: [], message: found, final: true })
    }
    return value as T
  }
}

const isObject = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value)
const requireObject = typed<Record<string, unknown>>(isObject, 'object')
// By the name of its class: an object may come from another realm, as in a test runner.
const requirePlainObject = typed<Record<string, unknown>>((value) => kindOf(value) === 'object', 'record')

function parseFields(fields: Fields, value: unknown, issues: Issue[]): Record<string, unknown> {
  const before = issues.length
  const given = requireObject(value, issues)
  const output: Record<string, unknown> = {}
  if (issues.length > before) return output
  for (const [name, field] of Object.entries(fields)) {
    const parsed = parseAt(field, given[name], name, issues)
    if (parsed !== undefined || name in given) output[name] = parsed
  }
  const unknownKeys: string[] = []
  for (const name in given) if (!Object.hasOwn(fields, name)) unknownKeys.push(name)
  if (unknownKeys.length > 0) issues.push({ path: [], message: 'Unknown fields', unknownKeys })
  return output
}

function parseAt<T>(schema: Schema<T>, value: unknown, key: PropertyKey, issues: Issue[]): T {
  const before = issues.length
  const output = schema.parse(value, issues)
  for (let at = before; at < issues.length; at++) (issues[at] as Issue).path.unshift(key)
  return output
}

/** What a value is, for messages. */
function kindOf(value: unknown): string {
  if (typeof value === 'number') return Number.isFinite(value) ? 'number' : String(value)
  if (typeof value !== 'object') return typeof value
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  const { name } = value.constructor ?? Object
  return name === 'Object' ? 'object' : name
}
