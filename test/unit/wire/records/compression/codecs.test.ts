// Guards against codecs that lose bytes, trust what their input says of itself, or hold up the event loop.
import { DecodeError, KafkaError } from '../../../../../src/base/errors'
import { type CompressionType, compressionTypes } from '../../../../../src/wire/records/compression/codec'
import { codecNamed, codecOf } from '../../../../../src/wire/records/compression/codecs'
import { decompressSnappyBlock } from '../../../../../src/wire/records/compression/snappy-block'
import { OutputBuffer } from '../../../../../src/wire/records/compression/output-buffer'
import { xxhash32 } from '../../../../../src/wire/records/compression/xxhash32'
import { randomIntegers } from '../../../../support/random-integers'

const names = (['gzip', 'snappy', 'lz4', 'zstd'] as const).filter(
  (name) => codecNamed(name)?.compressionProblem?.() === undefined,
)
const random = randomIntegers(7)

function text(length: number): Buffer {
  const bytes = Buffer.alloc(length)
  for (let at = 0; at < length;) {
    const size = Math.min(1 + random(300), length - at)
    if (at > 0 && random(4) > 0) {
      const from = random(at)
      for (let i = 0; i < size; i++) bytes[at + i] = bytes[from + i] as number
    } else for (let i = 0; i < size; i++) bytes[at + i] = 97 + random(26)
    at += size
  }
  return bytes
}

/** Nine megabytes, made once; what repeats is further away than any codec looks back. */
const huge = Buffer.concat(Array<Buffer>(3).fill(text(3_000_000)))

function noise(length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => random(256)))
}

const lengths = [0, 1, 2, 4, 5, 11, 12, 13, 14, 15, 16, 17, 18, 31, 63, 100, 255, 256, 257, 270, 1000]
const large = [32 * 1024 - 1, 32 * 1024 + 1, 64 * 1024 - 1, 64 * 1024, 64 * 1024 + 1, 200_000]

describe.each(names)('%s', (name) => {
  const codec = codecNamed(name)!

  it('gives back what it took: text, noise and repetition of every length', () => {
    for (const length of [...lengths, ...large]) {
      for (const plain of [
        text(length),
        noise(length),
        Buffer.alloc(length, 7),
        Buffer.from('ab'.repeat(length / 2)),
      ]) {
        expect(codec.decompress(codec.compress(plain), length).equals(plain)).toBe(true)
      }
    }
  })

  it('reads and writes within a larger buffer', () => {
    const plain = text(5000)
    const padded = Buffer.concat([noise(13), plain, noise(11)])
    const packed = codec.compress(padded.subarray(13, 13 + 5000))
    const paddedPacked = Buffer.concat([noise(3), packed, noise(2)])
    const view = new Uint8Array(paddedPacked.buffer, paddedPacked.byteOffset + 3, packed.length)
    expect(codec.decompress(view, 5000).equals(plain)).toBe(true)
  })

  it('lets the event loop turn while it works on a large input', async () => {
    const plain = huge
    let turns = 0
    const timer = setInterval(() => turns++, 1)
    const packed = await codec.compressAsync(plain)
    expect(turns).toBeGreaterThan(0)
    turns = 0
    const back = await codec.decompressAsync(packed, plain.length)
    clearInterval(timer)
    expect(turns).toBeGreaterThan(0)
    expect(back.equals(plain)).toBe(true)
  }, 30_000)

  it('works on a small input at once, without a promise', () => {
    const packed = codec.compressAsync(text(1000))
    expect(packed).toBeInstanceOf(Uint8Array)
    expect(codec.decompressAsync(packed as Uint8Array, 1000)).toBeInstanceOf(Buffer)
  })

  it('leaves batches for the next turn of the event loop when there are many', async () => {
    const plain = text(60_000)
    const packed = codec.compress(plain)
    await new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve)))
    const opened = Array.from({ length: 200 }, () => codec.decompressAsync(packed, plain.length))
    expect(opened[0]).toBeInstanceOf(Buffer)
    expect(opened.filter((one) => one instanceof Promise).length).toBeGreaterThan(50)
    for (const one of opened) expect((await one).equals(plain)).toBe(true)
  })

  it('stops at the limit, also on a bomb', async () => {
    const bomb = codec.compress(Buffer.alloc(20_000_000))
    const before = process.memoryUsage.rss()
    expect(() => codec.decompress(bomb, 100_000)).toThrow(/larger than 100000 bytes/)
    await expect(async () => codec.decompressAsync(bomb, 100_000)).rejects.toThrow(DecodeError)
    expect(process.memoryUsage.rss() - before).toBeLessThan(50_000_000)
    expect(() => codec.decompress(codec.compress(Buffer.alloc(101)), 100)).toThrow(/larger than 100 bytes/)
  })

  it('refuses input that is cut off, at every length', () => {
    const plain = text(2000)
    const packed = codec.compress(plain)
    for (let length = 0; length < packed.length; length++) {
      // Snappy's framing has no end mark: a cut between two chunks is a shorter text.
      if (name === 'snappy' && (length === 0 || length === 16)) continue
      expect(() => codec.decompress(packed.subarray(0, length), 4000)).toThrow(DecodeError)
    }
  })

  it('ends in a value or a DecodeError on 3000 mutated inputs', () => {
    const packed = [text(300), noise(80), Buffer.alloc(3000, 1)].map((plain) => codec.compress(plain))
    for (let i = 0; i < 3000; i++) {
      const input = Buffer.from(packed[i % packed.length] as Uint8Array)
      for (let changes = 1 + random(4); changes > 0; changes--) input[random(input.length)] = random(256)
      try {
        expect(codec.decompress(input, 100_000).length).toBeLessThanOrEqual(100_000)
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error
      }
    }
  })
})

describe('codecOf', () => {
  it('knows the numbers of the protocol', () => {
    for (const name of Object.keys(compressionTypes) as CompressionType[]) {
      if (name !== 'none') expect(codecOf(compressionTypes[name]).name).toBe(name)
    }
    expect(codecNamed('none')).toBeUndefined()
    expect(() => codecOf(5)).toThrow(DecodeError)
  })
})

describe('levels', () => {
  it('gzip packs closer at level 9 than at level 1', () => {
    const plain = text(100_000)
    const gzip = codecNamed('gzip')!
    expect(gzip.compress(plain, 9).length).toBeLessThan(gzip.compress(plain, 1).length)
  })
})

describe('snappy', () => {
  const snappy = codecNamed('snappy')!

  it('frames chunks of 32 KiB behind the header that Java expects', () => {
    const packed = Buffer.from(snappy.compress(text(70_000)))
    expect(packed.subarray(0, 16).toString('hex')).toBe('82534e415050590000000001' + '00000001')
    let chunks = 0
    for (let at = 16; at < packed.length; at += 4 + packed.readInt32BE(at)) chunks++
    expect(chunks).toBe(3)
  })

  it.each([
    ['a literal with a length of 2^32', [0x10, 0xfc, 0xf0, 0xff, 0xff, 0xff, 1, 2, 3]],
    ['a copy from before the start', [0x08, 0x00, 0x61, 0x0e, 0x09, 0x00]],
    ['a copy with distance 0', [0x08, 0x00, 0x61, 0x0e, 0x00, 0x00]],
    ['less than it declares', [0x05, 0x00, 0x61]],
    ['more than it declares', [0x01, 0x08, 0x61, 0x62, 0x63]],
    ['a length that is cut off', [0x80]],
    ['a declared gigabyte', [0xff, 0xff, 0xff, 0xff, 0x03, 0x00, 0x61]],
  ])('refuses a block with %s', (_, bytes) => {
    const input = Buffer.from(bytes)
    const output = new OutputBuffer('snappy', 0, 1 << 30)
    expect(() => decompressSnappyBlock(input, 0, input.length, output)).toThrow(DecodeError)
    expect(output.bytes.length).toBeLessThan(1000)
  })

  it('refuses a stream that needs a newer reader', () => {
    const packed = Buffer.from(snappy.compress(text(10)))
    packed.writeInt32BE(2, 12)
    expect(() => snappy.decompress(packed, 100)).toThrow(/version 2/)
  })
})

describe('lz4', () => {
  const lz4 = codecNamed('lz4')!
  const independent = 0x60
  const linked = 0x40

  function frame(flags: number, descriptor: number, blocks: Buffer[], tail: number[] = []): Buffer {
    const header = Buffer.from([0x04, 0x22, 0x4d, 0x18, flags, descriptor, 0])
    header[6] = (xxhash32(header, 4, 6) >>> 8) & 0xff
    const sized = blocks.map((block) => {
      const size = Buffer.alloc(4)
      size.writeUInt32LE(block.length)
      return Buffer.concat([size, block])
    })
    return Buffer.concat([header, ...sized, Buffer.alloc(4), Buffer.from(tail)])
  }

  // Five literals; then, in the second block, a match of nine that reaches back over the block's start.
  const first = Buffer.from([0x50, ...Buffer.from('abcde')])
  const second = Buffer.from([0x05, 5, 0, 0x50, ...Buffer.from('fghij')])

  it('writes independent blocks of 64 KiB and no other checksum than the header has', () => {
    expect(
      Buffer.from(lz4.compress(text(10)))
        .subarray(0, 7)
        .toString('hex'),
    ).toBe('04224d18604082')
  })

  it('follows matches into the block before where blocks are linked, and only there', () => {
    expect(lz4.decompress(frame(linked, 0x40, [first, second]), 100).toString()).toBe('abcdeabcdeabcdfghij')
    expect(() => lz4.decompress(frame(independent, 0x40, [first, second]), 100)).toThrow(/before the data/)
  })

  it('reads frames one after another, skips those for others, and leaves alone what follows', () => {
    const one = frame(independent, 0x40, [first])
    const skippable = Buffer.from([0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 9, 9, 9])
    expect(
      lz4.decompress(Buffer.concat([skippable, one, skippable, one, Buffer.from('rest')]), 100).toString(),
    ).toBe('abcdeabcde')
  })

  it('takes the header checksum of old writers, which covers the magic bytes too, and no other', () => {
    const old = frame(independent, 0x40, [first])
    old[6] = (xxhash32(old, 0, 6) >>> 8) & 0xff
    expect(lz4.decompress(old, 100).toString()).toBe('abcde')
    old[6] = (old[6] as number) ^ 1
    expect(() => lz4.decompress(old, 100)).toThrow(/checksum of the header/)
  })

  it.each([
    ['a dictionary', 0x61, 0x40, /dictionary/],
    ['a reserved bit', 0x62, 0x40, /reserved/],
    ['another version', 0x20, 0x40, /version/],
    ['an unknown block size', 0x60, 0x30, /block size/],
  ])('refuses %s', (_, flags, descriptor, message) => {
    expect(() => lz4.decompress(frame(flags, descriptor, [first]), 100)).toThrow(message)
  })

  it('verifies the checksum of the content', () => {
    const good = Buffer.alloc(4)
    good.writeUInt32LE(xxhash32(Buffer.from('abcde')))
    expect(lz4.decompress(frame(0x64, 0x40, [first], [...good]), 100).toString()).toBe('abcde')
    expect(() => lz4.decompress(frame(0x64, 0x40, [first], [1, 2, 3, 4]), 100)).toThrow(
      /checksum of the content/,
    )
  })

  it('refuses a block that grows past the size its frame allows', () => {
    const grown = Buffer.from([0x1f, 0x61, 1, 0, ...Buffer.alloc(300, 255), 0, 0x50, ...Buffer.from('fghij')])
    expect(() => lz4.decompress(frame(independent, 0x40, [grown]), 1 << 20)).toThrow(/too large/)
    expect(lz4.decompress(frame(independent, 0x50, [grown]), 1 << 20).length).toBeGreaterThan(76_000)
  })
})

describe('zstd', () => {
  const zstd = codecNamed('zstd')!
  const frame = (bytes: string) => Buffer.from(`28b52ffd${bytes}`.replaceAll(' ', ''), 'hex')

  it('reads stored and repeated blocks', () => {
    // Window of 1 KiB; a stored block of three bytes, then a last one that repeats one byte ten times.
    expect(zstd.decompress(frame('00 00 18 0000 616263 53 0000 7a'), 100).toString()).toBe('abczzzzzzzzzz')
  })

  it('makes no room for a window that the blocks cannot fill', () => {
    const before = process.memoryUsage().arrayBuffers
    // A window of two gigabytes around three bytes.
    expect(zstd.decompress(frame('00 a8 19 0000 616263'), 100).toString()).toBe('abc')
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1 << 20)
  })

  it.each([
    ['a content size beyond its blocks', 'a0 00001000 19 0000 616263'],
    ['a dictionary', '01 00 07 19 0000 616263'],
    ['a reserved bit', '08 00 19 0000 616263'],
    ['an unknown block', '00 00 1f 0000 616263'],
    ['a block that is cut off', '00 00 19 0000 6162'],
    ['no last block', '00 00 18 0000 616263'],
    ['a checksum that is cut off', '04 00 19 0000 616263 0000'],
  ])('refuses a frame with %s', (_, bytes) => {
    expect(() => zstd.decompress(frame(bytes), 1 << 20)).toThrow(DecodeError)
  })

  it('refuses a declared size beyond the limit before it makes room', () => {
    expect(() => zstd.decompress(frame('a0 00001000 19 0000 616263'), 1000)).toThrow(/larger than 1000/)
  })

  it('names the fix where Node has no zstd', () => {
    const problem = zstd.compressionProblem?.()
    if (problem === undefined) return expect(zstd.compress(text(10)).length).toBeGreaterThan(4)
    expect(problem).toMatch(/Node 22\.15/)
    expect(() => zstd.compress(text(10))).toThrow(expect.objectContaining({ code: 'ZSTD_UNAVAILABLE' }))
    expect(() => zstd.compress(text(10))).toThrow(KafkaError)
  })
})
