import { DecodeError } from '../../base/errors'
import { ApiKey } from '../../wire/generated/api-keys'
import { requestHeaderCodec } from '../../wire/generated/data/request-header'
import { requestHeaderVersion } from '../../wire/headers'
import { Reader } from '../../wire/primitives/reader'
import type { Release } from '../contracts/release'
import type { ApiHandler } from '../contracts/api-handler'

/** A request with what answers it. Its bytes and records are views on the frame. */
export interface DecodedRequest {
  readonly handler: ApiHandler
  readonly version: number
  readonly correlationId: number
  readonly clientId: string | null
  readonly request: unknown
  /** Of the frame. */
  readonly bytes: number
}

/** ApiVersions in a version that is not served: answered in the layout of version 0 (KIP-511). */
export interface UnknownApiVersions {
  readonly correlationId: number
  readonly served: { readonly min: number; readonly max: number }
}

/** Key, version and correlation id: what every request starts with. */
const leastBytes = 8

/**
 * Reads one frame.
 * @throws DecodeError for what Kafka closes the connection for: an API or version that is not served, malformed bytes
 */
export function decodeRequest(
  frame: Buffer,
  handlers: ReadonlyMap<number, ApiHandler>,
  release: Pick<Release, 'versionsOf'>,
): DecodedRequest | UnknownApiVersions {
  if (frame.length < leastBytes) throw new DecodeError(`A request of ${frame.length} bytes has no header`)
  const key = frame.readInt16BE(0)
  const version = frame.readInt16BE(2)
  const handler = handlers.get(key)
  const served = release.versionsOf(key)
  if (handler === undefined || served === undefined) throw new DecodeError(`API key ${key} is not served`)
  const { api } = handler
  if (version < served.min || version > served.max) {
    if (key === ApiKey.ApiVersions) return { correlationId: frame.readInt32BE(4), served }
    throw new DecodeError(
      `${api.name} v${version} is not served; versions ${served.min} to ${served.max} are`,
    )
  }
  const reader = new Reader(frame)
  const { correlationId, clientId } = requestHeaderCodec.decode(reader, requestHeaderVersion(api, version))
  const request = api.decodeRequest(reader, version)
  return { handler, version, correlationId, clientId, request, bytes: frame.length }
}
