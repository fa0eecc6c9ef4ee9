// Guards against checksums that a broker refuses, and against accepting damaged batches.
import crc32cByTable from 'crc-32/crc32c.js'
import { crc32, crc32c } from '../../../src/wire/crc32c'
import { makeWasmCrc32c } from '../../../src/wire/crc32c-wasm'

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

describe('crc32c in WebAssembly', () => {
  const inWasm = makeWasmCrc32c()
  const bytesOf = (length: number) =>
    Buffer.from(Uint32Array.from({ length }, (_, i) => Math.imul(i, 0x9e3779b1) >>> 13))

  // Pieces of its memory are 114,688 bytes long.
  it.each([0, 1, 4, 15, 16, 17, 31, 33, 511, 114_687, 114_688, 114_689, 300_001])(
    'gives what JavaScript gives for %s bytes, wherever they begin, and runs on by its seed',
    (length) => {
      const bytes = bytesOf(length + 3).subarray(3)
      const expected = crc32cByTable.buf(bytes, 0) >>> 0
      expect(inWasm?.(bytes, 0)).toBe(expected)
      const cut = Math.floor(length / 3)
      expect(inWasm?.(bytes.subarray(cut), inWasm(bytes.subarray(0, cut), 0))).toBe(expected)
    },
  )

  it('takes over once there was much to check', () => {
    const bytes = bytesOf(1_048_576)
    const expected = crc32cByTable.buf(bytes, 0) >>> 0
    for (let round = 0; round < 6; round++) expect(crc32c(bytes)).toBe(expected)
  })
})

describe('crc32', () => {
  it('gives the check value of the standard over a range', () => {
    expect(crc32(digits, 0, 9)).toBe(0xcbf43926)
    expect(crc32(Buffer.concat([digits, digits]), 9, 18)).toBe(0xcbf43926)
  })
})
