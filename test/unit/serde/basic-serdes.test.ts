// Guards against text and bytes that change on their way, and values of a wrong type that go out as something else.
import { SerializationError } from '../../../src/base/errors'
import { bytes, nullable, raw, string } from '../../../src/serde/basic-serdes'
import type { Serde } from '../../../src/serde/serde'

const read = <Output>(serde: Serde<Output, never>, data: Uint8Array): Output => {
  // Serdes read in place: what stands before and after must not matter.
  const buffer = Buffer.concat([Buffer.from('before'), data, Buffer.from('after')])
  return serde.deserialize(buffer, 6, 6 + data.length)
}

const wrong = (serde: Serde<unknown, never>, value: unknown) => () => serde.serialize(value as never)

describe('string()', () => {
  it.each(['', 'plain', 'ÄÖÜ ß', '日本語', '😀', 'a\u0000b'])('carries %j as UTF-8', (text) => {
    const written = string().serialize(text)
    expect(written).toBe(text)
    expect(read(string(), Buffer.from(text, 'utf8'))).toBe(text)
  })

  it.each([
    [5, 'a number'],
    [null, 'null'],
    [undefined, 'undefined'],
    [['a'], 'an array'],
    [new Date(0), 'an object (Date)'],
    [Object.create(null), 'an object (no prototype)'],
  ])('refuses %p', (value, shown) => {
    expect(wrong(string(), value)).toThrow(SerializationError)
    expect(wrong(string(), value)).toThrow(`The string serde takes a string, not ${shown}`)
  })

  it('does not know null bytes', () => {
    expect(string().deserializeNull).toBeUndefined()
  })
})

describe('bytes()', () => {
  it('carries bytes as they are', () => {
    const data = new Uint8Array([0, 255, 128])
    expect(bytes().serialize(data)).toBe(data)
    expect(read(bytes(), data)).toEqual(Buffer.from(data))
  })

  it('gives a view, not a copy', () => {
    const buffer = Buffer.from('abc')
    const view = bytes().deserialize(buffer, 1, 3)
    buffer[1] = 0x7a
    expect(view.toString()).toBe('zc')
  })

  it.each(['text', null, [1, 2]])('refuses %p', (value) => {
    expect(wrong(bytes(), value)).toThrow('The bytes serde takes a Uint8Array')
  })
})

describe('nullable()', () => {
  const serde = nullable(string())

  it('lets null through in both directions', () => {
    expect(serde.serialize(null)).toBeNull()
    expect(serde.serialize(undefined)).toBeNull()
    expect(serde.deserializeNull?.()).toBeNull()
  })

  it('leaves everything else to its serde, also the empty text, which is not null', () => {
    expect(serde.serialize('')).toBe('')
    expect(read(serde, Buffer.from('a'))).toBe('a')
    expect(wrong(serde, 5)).toThrow('The string serde takes a string, not a number')
    expect(serde.name).toBe('nullable string')
  })
})

describe('raw()', () => {
  it('takes text, bytes and null, and gives bytes or null', () => {
    const data = new Uint8Array([1])
    expect([
      raw().serialize('a'),
      raw().serialize(data),
      raw().serialize(null),
      raw().serialize(undefined),
    ]).toEqual(['a', data, null, null])
    expect(read(raw(), data)).toEqual(Buffer.from(data))
    expect(raw().deserializeNull?.()).toBeNull()
  })

  it('says what to do about other types', () => {
    expect(wrong(raw(), { id: 1 })).toThrow(
      'The raw serde takes a string, a Uint8Array or null; for other types define the topic with topic(), not an object (Object)',
    )
  })
})
