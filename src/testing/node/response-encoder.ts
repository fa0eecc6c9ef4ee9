import { ErrorCode } from '../../base/error-codes'
import type { BrokerApi } from '../../wire/api'
import { ApiKey } from '../../wire/generated/api-keys'
import { apiVersionsApi } from '../../wire/generated/broker/api-versions'
import { responseHeaderVersion } from '../../wire/headers'
import { Writer } from '../../wire/primitives/writer'
import type { UnknownApiVersions } from './request-decoder'

/** A response as a frame, in the pieces it is to be sent in; records are not copied. */
export function encodeResponse(
  api: BrokerApi<unknown, unknown>,
  version: number,
  correlationId: number,
  response: unknown,
): Uint8Array[] {
  const writer = new Writer()
  writer.writeInt32(0)
  writer.writeInt32(correlationId)
  if (responseHeaderVersion(api, version) === 1) writer.writeUnsignedVarint(0)
  api.encodeResponse(writer, response, version)
  return framed(writer)
}

/** The answer to an ApiVersions request in a version that is not served: the layout of version 0 (KIP-511). */
export function encodeUnknownApiVersions({ correlationId, served }: UnknownApiVersions): Uint8Array[] {
  const writer = new Writer()
  writer.writeInt32(0)
  writer.writeInt32(correlationId)
  const itself = { apiKey: ApiKey.ApiVersions, minVersion: served.min, maxVersion: served.max }
  apiVersionsApi.encodeResponse(writer, { errorCode: ErrorCode.UNSUPPORTED_VERSION, apiKeys: [itself] }, 0)
  return framed(writer)
}

function framed(writer: Writer): Uint8Array[] {
  const length = writer.length
  const pieces = writer.finish()
  const first = pieces[0] as Buffer
  first.writeInt32BE(length - 4, 0)
  return pieces
}

/** Depth of the deepest error code of Kafka's responses: a partition's, in a topic, in a group. */
const deepest = 6

/** The first error code of a response that is not NONE, wherever it stands; 0 when there is none. */
export function firstErrorCode(response: unknown, depth = 0): number {
  if (typeof response !== 'object' || response === null || depth > deepest) return 0
  if (response instanceof Uint8Array) return 0
  if (Array.isArray(response)) {
    for (const item of response) {
      // Of a list of numbers or strings one look is enough.
      if (typeof item !== 'object') return 0
      const code = firstErrorCode(item, depth + 1)
      if (code !== 0) return code
    }
    return 0
  }
  const fields = response as Readonly<Record<string, unknown>>
  const own = fields['errorCode']
  if (typeof own === 'number' && own !== 0) return own
  for (const name in fields) {
    const value = fields[name]
    if (typeof value !== 'object' || value === null || name === 'records') continue
    const code = firstErrorCode(value, depth + 1)
    if (code !== 0) return code
  }
  return 0
}
