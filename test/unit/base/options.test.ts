// Guards the door: a wrong option must end in one error that names every problem, and never show a secret.
import * as z from 'zod/mini'
import { InvalidOptionError } from '../../../src/base/errors'
import { resolveOptions } from '../../../src/base/options'

const schema = z.strictObject({
  lingerMs: z._default(z.int().check(z.minimum(0)), 5),
  acks: z._default(z.enum(['all', '1', '0']), 'all'),
  sasl: z.optional(z.strictObject({ username: z.string(), password: z.string().check(z.minLength(8)) })),
})

function problemsOf(options: unknown): readonly string[] {
  try {
    resolveOptions(schema, 'the producer', options)
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidOptionError)
    return (error as InvalidOptionError).problems
  }
  return []
}

describe('resolveOptions', () => {
  it('fills in defaults and freezes the result without touching the input', () => {
    const input = { lingerMs: 1 }
    const resolved = resolveOptions(schema, 'the producer', input)
    expect(resolved).toEqual({ lingerMs: 1, acks: 'all' })
    expect(Object.isFrozen(resolved)).toBe(true)
    expect(input).toEqual({ lingerMs: 1 })
    expect(resolveOptions(schema, 'the producer', undefined)).toEqual({ lingerMs: 5, acks: 'all' })
  })

  it('lists all problems at once, each with the option and the value', () => {
    const problems = problemsOf({ lingerMs: -1, acks: 'most' })
    expect(problems).toHaveLength(2)
    expect(problems[0]).toContain("option 'lingerMs' is -1")
    expect(problems[1]).toContain("option 'acks' is 'most'")
  })

  it('refuses an unknown option and suggests the nearest known one', () => {
    expect(problemsOf({ lingerMS: 5 })).toEqual(["unknown option 'lingerMS', did you mean 'lingerMs'?"])
    expect(problemsOf({ entirelyElse: 5 })).toEqual(["unknown option 'entirelyElse'"])
  })

  it('never shows the value of a secret', () => {
    const [problem] = problemsOf({ sasl: { username: 'u', password: 'hunter2' } })
    expect(problem).toContain("option 'sasl.password' is (hidden)")
    expect(problem).not.toContain('hunter2')
  })

  it('says in English what a schema has no words of its own for, and leaves the settings of zod alone', () => {
    expect(problemsOf({ lingerMs: -1, sasl: 5 })).toEqual([
      "option 'lingerMs' is -1: too small: expected number to be >=0",
      "option 'sasl' is 5: invalid input: expected object, received number",
    ])
    expect(z.config()).toEqual({})
  })

  it('knows the options of a schema that is made at first use', () => {
    const late = z.lazy(() => z.strictObject({ lingerMs: z.optional(z.int()) }))
    expect(() => resolveOptions(late, 'the producer', { lingerms: 5 })).toThrow("did you mean 'lingerMs'?")
    expect(resolveOptions(late, 'the producer', { lingerMs: 5 })).toEqual({ lingerMs: 5 })
  })
})
