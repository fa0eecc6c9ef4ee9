// Guards against codecs that agree with themselves but not with Kafka: every message in every version, as Java writes it.
import { differenceFromJava } from './messages/java-json'
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

function codecOf({ message }: Vector): MessageCodec {
  const codec = codecs.get(message)
  if (codec === undefined) throw new Error(`no codec for ${message}`)
  return codec
}

function title({ message, version, kind }: Vector): string {
  return `${message} v${version} ${kind}`
}

/** Runs `check` for every vector and lists those that do not pass. */
function failures(check: (vector: Vector) => string | undefined): string[] {
  return vectors.flatMap((vector) => {
    try {
      const problem = check(vector)
      return problem === undefined ? [] : [`${title(vector)}: ${problem}`]
    } catch (error) {
      return [`${title(vector)}: ${String(error)}`]
    }
  })
}

describe('messages written by Java', () => {
  it('are there three times for every message and version there are codecs for, and for no other', () => {
    const expected = [...codecs.values()].flatMap(({ message, minVersion, maxVersion }) => {
      const versions = Array.from({ length: maxVersion - minVersion + 1 }, (_, i) => minVersion + i)
      return versions.flatMap((version) =>
        ['defaults', 'random', 'extremes'].map((kind) => `${message} v${version} ${kind}`),
      )
    })
    expect(vectors.map(title).sort()).toEqual(expected.sort())
  })

  it('decode to what Java says they hold', () => {
    const problems = failures((vector) => {
      const decoded = decodeWhole(codecOf(vector), vector.bytes, vector.version)
      return differenceFromJava(decoded, vector.json)
    })
    expect(problems).toEqual([])
  })

  it('are the same bytes again when what was decoded is encoded', () => {
    const problems = failures((vector) => {
      const codec = codecOf(vector)
      const encoded = encodeWhole(codec, decodeWhole(codec, vector.bytes, vector.version), vector.version)
      return encoded.equals(vector.bytes)
        ? undefined
        : `${encoded.toString('hex')} is not ${vector.bytes.toString('hex')}`
    })
    expect(problems).toEqual([])
  })
})
