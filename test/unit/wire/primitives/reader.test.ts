// Guards against bytes that end in a crash, a hang, a wrong number or memory beyond the frame (L1).
import { DecodeError } from '../../../../src/base/errors'
import { Reader } from '../../../../src/wire/primitives/reader'

function reader(hex: string): Reader {
  return new Reader(Buffer.from(hex.replaceAll(' ', ''), 'hex'))
}

describe('Reader', () => {
  it.each<[string, (r: Reader) => unknown, unknown]>([
    ['00', (r) => r.readBoolean(), false],
    ['02', (r) => r.readBoolean(), true],
    ['80', (r) => r.readInt8(), -128],
    ['7f', (r) => r.readInt8(), 127],
    ['8000', (r) => r.readInt16(), -32768],
    ['ffff', (r) => r.readUint16(), 65535],
    ['80000000', (r) => r.readInt32(), -2147483648],
    ['ffffffff', (r) => r.readUint32(), 4294967295],
    ['7fffffffffffffff', (r) => r.readInt64(), 9223372036854775807n],
    ['8000000000000000', (r) => r.readInt64(), -9223372036854775808n],
    ['3ff8000000000000', (r) => r.readFloat64(), 1.5],
    ['00000000000000000000000000000001', (r) => r.readUuid(), 'AAAAAAAAAAAAAAAAAAAAAQ'],
    ['ffffffff0f', (r) => r.readUnsignedVarint(), 4294967295],
    ['ac02', (r) => r.readUnsignedVarint(), 300],
    ['ffffffff0f', (r) => r.readVarint(), -2147483648],
    ['feffffff0f', (r) => r.readVarint(), 2147483647],
    ['0003 c3bc78', (r) => r.readString(), 'üx'],
    ['ffff', (r) => r.readNullableString(), null],
    ['04 c3bc78', (r) => r.readCompactString(), 'üx'],
    ['00', (r) => r.readCompactNullableString(), null],
    ['00000001 61', (r) => r.readBytes(), Buffer.from('a')],
    ['ffffffff', (r) => r.readNullableBytes(), null],
    ['02 61', (r) => r.readCompactBytes(), Buffer.from('a')],
    ['00', (r) => r.readCompactNullableBytes(), null],
    ['ffffffff', (r) => r.readNullableArrayLength(), -1],
    ['00', (r) => r.readCompactNullableArrayLength(), -1],
    ['02 00', (r) => (r.readCompactArrayLength(), r.readInt8(), 1), 1],
  ])('reads %s', (hex, read, expected) => {
    const source = reader(hex)
    expect(read(source)).toEqual(expected)
    source.expectEnd()
  })

  it.each<[string, string, (r: Reader) => unknown]>([
    ['a string of length -2', 'fffe', (r) => r.readNullableString()],
    ['null for a string that is required', 'ffff', (r) => r.readString()],
    ['compact null for a string that is required', '00', (r) => r.readCompactString()],
    ['a compact string above 32767 bytes', '818002' + '00'.repeat(32768), (r) => r.readCompactString()],
    ['bytes of length -2', 'fffffffe', (r) => r.readNullableBytes()],
    ['bytes of length 2^31-1', '7fffffff00', (r) => r.readBytes()],
    ['compact bytes of length 2^32-2', 'ffffffff0f00', (r) => r.readCompactNullableBytes()],
    ['null for bytes that are required', 'ffffffff', (r) => r.readBytes()],
    ['an array of -2 elements', 'fffffffe', (r) => r.readNullableArrayLength()],
    ['an array of 2^31-1 elements', '7fffffff0000', (r) => r.readArrayLength()],
    ['a compact array of 2^32-2 elements', 'ffffffff0f0000', (r) => r.readCompactArrayLength()],
    ['null for an array that is required', '00', (r) => r.readCompactArrayLength()],
    ['a varint of 6 bytes', '808080808001', (r) => r.readUnsignedVarint()],
    ['a varint of 33 bits', 'ffffffff1f', (r) => r.readUnsignedVarint()],
    ['a varint that stops short', 'ff', (r) => r.readUnsignedVarint()],
    ['a number that stops short', '000000', (r) => r.readInt32()],
    ['a negative skip', '00', (r) => r.skip(-1)],
    ['a skip of NaN bytes', '00', (r) => r.skip(NaN)],
    ['bytes after the end', '0000', (r) => (r.readInt8(), r.expectEnd())],
  ])('refuses %s', (_what, hex, read) => {
    const source = reader(hex)
    expect(() => read(source)).toThrow(DecodeError)
  })

  it('stays inside the part of the buffer it was given', () => {
    const source = new Reader(Buffer.from([1, 2, 3, 4]), 1, 3)
    expect(source.remaining()).toBe(2)
    expect(source.readInt16()).toBe(0x0203)
    expect(() => source.readInt8()).toThrow('1 bytes are needed, 0 are left')
  })

  it('gives bytes as views on the buffer', () => {
    const source = reader('03 0109')
    const view = source.readCompactBytes()
    source.buffer[1] = 7
    expect(view).toEqual(Buffer.from([7, 9]))
  })
})

describe('tagged fields', () => {
  const takeTag0 = (tag: number, field: Reader, message: { value: number }): boolean => {
    if (tag !== 0) return false
    message.value = field.readInt16()
    return true
  }

  it('are handed over with what the caller passes along; the rest is returned', () => {
    const message = { value: 0 }
    const rest = reader('02 00020005 070161').readTaggedFields(takeTag0, message, 3)
    expect(message.value).toBe(5)
    expect(rest).toEqual([{ tag: 7, data: Buffer.from('a') }])
  })

  it('are undefined when there are none or all are known', () => {
    expect(reader('00').readTaggedFields()).toBeUndefined()
    expect(reader('01 00020005').readTaggedFields(takeTag0, { value: 0 }, 3)).toBeUndefined()
  })

  it.each([
    ['repeat', '02 05 00 05 00'],
    ['descend', '02 05 00 04 00'],
    ['claim more bytes than there are', '01 05 05 00'],
    ['are fewer than counted', '02 05 00'],
    ['are counted beyond the bytes that are left', 'ffffffff0f 0500'],
    ['are known and longer than their type', '01 00 03 000500'],
    ['are known and shorter than their type', '01 00 01 00'],
  ])('that %s are refused', (_what, hex) => {
    expect(() => reader(hex).readTaggedFields(takeTag0, { value: 0 }, 3)).toThrow(DecodeError)
  })
})
