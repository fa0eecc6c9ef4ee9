// Guards against requests that are cut wrong, and against memory that follows what a client claims.
import { DecodeError } from '../../../../src/base/errors'
import { FrameAssembler } from '../../../../src/testing/transport/frame-assembler'

function framed(body: Buffer): Buffer {
  const size = Buffer.alloc(4)
  size.writeInt32BE(body.length)
  return Buffer.concat([size, body])
}

describe('FrameAssembler', () => {
  it('gives the same frames however the bytes are cut', () => {
    const bodies = [0, 1, 5, 300, 5000, 70_000, 2].map((length, at) => Buffer.alloc(length, at + 1))
    const bytes = Buffer.concat(bodies.map(framed))
    for (const step of [1, 2, 3, 7, 1000, 65_536, bytes.length]) {
      const frames: Buffer[] = []
      const assembler = new FrameAssembler(100_000, (frame) => void frames.push(frame))
      for (let at = 0; at < bytes.length; at += step) {
        assembler.push(Buffer.from(bytes.subarray(at, at + step)))
      }
      expect(frames.map(({ length }) => length)).toEqual(bodies.map(({ length }) => length))
      expect(Buffer.concat(frames).equals(Buffer.concat(bodies))).toBe(true)
    }
  })

  it('copies a small frame out of a large chunk, and takes a large one as it is', () => {
    const frames: Buffer[] = []
    const assembler = new FrameAssembler(100_000, (frame) => void frames.push(frame))
    const chunk = Buffer.concat([framed(Buffer.alloc(10)), framed(Buffer.alloc(50_000))])
    assembler.push(chunk)
    expect(frames[0]?.buffer).not.toBe(chunk.buffer)
    expect(frames[1]?.buffer).toBe(chunk.buffer)
  })

  it.each([-1, -0x80000000, 1001])('refuses a frame of %i bytes where 1000 are allowed', (size) => {
    const assembler = new FrameAssembler(1000, () => {})
    const bytes = Buffer.alloc(4)
    bytes.writeInt32BE(size)
    expect(() => assembler.push(bytes)).toThrow(DecodeError)
  })

  it('takes memory only for what arrived', () => {
    const assembler = new FrameAssembler(0x7fffffff, () => {})
    const start = Buffer.alloc(1004)
    start.writeInt32BE(0x7ffffff0)
    const before = process.memoryUsage().arrayBuffers
    for (let i = 0; i < 100; i++) new FrameAssembler(0x7fffffff, () => {}).push(Buffer.from(start))
    assembler.push(start)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4 * 1024 * 1024)
  })
})
