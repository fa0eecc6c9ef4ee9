// Guards against numbers that Java reads as others, and against rounding: the expected bytes are those of Java's serializers.
import Long from 'long'
import { SerializationError } from '../../../src/base/errors'
import { float64, int32, int64 } from '../../../src/serde/number-serdes'
import type { Serde, Serialized } from '../../../src/serde/serde'

const hex = (written: Serialized): string => Buffer.from(written as Uint8Array).toString('hex')

function read<Output>(serde: Serde<Output, never>, text: string): Output {
  const buffer = Buffer.from(`ffff${text}ffff`, 'hex')
  return serde.deserialize(buffer, 2, buffer.length - 2)
}

const wrong = (serde: Serde<unknown, never>, value: unknown) => () => serde.serialize(value as never)

describe('int32()', () => {
  it.each([
    [0, '00000000'],
    [1, '00000001'],
    [-1, 'ffffffff'],
    [258, '00000102'],
    [2_147_483_647, '7fffffff'],
    [-2_147_483_648, '80000000'],
  ])('writes and reads %d as IntegerSerializer does', (value, text) => {
    expect(hex(int32().serialize(value))).toBe(text)
    expect(read(int32(), text)).toBe(value)
  })

  it.each([2_147_483_648, -2_147_483_649, 1.5, NaN, Infinity, '1', 1n, null])('refuses %p', (value) => {
    expect(wrong(int32(), value)).toThrow(SerializationError)
    expect(wrong(int32(), value)).toThrow('The int32 serde takes an integer of 32 bits')
  })

  it('refuses bytes of another length, and says how many there are', () => {
    expect(() => read(int32(), '0000')).toThrow('The int32 serde reads 4 bytes, there are 2')
    expect(() => read(int32(), '0000000000')).toThrow('there are 5')
  })
})

describe('int64()', () => {
  it.each([
    [0n, '0000000000000000'],
    [-1n, 'ffffffffffffffff'],
    [9_007_199_254_740_993n, '0020000000000001'],
    [9_223_372_036_854_775_807n, '7fffffffffffffff'],
    [-9_223_372_036_854_775_808n, '8000000000000000'],
  ])('writes and reads %d as LongSerializer does', (value, text) => {
    expect(hex(int64().serialize(value))).toBe(text)
    expect(read(int64(), text)).toBe(value)
  })

  it('takes safe integers and Long too', () => {
    expect(hex(int64().serialize(-2))).toBe('fffffffffffffffe')
    expect(hex(int64().serialize(Long.fromString('9007199254740993')))).toBe('0020000000000001')
    expect(hex(int64().serialize(Long.MIN_VALUE))).toBe('8000000000000000')
  })

  it.each([
    2 ** 53,
    1.5,
    NaN,
    '1',
    null,
    9_223_372_036_854_775_808n,
    -9_223_372_036_854_775_809n,
    Long.MAX_UNSIGNED_VALUE,
  ])('refuses %p rather than round or wrap it', (value) => {
    expect(wrong(int64(), value)).toThrow(SerializationError)
  })

  it('refuses bytes of another length', () => {
    expect(() => read(int64(), '00000000')).toThrow('The int64 serde reads 8 bytes, there are 4')
  })
})

describe('float64()', () => {
  it.each([
    [0, '0000000000000000'],
    [-0, '8000000000000000'],
    [1.5, '3ff8000000000000'],
    [-2, 'c000000000000000'],
    [Math.PI, '400921fb54442d18'],
    [Number.MIN_VALUE, '0000000000000001'],
    [Infinity, '7ff0000000000000'],
    [NaN, '7ff8000000000000'],
  ])('writes and reads %d as DoubleSerializer does', (value, text) => {
    expect(hex(float64().serialize(value))).toBe(text)
    expect(read(float64(), text)).toBe(value)
  })

  it.each(['1', 1n, null])('refuses %p', (value) => {
    expect(wrong(float64(), value)).toThrow('The float64 serde takes a number')
  })
})
