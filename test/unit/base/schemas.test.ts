// Guards what every option goes through: a wrong value that passes, a right one that is refused, or a default that is shared.
import { z } from 'zod'
import type { Issue } from '../../../src/base/schema'
import * as is from '../../../src/base/schemas'

const told = (schema: is.Schema<unknown>, value: unknown): string[] => {
  const result = schema.safeParse(value)
  return result.success ? [] : result.error.issues.map(inWords)
}
const inWords = ({ path, message, unknownKeys }: Issue): string =>
  `${path.map(String).join('.')}: ${unknownKeys === undefined ? message : `unknown ${unknownKeys.join(', ')}`}`

/** Without what it says of the size of a value that is not even of its type. */
const toldByZod = (schema: z.ZodType, value: unknown): string[] => {
  const issues = schema.safeParse(value).error?.issues ?? []
  const isTyped = !issues.some(({ code, path }) => code === 'invalid_type' && path.length === 0)
  const counted = issues.filter(({ code }) => isTyped || (code !== 'too_small' && code !== 'too_big'))
  return counted.map((issue) => {
    const what = issue.code === 'unrecognized_keys' ? `unknown ${issue.keys.join(', ')}` : issue.message
    return `${issue.path.map(String).join('.')}: ${what.replace('received Object', 'received object')}`
  })
}

class Own {
  readonly level = 5
}

const values: readonly unknown[] = [
  undefined,
  null,
  '',
  'a',
  'gzip',
  'x'.repeat(9),
  0,
  -1,
  5,
  1.5,
  12,
  NaN,
  Infinity,
  0n,
  -3n,
  7n,
  true,
  false,
  Symbol.iterator,
  () => 1,
  [],
  [1],
  ['a', ''],
  ['a', 5],
  [1, 2, 3, 4],
  {},
  { a: 1 },
  { a: '1' },
  { level: 5 },
  { level: -5, extra: 1, other: 2 },
  { level: 'x', extra: 1 },
  { type: 'gzip', level: 3 },
  { type: 'gzip', level: -3 },
  { type: 'gzip', level: 'x' },
  { type: 'other' },
  Object.create(null),
  Object.create({ level: 5 }),
  new Own(),
  new Date(0),
  new Date(NaN),
  new Map(),
  Buffer.from('x'),
  /x/,
]

/** The same by the library that these were made after. */
const pairs: readonly (readonly [string, is.Schema<unknown>, z.ZodType])[] = [
  ['string', is.string(), z.string()],
  ['string with a message', is.string('a text'), z.string('a text')],
  ['short string', is.string().min(1).max(5, 'too long'), z.string().min(1).max(5, 'too long')],
  [
    'pattern',
    is.string().min(3).regex(/^a/, 'begins with a'),
    z.string().min(3).regex(/^a/, 'begins with a'),
  ],
  ['number', is.number(), z.number()],
  ['small number', is.number().min(0).max(10, 'up to 10'), z.number().min(0).max(10, 'up to 10')],
  [
    'whole number',
    is.int('whole').min(0, 'not below 0').max(10, 'up to 10'),
    z.int('whole').min(0, 'not below 0').max(10, 'up to 10'),
  ],
  ['bigint', is.bigint().min(0n).max(5n), z.bigint().min(0n).max(5n)],
  ['boolean', is.boolean(), z.boolean()],
  ['date', is.date(), z.date()],
  ['unknown', is.unknown(), z.unknown()],
  ['any custom', is.custom(), z.custom()],
  [
    'custom',
    is.custom((value) => typeof value === 'function'),
    z.custom((value) => typeof value === 'function'),
  ],
  ['one of', is.oneOf(['a', 'gzip']), z.enum(['a', 'gzip'])],
  ['mixed literals', is.oneOf(['a', 5, true]), z.literal(['a', 5, true])],
  ['literal', is.literal('a'), z.literal('a')],
  ['optional', is.string().optional(), z.string().optional()],
  ['nullable', is.int('whole').nullable(), z.int('whole').nullable()],
  ['both', is.string().min(1).nullable().optional(), z.string().min(1).nullish()],
  ['default', is.int('whole').default(5), z.int('whole').default(5)],
  ['list', is.array(is.string().min(1)).min(1), z.array(z.string().min(1)).min(1)],
  ['list with a message', is.array(is.unknown(), 'a list'), z.array(z.unknown(), 'a list')],
  ['record', is.record(is.number()), z.record(z.string(), z.number())],
  ['object', is.strictObject({ level: is.number() }), z.strictObject({ level: z.number() })],
  [
    'object with a rule',
    is
      .strictObject({ level: is.number().min(0).default(1), extra: is.int('whole').optional() })
      .refine((given) => given.level > 3, 'above 3'),
    z
      .strictObject({ level: z.number().min(0).default(1), extra: z.int('whole').optional() })
      .refine((given) => given.level > 3, 'above 3'),
  ],
  ['union', is.union([is.string(), is.bigint()], 'either'), z.union([z.string(), z.bigint()], 'either')],
  [
    'union of objects',
    is.union([
      is.oneOf(['gzip']).transform((type) => ({ type, level: 0 })),
      is.strictObject({ type: is.oneOf(['gzip', 'lz4']), level: is.number().min(0).optional() }),
    ]),
    z.union([
      z.enum(['gzip']).transform((type) => ({ type, level: 0 })),
      z.strictObject({ type: z.enum(['gzip', 'lz4']), level: z.number().min(0).optional() }),
    ]),
  ],
  [
    'transformation that finds an issue',
    is.array(is.string()).transform((items, context) => {
      for (const item of items) if (item === '') context.addIssue('an empty one')
      return items.length
    }),
    z.array(z.string()).transform((items, context) => {
      for (const item of items) if (item === '') context.addIssue('an empty one')
      return items.length
    }),
  ],
]

describe('schemas', () => {
  it.each(pairs)('%s: takes and refuses what zod does, with its words', (_, ours, zods) => {
    for (const value of values) {
      expect({ value, told: told(ours, value) }).toEqual({ value, told: toldByZod(zods, value) })
      const result = ours.safeParse(value)
      if (result.success) expect({ value, data: result.data }).toEqual({ value, data: zods.parse(value) })
    }
  })

  it('tells everything that is wrong, and where', () => {
    const schema = is.strictObject({
      topics: is.array(is.strictObject({ name: is.string().min(1, 'must not be empty') })),
      timeoutMs: is.int('must be a whole number'),
    })
    expect(
      told(schema, { topics: [{ name: 'a' }, { name: '', nam: 1 }, 5], timeoutMs: 0.5, acks: 1 }),
    ).toEqual([
      'topics.1.name: must not be empty',
      'topics.1: unknown nam',
      'topics.2: Invalid input: expected object, received number',
      'timeoutMs: must be a whole number',
      ': unknown acks',
    ])
  })

  it('asks no rule about a value that is not of its type, and transforms nothing that is wrong', () => {
    const asked = jest.fn(() => true)
    const schema = is.strictObject({ a: is.string().min(2) }).refine(asked, 'never')
    const transformed = schema.transform(asked)
    expect(told(transformed, { a: 5 })).toEqual(['a: Invalid input: expected string, received number'])
    expect(asked).not.toHaveBeenCalled()
    expect(told(transformed, { a: 'x' })).toEqual(['a: Too small: expected string to have >=2 characters'])
    expect(asked).toHaveBeenCalledTimes(1)
  })

  it('puts issues that a rule takes over from another schema where they belong', () => {
    const address = is.strictObject({ host: is.string(), ports: is.array(is.number()) })
    const schema = is.strictObject({
      at: is.unknown().superRefine((value, context) => {
        const { error } = address.safeParse(value) as { error?: { issues: readonly Issue[] } }
        for (const issue of error?.issues ?? []) context.addIssue(issue)
      }),
    })
    expect(told(schema, { at: { host: 1, ports: [1, 'x'], y: 2 } })).toEqual([
      'at.host: Invalid input: expected string, received number',
      'at.ports.1: Invalid input: expected number, received string',
      'at: unknown y',
    ])
  })

  it('gives each value defaults of its own', () => {
    const schema = is.strictObject({
      list: is.array(is.string()).default([]),
      map: is.record(is.string()).default({}),
      made: is.custom<object>().default(() => ({})),
    })
    const [first, second] = [schema.safeParse({}), schema.safeParse({})]
    if (!first.success || !second.success) throw new Error('not taken')
    for (const name of ['list', 'map', 'made'] as const) {
      expect(first.data[name]).toEqual(second.data[name])
      expect(first.data[name]).not.toBe(second.data[name])
    }
  })

  it('leaves what it was made from as it is: a narrower schema is another one', () => {
    const whole = is.int('whole')
    const positive = whole.min(1)
    expect(told(whole, -5)).toEqual([])
    expect(told(positive, -5)).toEqual(
      ['Too small: expected number to be >=1'].map((message) => `: ${message}`),
    )
    expect(told(positive.max(3), 2)).toEqual([])
    expect(Object.keys(is.strictObject({ a: whole }).refine(() => true, '').shape)).toEqual(['a'])
  })

  it('neither takes nor gives the prototype of objects', () => {
    const hostile: unknown = JSON.parse('{"__proto__": {"level": 5}}')
    const record = is.record(is.unknown()).safeParse(hostile)
    if (!record.success) throw new Error('not taken')
    expect(Object.getPrototypeOf(record.data)).toBe(Object.prototype)
    expect(told(is.strictObject({ level: is.number() }), hostile)).toEqual([
      'level: Invalid input: expected number, received undefined',
      ': unknown __proto__',
    ])
  })

  it('knows the types of what comes out', () => {
    const schema = is.strictObject({
      name: is.string(),
      level: is.int().optional(),
      acks: is.oneOf(['all', 1]).default(1),
      nullable: is.date().nullable(),
    })
    const parsed: is.Output<typeof schema> = { name: 'a', acks: 'all', nullable: null }
    expect(schema.safeParse(parsed)).toEqual({ success: true, data: parsed })
    // @ts-expect-error -- a name is needed
    const nameless: is.Output<typeof schema> = { acks: 'all', nullable: null }
    expect(schema.safeParse(nameless).success).toBe(false)
  })
})
