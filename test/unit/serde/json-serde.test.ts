// Guards against values that do not fit their schema going out or coming in, and against schemas applied twice.
import { z } from 'zod'
import { SerializationError } from '../../../src/base/errors'
import { nullable } from '../../../src/serde/basic-serdes'
import { json } from '../../../src/serde/json-serde'
import type { Serde } from '../../../src/serde/serde'
import type { StandardSchema } from '../../../src/serde/standard-schema'

const read = <Output>(serde: Serde<Output, never>, text: string): Output => {
  const buffer = Buffer.from(`[[${text}]]`)
  return serde.deserialize(buffer, 2, buffer.length - 2)
}

const Order = z.object({ id: z.string(), items: z.array(z.object({ price: z.number() })) })

describe('json() without a schema', () => {
  it.each([[null], [5], ['text'], [[1, 'ü']], [{ a: { b: [] } }], [true]])('carries %j', (value) => {
    const text = json().serialize(value) as string
    expect(text).toBe(JSON.stringify(value))
    expect(read(json(), text)).toEqual(value)
  })

  it.each([
    [undefined, 'undefined'],
    [() => 1, 'function'],
    [Symbol('s'), 'symbol'],
  ])('refuses %p, which has no JSON form', (value, type) => {
    expect(() => json().serialize(value)).toThrow(SerializationError)
    expect(() => json().serialize(value)).toThrow(`A value of type ${type} has no JSON form`)
  })

  it('throws on a bigint, on a cycle and on bytes that are no JSON', () => {
    const cycle: { self?: unknown } = {}
    cycle.self = cycle
    expect(() => json().serialize({ n: 1n })).toThrow(/BigInt/)
    expect(() => json().serialize(cycle)).toThrow(/circular/)
    expect(() => read(json(), '{"a":')).toThrow(/JSON/)
    expect(() => read(json(), '')).toThrow(/JSON/)
  })

  it('writes null as JSON; a tombstone needs nullable()', () => {
    expect(json().serialize(null)).toBe('null')
    expect(nullable(json()).serialize(null)).toBeNull()
    expect(json().deserializeNull).toBeUndefined()
  })
})

describe('json() with a schema', () => {
  it('refuses to write what does not fit, and says where and why', () => {
    const serde = json(Order)
    const order = { id: 'o-1', items: [{ price: 'free' as never }] }
    expect(() => serde.serialize(order)).toThrow(SerializationError)
    expect(() => serde.serialize(order)).toThrow(
      /^The value does not fit its schema: items\.0\.price: .*expected number/,
    )
  })

  it('refuses to read what does not fit', () => {
    expect(() => read(json(Order), '{"items":[]}')).toThrow(/id: .*expected string/)
  })

  it('lists every problem', () => {
    expect(() => read(json(Order), '{}')).toThrow(/id: .*; items: /)
  })

  it('writes the input of a schema that transforms and gives its output, the same on every side', () => {
    const Event = z.object({
      at: z.iso.datetime().transform((text) => new Date(text)),
      count: z.number().default(1),
    })
    const serde = json(Event)
    const text = serde.serialize({ at: '2026-01-02T03:04:05Z' }) as string
    expect(text).toBe('{"at":"2026-01-02T03:04:05Z"}')
    expect(read(serde, text)).toEqual({ at: new Date(Date.UTC(2026, 0, 2, 3, 4, 5)), count: 1 })
  })

  it('refuses a schema that validates asynchronously, in both directions', () => {
    const Slow: StandardSchema<string> = {
      '~standard': { version: 1, vendor: 'slow', validate: () => Promise.resolve({ value: 'a' }) },
    }
    const message = 'The slow schema validates asynchronously; a topic needs a synchronous one'
    expect(() => json(Slow).serialize('a')).toThrow(message)
    expect(() => read(json(Slow), '"a"')).toThrow(message)
  })

  it('takes any Standard Schema, whatever form its paths have', () => {
    const Even: StandardSchema<number> = {
      '~standard': {
        version: 1,
        vendor: 'own',
        validate: (value) =>
          typeof value === 'number' && value % 2 === 0
            ? { value }
            : { issues: [{ message: 'odd', path: [{ key: 'a' }, 1] }, { message: 'at the root' }] },
      },
    }
    expect(json(Even).serialize(2)).toBe('2')
    expect(() => json(Even).serialize(3)).toThrow('The value does not fit its schema: a.1: odd; at the root')
  })
})
