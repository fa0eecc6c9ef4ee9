// Guards against input that crashes, hangs or swells the process: cut off, mutated and extended messages.
import { DecodeError } from '../../src/base/errors'
import { Reader } from '../../src/wire/primitives/reader'
import { mutate } from './messages/mutation'
import { randomIntegers } from '../support/random-integers'
import {
  allCodecs,
  decodeWhole,
  encodeWhole,
  loadVectors,
  type MessageCodec,
  type Vector,
} from './messages/vectors'

const vectors = loadVectors()
const codecs = allCodecs()

/** Vectors up to this size are cut at every length; of the few larger ones every length near the ends, and samples. */
const cutEverywhereUpTo = 4096

function codecOf({ message }: Vector): MessageCodec {
  const codec = codecs.get(message)
  if (codec === undefined) throw new Error(`no codec for ${message}`)
  return codec
}

// Errors by the hundred thousand: where each was thrown is enough to find it, and its whole stack takes most of the time.
const { stackTraceLimit } = Error
beforeAll(() => void (Error.stackTraceLimit = 2))
afterAll(() => void (Error.stackTraceLimit = stackTraceLimit))

type Outcome = 'value' | 'DecodeError'

/** Throws when decoding ends in anything but a value or a DecodeError. */
function outcome(vector: Vector, bytes: Buffer): Outcome {
  try {
    decodeWhole(codecOf(vector), bytes, vector.version)
    return 'value'
  } catch (error) {
    if (error instanceof DecodeError) return 'DecodeError'
    throw new Error(`${vector.message} v${vector.version} ${bytes.toString('hex')}`, { cause: error })
  }
}

function cutLengths(length: number): number[] {
  const all = Array.from({ length }, (_, cut) => cut)
  if (length <= cutEverywhereUpTo) return all
  const step = Math.ceil(length / 1000)
  return all.filter((cut) => cut < 256 || cut >= length - 256 || cut % step === 0)
}

describe('a message that was cut off', () => {
  it('is refused with a DecodeError at every length', () => {
    const accepted: string[] = []
    for (const vector of vectors) {
      for (const cut of cutLengths(vector.bytes.length)) {
        if (outcome(vector, vector.bytes.subarray(0, cut)) === 'value') {
          accepted.push(`${vector.message} v${vector.version} cut to ${cut}`)
        }
      }
    }
    expect(accepted).toEqual([])
  })
})

describe('a message with bytes after its end', () => {
  it('is refused with a DecodeError', () => {
    const random = randomIntegers(7)
    for (const vector of vectors) {
      const extra = Buffer.alloc(1 + random(8), random(256))
      expect(outcome(vector, Buffer.concat([vector.bytes, extra]))).toBe('DecodeError')
    }
  })
})

describe('100,000 mutated messages', () => {
  it('end in a value or a DecodeError, within memory that does not grow with the lengths they claim', () => {
    const random = randomIntegers(20_261_121)
    const counts: Record<Outcome, number> = { value: 0, DecodeError: 0 }
    const before = process.memoryUsage().rss
    let largest = 0
    for (let run = 0; run < 100_000; run++) {
      const vector = vectors[random(vectors.length)] as Vector
      counts[outcome(vector, mutate(vector.bytes, random))]++
      if (run % 1000 === 0) largest = Math.max(largest, process.memoryUsage().rss - before)
    }
    // Both must happen, or the mutations do not reach what they are meant to reach.
    expect(counts.value).toBeGreaterThan(1000)
    expect(counts.DecodeError).toBeGreaterThan(1000)
    expect(largest).toBeLessThan(256 << 20)
  })
})

describe('tagged fields nobody knows', () => {
  const injected = [
    { tag: 1000, data: Buffer.from('a') },
    { tag: 0x7fffffff, data: Buffer.alloc(200, 1) },
  ]

  /** Adds the fields to every struct of a decoded message that is not a shared default; counts them. */
  function inject(value: unknown): number {
    if (value === null || typeof value !== 'object' || Buffer.isBuffer(value) || Object.isFrozen(value))
      return 0
    if (Array.isArray(value)) return value.reduce((sum: number, item) => sum + inject(item), 0)
    const message = value as { unknownTaggedFields?: unknown }
    delete message.unknownTaggedFields
    const inner = Object.values(message).reduce((sum: number, item) => sum + inject(item), 0)
    message.unknownTaggedFields = injected
    return inner + 1
  }

  it('come through in every struct of every flexible version, and change nothing else', () => {
    let structs = 0
    for (const vector of vectors) {
      const codec = codecOf(vector)
      if (!(vector.version >= codec.firstFlexibleVersion)) continue
      const message = decodeWhole(codec, vector.bytes, vector.version)
      structs += inject(message)
      const bytes = encodeWhole(codec, message, vector.version)
      expect(decodeWhole(codec, bytes, vector.version)).toEqual(message)
    }
    expect(structs).toBeGreaterThan(2500)
  })

  it('are refused in versions that have no place for them', () => {
    for (const vector of vectors) {
      const codec = codecOf(vector)
      if (!(vector.version < codec.firstFlexibleVersion) || codec.firstFlexibleVersion === Infinity) continue
      const message = {
        ...(decodeWhole(codec, vector.bytes, vector.version) as object),
        unknownTaggedFields: injected,
      }
      expect(() => encodeWhole(codec, message, vector.version)).toThrow(/unknownTaggedFields/)
    }
  })
})

describe('a message inside a larger buffer', () => {
  it('is read from its start, and the reader stands at its end', () => {
    for (const vector of vectors) {
      const framed = Buffer.concat([Buffer.alloc(3), vector.bytes, Buffer.alloc(5)])
      const reader = new Reader(framed, 3)
      codecOf(vector).decode(reader, vector.version)
      expect(reader.offset).toBe(3 + vector.bytes.length)
    }
  })
})
