import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { brokerApis } from '../../../src/wire/generated/broker/all-apis'
import { clientApis } from '../../../src/wire/generated/client/all-apis'
import { dataCodecs } from '../../../src/wire/generated/data/all-codecs'
import { Reader } from '../../../src/wire/primitives/reader'
import { Writer } from '../../../src/wire/primitives/writer'
import { parseJavaJson, type JavaJson } from './java-json'

/** One message as Java wrote it. */
export interface Vector {
  readonly message: string
  readonly version: number
  readonly kind: 'defaults' | 'random' | 'extremes'
  readonly bytes: Buffer
  readonly json: JavaJson
}

/** Both directions of one message: the half that reads it and the half that writes it. */
export interface MessageCodec {
  readonly message: string
  readonly minVersion: number
  readonly maxVersion: number
  readonly firstFlexibleVersion: number
  decode(reader: Reader, version: number): unknown
  encode(writer: Writer, message: never, version: number): void
}

/** All vectors; their order is the same in every run. */
export function loadVectors(): Vector[] {
  return ['requests', 'responses', 'data'].flatMap((name) => {
    const file = join(__dirname, 'vectors', `${name}.ndjson.gz`)
    const lines = gunzipSync(readFileSync(file)).toString('utf8').trimEnd().split('\n')
    return lines.map((line) => {
      const { bytes, ...rest } = parseJavaJson(line) as Record<string, JavaJson>
      return { ...rest, bytes: Buffer.from(String(bytes), 'base64') } as Vector
    })
  })
}

/** Every message there are codecs for, by name. */
export function allCodecs(): Map<string, MessageCodec> {
  const codecs = new Map<string, MessageCodec>()
  for (const client of clientApis) {
    const broker = brokerApis.find(({ key }) => key === client.key)
    if (broker === undefined) throw new Error(`${client.name} has no broker's half`)
    const { name, minVersion, firstFlexibleVersion } = client
    const maxVersion = client.unstableMaxVersion ?? client.maxVersion
    const versions = { minVersion, maxVersion, firstFlexibleVersion }
    codecs.set(`${name}Request`, {
      message: `${name}Request`,
      ...versions,
      decode: broker.decodeRequest,
      encode: client.encodeRequest,
    })
    codecs.set(`${name}Response`, {
      message: `${name}Response`,
      ...versions,
      decode: client.decodeResponse,
      encode: broker.encodeResponse,
    })
  }
  for (const { name, minVersion, maxVersion, decode, encode } of dataCodecs) {
    codecs.set(name, { message: name, minVersion, maxVersion, firstFlexibleVersion: NaN, decode, encode })
  }
  return codecs
}

export function decodeWhole(codec: MessageCodec, bytes: Buffer, version: number): unknown {
  const reader = new Reader(bytes)
  const message = codec.decode(reader, version)
  reader.expectEnd()
  return message
}

export function encodeWhole(codec: MessageCodec, message: unknown, version: number): Buffer {
  const writer = new Writer()
  codec.encode(writer, message as never, version)
  return writer.toBuffer()
}
