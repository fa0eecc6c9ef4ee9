// Guards against keys that go to another partition than with the Java client.
import { murmur2, toPositive } from '../../../src/wire/murmur2'

const texts: [string, number, number][] = [
  ['', 275646681, 275646681],
  ['a', -1563381124, 584102524],
  ['ab', 316155434, 316155434],
  ['abc', 479470107, 479470107],
  ['abcd', -1323649548, 823834100],
  ['21', -973932308, 1173551340],
  ['foobar', -790332482, 1357151166],
  ['kafka', -798503068, 1348980580],
  ['a-little-bit-long-string', -985981536, 1161502112],
  ['a-little-bit-longer-string', -1486304829, 661178819],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971, 2088585677],
  ['åäö', 1429044542, 1429044542],
  ['😀', 131881617, 131881617],
  ['key-0', 29210041, 29210041],
  ['key-1', 193331640, 193331640],
  ['key-2', 852269702, 852269702],
  ['key-3', -1839136101, 308347547],
]

const bytes: [number[], number, number][] = [
  [[0xff], -311467685, 1836015963],
  [[0x80, 0x00], -747627646, 1399856002],
  [[0xff, 0xfe, 0xfd], 998637092, 998637092],
  [[0, 0, 0, 0], 850957120, 850957120],
]

describe('murmur2', () => {
  it.each(texts)('hashes the text %j as Java does', (text, hash, positive) => {
    expect(murmur2(Buffer.from(text))).toBe(hash)
    expect(toPositive(murmur2(Buffer.from(text)))).toBe(positive)
  })

  it.each(bytes)('hashes the bytes %j as Java does', (input, hash, positive) => {
    expect(murmur2(Uint8Array.from(input))).toBe(hash)
    expect(toPositive(murmur2(Uint8Array.from(input)))).toBe(positive)
  })

  it('hashes a range in the middle of a buffer', () => {
    for (const [text, hash] of texts) {
      const padded = Buffer.from(`xyz${text}tail`)
      expect(murmur2(padded, 3, 3 + Buffer.byteLength(text))).toBe(hash)
    }
  })

  it('drops the sign and does not take the absolute value', () => {
    expect([toPositive(-(2 ** 31)), toPositive(-1), toPositive(5)]).toEqual([0, 0x7fffffff, 5])
  })
})
