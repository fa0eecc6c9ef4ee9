import type { Reader } from './primitives/reader'
import type { Writer } from './primitives/writer'

/** What both sides know of one Kafka API. */
export interface ApiInfo {
  /** Kafka's number of the API. */
  readonly key: number
  /** Kafka's name of the API, such as `Produce`. */
  readonly name: string
  readonly minVersion: number
  /** The highest version that Kafka calls stable. */
  readonly maxVersion: number
  /** The highest version there are codecs for, where that one is not stable; never negotiated unless asked for. */
  readonly unstableMaxVersion?: number
  /** The first flexible version (KIP-482); Infinity when there is none. Decides the header versions too. */
  readonly firstFlexibleVersion: number
}

/** The client's half of one API: writes requests, reads responses. */
export interface ClientApi<Request, Response> extends ApiInfo {
  encodeRequest(writer: Writer, request: Request, version: number): void
  decodeResponse(reader: Reader, version: number): Response
}

/** The broker's half of one API: reads requests, writes responses. */
export interface BrokerApi<Request, Response> extends ApiInfo {
  decodeRequest(reader: Reader, version: number): Request
  encodeResponse(writer: Writer, response: Response, version: number): void
}

/** A message that is not a request or response: a header, or what stands inside another message's bytes. */
export interface DataCodec<Input, Output> {
  readonly name: string
  readonly minVersion: number
  readonly maxVersion: number
  encode(writer: Writer, message: Input, version: number): void
  decode(reader: Reader, version: number): Output
}
