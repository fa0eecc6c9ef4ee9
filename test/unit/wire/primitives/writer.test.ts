// Guards against bytes that are cut to size, written into a buffer that was replaced, or sent in the wrong order.
import { InvalidArgumentError } from '../../../../src/base/errors'
import { recordBytesLength, Writer } from '../../../../src/wire/primitives/writer'

type Write = (writer: Writer) => void

const id = 'AAAAAAAAAAAAAAAAAAAAAQ'

/** Every method of Writer, and the bytes it must write. */
const writes: readonly (readonly [name: string, write: Write, hex: string])[] = [
  ['boolean true', (w) => w.writeBoolean(true), '01'],
  ['boolean false', (w) => w.writeBoolean(false), '00'],
  ['int8', (w) => w.writeInt8(-1), 'ff'],
  ['int16', (w) => w.writeInt16(-32768), '8000'],
  ['uint16', (w) => w.writeUint16(65535), 'ffff'],
  ['int32', (w) => w.writeInt32(-2), 'fffffffe'],
  ['uint32', (w) => w.writeUint32(4294967295), 'ffffffff'],
  ['int64', (w) => w.writeInt64(-2n), 'fffffffffffffffe'],
  ['float64', (w) => w.writeFloat64(1.5), '3ff8000000000000'],
  ['uuid', (w) => w.writeUuid(id), '00000000000000000000000000000001'],
  ['unsigned varint', (w) => w.writeUnsignedVarint(300), 'ac02'],
  ['unsigned varint of 32 bits', (w) => w.writeUnsignedVarint(4294967295), 'ffffffff0f'],
  ['varint', (w) => w.writeVarint(-2147483648), 'ffffffff0f'],
  ['string', (w) => w.writeString('üx'), '0003c3bc78'],
  ['null string', (w) => w.writeNullableString(null), 'ffff'],
  ['nullable string', (w) => w.writeNullableString(''), '0000'],
  ['compact string', (w) => w.writeCompactString('üx'), '04c3bc78'],
  ['compact null string', (w) => w.writeCompactNullableString(null), '00'],
  ['compact nullable string', (w) => w.writeCompactNullableString(''), '01'],
  ['bytes', (w) => w.writeBytes(new Uint8Array([1])), '0000000101'],
  ['null bytes', (w) => w.writeNullableBytes(null), 'ffffffff'],
  ['compact bytes', (w) => w.writeCompactBytes(Buffer.from([1])), '0201'],
  ['compact null bytes', (w) => w.writeCompactNullableBytes(null), '00'],
  ['raw bytes', (w) => w.writeRaw(Buffer.from([1, 2])), '0102'],
  ['null records', (w) => w.writeNullableRecords(null), 'ffffffff'],
  ['records', (w) => w.writeNullableRecords([Buffer.from([1]), Buffer.from([2])]), '000000020102'],
  ['compact null records', (w) => w.writeCompactNullableRecords(null), '00'],
  ['compact records', (w) => w.writeCompactNullableRecords(Buffer.from([1])), '0201'],
  ['array length', (w) => w.writeArrayLength(-1), 'ffffffff'],
  ['compact array length', (w) => w.writeCompactArrayLength(-1), '00'],
  ['tagged fields', (w) => w.writeTaggedFields([{ tag: 1, data: Buffer.from('a') }], undefined), '01010161'],
]

describe('Writer', () => {
  it.each(writes)('writes %s', (_name, write, hex) => {
    const writer = new Writer()
    write(writer)
    expect(writer.length).toBe(hex.length / 2)
    expect(writer.toBuffer().toString('hex')).toBe(hex)
  })

  it.each(writes)('writes %s wherever the buffer has to grow', (_name, write, hex) => {
    for (let size = 1; size <= 24; size++) {
      const writer = new Writer(size)
      writer.writeInt8(0x55)
      write(writer)
      writer.writeInt8(0x66)
      expect(writer.toBuffer().toString('hex')).toBe(`55${hex}66`)
    }
  })

  it.each<[string, Write]>([
    ['128 as int8', (w) => w.writeInt8(128)],
    ['32768 as int16', (w) => w.writeInt16(32768)],
    ['-1 as uint16', (w) => w.writeUint16(-1)],
    ['2^31 as int32', (w) => w.writeInt32(0x80000000)],
    ['a fraction as int32', (w) => w.writeInt32(1.5)],
    ['NaN as int32', (w) => w.writeInt32(NaN)],
    ['-1 as uint32', (w) => w.writeUint32(-1)],
    ['2^63 as int64', (w) => w.writeInt64(0x8000000000000000n)],
    ['a number as int64', (w) => w.writeInt64(5 as never)],
    ['text as int32', (w) => w.writeInt32('5' as never)],
    ['a number as string', (w) => w.writeString(5 as never)],
    ['a string of 32768 bytes', (w) => w.writeString('x'.repeat(32768))],
    ['a compact string of 32768 bytes', (w) => w.writeCompactString('x'.repeat(32768))],
    ['an id of 21 characters', (w) => w.writeUuid('A'.repeat(21))],
    ['an id with a character outside base64url', (w) => w.writeUuid('!'.repeat(22))],
  ])('refuses %s', (_what, write) => {
    expect(() => write(new Writer())).toThrow(InvalidArgumentError)
  })

  it('writes the longest string there is', () => {
    const writer = new Writer()
    writer.writeString('x'.repeat(32767))
    expect(writer.toBuffer().length).toBe(32769)
  })

  it('passes large records through as they are, between the pieces of its own', () => {
    const first = Buffer.alloc(5000, 1)
    const second = Buffer.alloc(3000, 2)
    const writer = new Writer(16)
    writer.writeInt32(7)
    writer.writeNullableRecords([first, second])
    writer.writeString('between')
    writer.writeCompactNullableRecords(first)
    const { length } = writer
    const pieces = writer.finish()
    expect(pieces.filter((piece) => piece === first)).toHaveLength(2)
    expect(pieces).toContain(second)
    const whole = Buffer.concat(pieces)
    expect(whole.length).toBe(length)
    expect(whole.subarray(0, 8).toString('hex')).toBe('00000007' + '00001f40')
    expect(whole.subarray(8, 8008)).toEqual(Buffer.concat([first, second]))
    expect(whole.subarray(8008, 8017).toString('latin1')).toBe('\0\x07between')
    expect(whole.subarray(8019)).toEqual(first)
  })

  it('sorts known and unknown tagged fields by tag', () => {
    const writer = new Writer()
    writer.writeTaggedFields([{ tag: 5, data: Buffer.from('b') }], [{ tag: 2, data: Buffer.from('a') }])
    expect(writer.toBuffer().toString('hex')).toBe('02' + '020161' + '050162')
  })

  it('refuses a tag that is both known and unknown', () => {
    const field = [{ tag: 5, data: Buffer.alloc(0) }]
    expect(() => new Writer().writeTaggedFields(field, field)).toThrow('Tag 5 is given twice')
  })
})

describe('recordBytesLength', () => {
  it('adds up the pieces', () => {
    expect(recordBytesLength(Buffer.alloc(3))).toBe(3)
    expect(recordBytesLength([Buffer.alloc(3), Buffer.alloc(4)])).toBe(7)
    expect(recordBytesLength([])).toBe(0)
  })
})
