import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'
import { decodeMsgpack } from './msgpack'

/**
 * Stands for Datadog's agent: takes what a tracer sends, and gives it back as JSON to who asks for `/received`:
 * `{ spans, streams }`, the spans of all traces, and the payloads of the monitoring of data streams.
 */
export class TraceAgent {
  readonly #server: Server
  readonly #spans: unknown[] = []
  readonly #streams: unknown[] = []

  constructor() {
    this.#server = createServer((request, response) => void this.#answer(request, response))
  }

  /** Resolves when it listens, on a port of its own. */
  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const body = Buffer.concat(chunks)
    const { url = '' } = request
    if (url.startsWith('/v0.4/traces')) this.#spans.push(...(decodeMsgpack(body) as unknown[][]).flat())
    if (url.startsWith('/v0.1/pipeline_stats')) this.#streams.push(decodeMsgpack(gunzipSync(body)))
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(this.#reply(url)))
  }

  #reply(url: string): object {
    if (url === '/received') return { spans: this.#spans, streams: this.#streams }
    if (url === '/info') return { endpoints: ['/v0.4/traces', '/v0.1/pipeline_stats'] }
    return { rate_by_service: {} }
  }
}
