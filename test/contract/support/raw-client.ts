import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { ApiInfo, ClientApi } from '../../../src/wire/api'
import {
  decodeApiVersionsResponse,
  decodeResponseHeader,
  encodeRequestHeader,
} from '../../../src/wire/headers'
import { apiVersionsApi, type ApiVersionsResponse } from '../../../src/wire/generated/client/api-versions'
import { Reader } from '../../../src/wire/primitives/reader'
import { Writer } from '../../../src/wire/primitives/writer'
import { createDeferred, type Deferred } from '../../../src/base/deferred'
import { FrameSplitter } from '../../kafka/support/frames'

/** A broker that does not answer fails the test that asked, not all that follow. */
const patienceMs = 20_000

/** The broker closed the connection instead of answering. */
export class ConnectionClosed extends Error {
  override readonly name = 'ConnectionClosed'
}

/**
 * One connection that sends what it is told in the version it is told, and gives back what the broker said, decoded
 * and not interpreted. It knows no retries, no negotiation and no errors: a contract test wants to see the codes.
 */
export class RawClient {
  readonly #socket: Socket
  readonly #waiting: Deferred<Buffer>[] = []
  readonly #splitter = new FrameSplitter()
  /** Settles when the connection is gone, whoever ended it. */
  readonly closed: Promise<void>
  #isClosed = false

  /** True once it is of no more use. */
  get isClosed(): boolean {
    return this.#isClosed
  }

  #lastCorrelationId = 0

  private constructor(socket: Socket) {
    this.#socket = socket
    this.closed = new Promise((resolve) =>
      socket.once('close', () => {
        this.#isClosed = true
        for (const one of this.#waiting.splice(0)) one.reject(new ConnectionClosed('The broker closed it'))
        resolve()
      }),
    )
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      for (const frame of this.#splitter.push(chunk)) this.#waiting.shift()?.resolve(frame)
    })
  }

  /** @param address `host:port` */
  static async connect(address: string): Promise<RawClient> {
    const at = address.lastIndexOf(':')
    const socket = connect(Number(address.slice(at + 1)), address.slice(0, at))
    socket.setNoDelay(true)
    await once(socket, 'connect')
    return new RawClient(socket)
  }

  /** Sends one request and gives its decoded response. Throws ConnectionClosed when there is none. */
  async ask<Request, Response>(
    api: ClientApi<Request, Response>,
    version: number,
    request: Request,
  ): Promise<Response> {
    const frame = await this.askFrame(this.#encode(api, version, request))
    const reader = new Reader(frame, 4)
    decodeResponseHeader(reader, api, version)
    const response = api.decodeResponse(reader, version)
    if (reader.remaining() > 0) throw new Error(`${api.name} left ${reader.remaining()} bytes unread`)
    return response
  }

  /** Asks ApiVersions in any version, one the broker does not know too; the answer's layout follows KIP-511. */
  async askApiVersions(version: number, name = 'contract', software = '1'): Promise<ApiVersionsResponse> {
    const asked = Math.min(version, apiVersionsApi.maxVersion)
    const frame = this.#encode(apiVersionsApi, asked, {
      clientSoftwareName: name,
      clientSoftwareVersion: software,
    })
    frame.writeInt16BE(version, 6)
    const reader = new Reader(await this.askFrame(frame), 4)
    decodeResponseHeader(reader, apiVersionsApi, asked)
    return decodeApiVersionsResponse(reader, asked)
  }

  /** Sends a request that gets no response, such as Produce with acks 0. */
  tell<Request>(api: ClientApi<Request, unknown>, version: number, request: Request): void {
    this.#socket.write(this.#encode(api, version, request))
  }

  /** Sends a whole frame, size included, and gives the frame that comes back. */
  async askFrame(frame: Buffer): Promise<Buffer> {
    if (this.#isClosed) throw new ConnectionClosed('The connection was closed before')
    const answer = createDeferred<Buffer>()
    this.#waiting.push(answer)
    this.#socket.write(frame)
    const timer = setTimeout(() => {
      answer.reject(new Error(`No answer to API ${frame.readInt16BE(4)} within ${patienceMs} ms`))
      this.close()
    }, patienceMs)
    return answer.promise.finally(() => clearTimeout(timer))
  }

  #encode<Request>(api: ApiInfo & ClientApi<Request, unknown>, version: number, request: Request): Buffer {
    const writer = new Writer()
    encodeRequestHeader(writer, api, version, ++this.#lastCorrelationId, 'contract')
    api.encodeRequest(writer, request, version)
    const body = writer.toBuffer()
    const size = Buffer.alloc(4)
    size.writeInt32BE(body.length)
    return Buffer.concat([size, body])
  }

  /** Ends the connection. */
  close(): void {
    this.#isClosed = true
    this.#socket.destroy()
  }
}
