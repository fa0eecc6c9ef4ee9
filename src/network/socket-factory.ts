import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { ConnectionError } from '../base/errors'
import {
  type BrokerSocket,
  type SocketListener,
  type SocketOpener,
  type SocketTarget,
  tlsOptions,
  writeGathered,
} from './broker-socket'
import { nodeTls } from './node-tls'

/** Where a stream is to lead. */
export interface SocketFactoryTarget {
  /** A name or an address, as the option `brokers` or a broker gave it. */
  readonly host: string
  readonly port: number
  /** Fires when the stream is not wanted any more, for instance because it took too long. */
  readonly signal: AbortSignal
}

/**
 * Makes what carries the bytes between the client and one broker: a stream that is connected, or a socket that connects.
 * TLS, where it is on, is spoken over it by the client.
 */
export type SocketFactory = (target: SocketFactoryTarget) => Duplex | Promise<Duplex>

/** Opens sockets over the streams that a factory makes. */
export function socketOpener(factory: SocketFactory): SocketOpener {
  return (target, listener) => new StreamSocket(factory, target, listener)
}

/** A socket over a stream that somebody else makes. */
class StreamSocket implements BrokerSocket {
  readonly #listener: SocketListener
  readonly #target: SocketTarget
  readonly #attempt = new AbortController()
  #stream: Duplex | undefined
  #failure: Error | undefined
  #isClosed = false

  constructor(factory: SocketFactory, target: SocketTarget, listener: SocketListener) {
    this.#listener = listener
    this.#target = target
    void this.#open(factory)
  }

  write(pieces: readonly Uint8Array[], onFlushed: () => void): void {
    if (this.#stream?.writable) writeGathered(this.#stream, pieces, onFlushed)
  }

  destroy(): void {
    this.#attempt.abort()
    this.#stream?.destroy()
    this.#close()
  }

  async #open(factory: SocketFactory): Promise<void> {
    const { host, port, tls } = this.#target
    // Nothing is told before the constructor has returned; and from here on no event of the stream is missed.
    await Promise.resolve()
    if (this.#isClosed) return
    try {
      const stream: unknown = await factory({ host, port, signal: this.#attempt.signal })
      if (!isDuplex(stream)) throw notAStream(stream)
      if (this.#isClosed) return void stream.destroy()
      if (stream instanceof Socket) stream.setNoDelay(true)
      if (tls === undefined) return this.#attach(stream, isConnecting(stream) ? 'connect' : undefined)
      const options = { ...tlsOptions(this.#target, tls), host, socket: stream }
      const secured = nodeTls().connect(options)
      // What ended the stream says more than that the handshake was cut off.
      stream.once('error', (error) => (this.#failure ??= error))
      this.#attach(secured, 'secureConnect')
    } catch (error) {
      this.#failure ??=
        error instanceof Error ? error : new ConnectionError('CONNECTION_FAILED', String(error))
      this.#close()
    }
  }

  #attach(stream: Duplex, readyEvent: 'connect' | 'secureConnect' | undefined): void {
    this.#stream = stream
    stream.on('error', (error) => (this.#failure ??= error))
    stream.once('close', () => this.#close())
    stream.once('end', () => void stream.destroy())
    stream.on('data', (chunk: Uint8Array) => this.#receive(chunk))
    if (stream.destroyed) this.#close()
    else if (readyEvent === undefined) this.#listener.onOpen()
    else stream.once(readyEvent, () => this.#listener.onOpen())
  }

  /** Copies: whose memory a stream's chunks are is not ours to know. */
  #receive(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length && !this.#isClosed;) {
      const buffer = this.#listener.readBuffer()
      const length = Math.min(buffer.length, chunk.length - at)
      buffer.set(chunk.subarray(at, at + length))
      at += length
      this.#listener.onRead(length)
    }
  }

  #close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#listener.onClosed(this.#failure)
  }
}

function isDuplex(value: unknown): value is Duplex {
  const stream = value as Partial<Duplex> | null | undefined
  return typeof stream?.write === 'function' && typeof stream.on === 'function' && 'destroy' in stream
}

function isConnecting(stream: Duplex): boolean {
  return 'connecting' in stream && stream.connecting === true
}

function notAStream(value: unknown): ConnectionError {
  return new ConnectionError(
    'CONNECTION_FAILED',
    `The option socketFactory gave ${value === null ? 'null' : typeof value}, where a stream is needed`,
    { retriable: false },
  )
}
