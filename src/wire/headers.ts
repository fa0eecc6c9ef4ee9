import { ApiKey } from './generated/api-keys'
import type { ApiInfo } from './api'
import { apiVersionsApi, type ApiVersionsResponse } from './generated/client/api-versions'
import { requestHeaderCodec } from './generated/data/request-header'
import { responseHeaderCodec } from './generated/data/response-header'
import type { Reader } from './primitives/reader'
import type { Writer } from './primitives/writer'

const unsupportedVersion = 35

/** The parts of an API that decide its headers. */
export type HeaderApi = Pick<ApiInfo, 'key' | 'firstFlexibleVersion'>

/** Header version 2 adds tagged fields; it goes with flexible requests (KIP-482). */
export function requestHeaderVersion(api: HeaderApi, version: number): number {
  return version >= api.firstFlexibleVersion ? 2 : 1
}

/**
 * Header version 1 adds tagged fields; it goes with flexible responses. ApiVersions keeps version 0 always: a client
 * must be able to read the answer of a broker that does not know the version it asked for (KIP-511).
 */
export function responseHeaderVersion(api: HeaderApi, version: number): number {
  return api.key !== ApiKey.ApiVersions && version >= api.firstFlexibleVersion ? 1 : 0
}

/** Writes what stands before a request's body, without the frame's size. */
export function encodeRequestHeader(
  writer: Writer,
  api: HeaderApi,
  version: number,
  correlationId: number,
  clientId: string | null,
): void {
  const header = { requestApiKey: api.key, requestApiVersion: version, correlationId, clientId }
  requestHeaderCodec.encode(writer, header, requestHeaderVersion(api, version))
}

/** Reads what stands before a response's body, and returns its correlation id. */
export function decodeResponseHeader(reader: Reader, api: HeaderApi, version: number): number {
  return responseHeaderCodec.decode(reader, responseHeaderVersion(api, version)).correlationId
}

/**
 * Reads the body of an ApiVersions response. A broker that does not know the version asked for answers
 * UNSUPPORTED_VERSION in the layout of version 0, whatever was asked (KIP-511).
 */
export function decodeApiVersionsResponse(reader: Reader, version: number): ApiVersionsResponse {
  const start = reader.offset
  const errorCode = reader.readInt16()
  reader.offset = start
  return apiVersionsApi.decodeResponse(reader, errorCode === unsupportedVersion ? 0 : version)
}
