// Guards against responses torn apart or joined by the network, and against sizes that would take all memory.
import { FrameReader } from '../../../src/network/frame-reader'
import { DecodeError } from '../../../src/base/errors'

function frame(body: Buffer): Buffer {
  const size = Buffer.alloc(4)
  size.writeInt32BE(body.length)
  return Buffer.concat([size, body])
}

function feed(reader: FrameReader, bytes: Buffer, chunkBytes: number): void {
  for (let at = 0; at < bytes.length;) {
    const buffer = reader.readBuffer()
    if (buffer.length === 0) throw new Error('An empty buffer can not be read into')
    const count = Math.min(buffer.length, chunkBytes, bytes.length - at)
    bytes.copy(buffer, 0, at, at + count)
    at += count
    reader.received(count)
  }
}

const bodies = [
  Buffer.from('first'),
  Buffer.alloc(0),
  Buffer.alloc(200_000, 7),
  Buffer.from('x'),
  Buffer.alloc(70_000, 9),
]

test.each([1, 3, 1000, 65_536, Infinity])('cuts the same frames out of chunks of %p bytes', (chunkBytes) => {
  const frames: Buffer[] = []
  const reader = new FrameReader(1 << 20, (body) => frames.push(body))
  feed(reader, Buffer.concat(bodies.map(frame)), chunkBytes)
  expect(frames.map((body) => body.length)).toEqual(bodies.map((body) => body.length))
  expect(frames.every((body, i) => body.equals(bodies[i] as Buffer))).toBe(true)
  expect(reader.midFrame).toBe(false)
})

test('a frame keeps its bytes when the scratch buffer is used again', () => {
  const frames: Buffer[] = []
  const reader = new FrameReader(1000, (body) => frames.push(body))
  feed(reader, frame(Buffer.from('keep me')), Infinity)
  feed(reader, frame(Buffer.from('another')), Infinity)
  expect(frames.map(String)).toEqual(['keep me', 'another'])
})

test('the rest of a large frame is read into the frame itself, and not past its end', () => {
  const reader = new FrameReader(1 << 20, () => {})
  const bytes = frame(Buffer.alloc(500_000))
  const scratch = reader.readBuffer()
  bytes.copy(scratch, 0, 0, 1000)
  reader.received(1000)
  expect(reader.readBuffer().length).toBe(500_004 - 1000)
})

test.each([-1, -2147483648, 1001, 0x7fffffff])('refuses the size %p before it allocates', (size) => {
  const reader = new FrameReader(1000, () => {})
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(size)
  expect(() => feed(reader, bytes, Infinity)).toThrow(DecodeError)
})

test('names the limit a frame was larger than', () => {
  const reader = new FrameReader(1000, () => {})
  expect(() => reader.push(Buffer.from([0, 0, 16, 0]))).toThrow(/4096 bytes.*maxResponseBytes \(1000\)/)
})
