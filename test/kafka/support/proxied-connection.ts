import { connect, type Socket } from 'node:net'
import { FrameSplitter } from './frames'

/** A response that is to be lost. */
export interface ResponseFault {
  apiKey: number | undefined
  resolve: () => void
}

/** The faults in force, shared by all connections of a proxy. */
export interface ConnectionFaults {
  frozen: boolean
  delayMs: number
  byteByByte: boolean
  responses: ResponseFault[]
}

/** One client's connection through a proxy. Kafka answers in the order of the requests, which tells whose a frame is. */
export class ProxiedConnection {
  readonly #client: Socket
  readonly #broker: Socket
  readonly #faults: ConnectionFaults
  readonly #requests = new FrameSplitter()
  readonly #responses = new FrameSplitter()
  /** The faults, or null, of the requests that wait for their answer. */
  readonly #waiting: { correlationId: number; fault: ResponseFault | null }[] = []
  /** Keeps delayed responses in order. */
  #delivery: Promise<void> = Promise.resolve()

  constructor(client: Socket, brokerPort: number, faults: ConnectionFaults) {
    this.#client = client
    this.#faults = faults
    this.#broker = connect({ port: brokerPort, host: '127.0.0.1', noDelay: true })
    client.on('data', (chunk) => this.#onRequestBytes(chunk))
    this.#broker.on('data', (chunk) => this.#onResponseBytes(chunk))
    client.on('error', () => this.reset())
    this.#broker.on('error', () => this.reset())
    client.on('close', () => this.#broker.destroy())
    this.#broker.on('close', () => void this.#delivery.then(() => client.destroy()))
    client.on('drain', () => this.applyFreeze())
    this.#broker.on('drain', () => this.applyFreeze())
    this.applyFreeze()
  }

  /** Ends both sides at once. (Not by `resetAndDestroy`: a socket that is shutting down is never freed by it on Node 20.) */
  reset(): void {
    this.#broker.destroy()
    this.#client.destroy()
  }

  /** Stops or resumes reading on both sides, as the faults say. */
  applyFreeze(): void {
    for (const socket of [this.#client, this.#broker]) {
      if (this.#faults.frozen) socket.pause()
      else socket.resume()
    }
  }

  #onRequestBytes(chunk: Buffer): void {
    for (const frame of this.#requests.push(chunk)) {
      if (frame.length >= 12) this.#noteRequest(frame.readInt16BE(4), frame.readInt32BE(8))
    }
    if (!this.#broker.write(chunk)) this.#client.pause()
  }

  #noteRequest(apiKey: number, correlationId: number): void {
    const at = this.#faults.responses.findIndex(
      (fault) => fault.apiKey === undefined || fault.apiKey === apiKey,
    )
    const [fault = null] = at === -1 ? [] : this.#faults.responses.splice(at, 1)
    this.#waiting.push({ correlationId, fault })
  }

  #onResponseBytes(chunk: Buffer): void {
    for (const frame of this.#responses.push(chunk)) {
      const fault = this.#faultOf(frame.readInt32BE(4))
      if (fault !== null) {
        this.reset()
        fault.resolve()
        return
      }
      this.#deliver(frame)
    }
  }

  /** Requests without an answer (acks 0) are passed over. */
  #faultOf(correlationId: number): ResponseFault | null {
    const at = this.#waiting.findIndex((each) => each.correlationId === correlationId)
    const [request] = this.#waiting.splice(0, at + 1).slice(-1)
    return request?.fault ?? null
  }

  #deliver(frame: Buffer): void {
    const { delayMs, byteByByte } = this.#faults
    if (delayMs === 0 && !byteByByte) {
      this.#delivery = this.#delivery.then(() => this.#write(frame))
      return
    }
    this.#delivery = this.#delivery.then(async () => {
      if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs))
      if (!byteByByte) return this.#write(frame)
      for (let at = 0; at < frame.length && !this.#client.destroyed; at++) {
        this.#client.write(frame.subarray(at, at + 1))
        await new Promise((resolve) => setImmediate(resolve))
      }
    })
  }

  #write(bytes: Buffer): void {
    if (!this.#client.destroyed && !this.#client.write(bytes)) this.#broker.pause()
  }
}
