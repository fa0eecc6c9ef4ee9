import type { ClientApi } from '../../../../src/wire/api'
import type { ByteStream } from '../../../../src/testing/transport/byte-stream'
import type { BrokerServer } from '../../../../src/testing/node/broker-server'
import { decodeResponseHeader, encodeRequestHeader } from '../../../../src/wire/headers'
import { Reader } from '../../../../src/wire/primitives/reader'
import { Writer } from '../../../../src/wire/primitives/writer'

/** The bytes of a request, framed. */
export function requestFrame<Request, Response>(
  api: ClientApi<Request, Response>,
  version: number,
  request: Request,
  correlationId = 1,
  clientId: string | null = 'raw',
): Buffer {
  const writer = new Writer()
  writer.writeInt32(0)
  encodeRequestHeader(writer, api, version, correlationId, clientId)
  api.encodeRequest(writer, request, version)
  const bytes = writer.toBuffer()
  bytes.writeInt32BE(bytes.length - 4, 0)
  return bytes
}

/** A client of bytes that talks to a server in the same turn: what it sends has been dealt with when `send` is back. */
export class RawClient implements ByteStream {
  readonly remoteAddress = '127.0.0.1'
  readonly principal = undefined
  onData: (chunk: Buffer) => void = () => {}
  onDrain: () => void = () => {}
  onClosed: () => void = () => {}
  isClosed = false
  isPaused = false
  /** What `write` answers. */
  takesMore = true
  #received = Buffer.alloc(0)

  constructor(server: BrokerServer) {
    server.accept(this)
  }

  send(bytes: Buffer): void {
    if (!this.isClosed) this.onData(bytes)
  }

  write(pieces: readonly Uint8Array[]): boolean {
    this.#received = Buffer.concat([this.#received, ...pieces])
    return this.takesMore
  }

  /** The response frames that came since the last call, without their sizes. */
  frames(): Buffer[] {
    const frames: Buffer[] = []
    let at = 0
    while (at + 4 <= this.#received.length) {
      const end = at + 4 + this.#received.readInt32BE(at)
      if (end > this.#received.length) break
      frames.push(this.#received.subarray(at + 4, end))
      at = end
    }
    this.#received = this.#received.subarray(at)
    return frames
  }

  /** The one response that came; its correlation id is checked. */
  response<Request, Response>(
    api: ClientApi<Request, Response>,
    version: number,
    correlationId = 1,
  ): Response {
    const frames = this.frames()
    expect(frames).toHaveLength(1)
    const reader = new Reader(frames[0] as Buffer)
    expect(decodeResponseHeader(reader, api, version)).toBe(correlationId)
    return api.decodeResponse(reader, version)
  }

  pause(): void {
    this.isPaused = true
  }

  resume(): void {
    this.isPaused = false
  }

  close(): void {
    this.destroy()
  }

  destroy(): void {
    if (this.isClosed) return
    this.isClosed = true
    this.onClosed()
  }
}
