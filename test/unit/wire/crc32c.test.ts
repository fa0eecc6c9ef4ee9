// Guards against checksums that a broker refuses, and against accepting damaged batches.
import { crc32, crc32c } from '../../../src/wire/crc32c'

const digits = Buffer.from('123456789')

describe('crc32c', () => {
  it('gives the check values of the standard (RFC 3720)', () => {
    expect(crc32c(digits)).toBe(0xe3069283)
    expect(crc32c(Buffer.alloc(32))).toBe(0x8a9136aa)
    expect(crc32c(Buffer.alloc(32, 0xff))).toBe(0x62a8ab43)
    expect(crc32c(Buffer.from(Array.from({ length: 32 }, (_, i) => i)))).toBe(0x46dd794e)
    expect(crc32c(Buffer.alloc(0))).toBe(0)
  })

  it('covers a range only', () => {
    expect(crc32c(Buffer.concat([Buffer.from('ab'), digits, Buffer.from('c')]), 2, 11)).toBe(0xe3069283)
  })

  it('runs on over pieces by its seed, whatever their size', () => {
    const bytes = Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 31) & 0xff))
    for (const cut of [0, 1, 15, 16, 17, 511, 512, 513, 4999, 5000]) {
      expect(crc32c(bytes, cut, bytes.length, crc32c(bytes, 0, cut))).toBe(crc32c(bytes))
    }
  })
})

describe('crc32', () => {
  it('gives the check value of the standard over a range', () => {
    expect(crc32(digits, 0, 9)).toBe(0xcbf43926)
    expect(crc32(Buffer.concat([digits, digits]), 9, 18)).toBe(0xcbf43926)
  })
})
