import { ConnectionError } from '../../base/errors'
import type { Principal } from '../contracts/principal'
import { unattended, type ByteStream } from './byte-stream'
import type { MemoryPipe } from './memory-pipe'

/** What a client's socket is told; the shape of the client's own SocketListener. */
export interface MemorySocketListener {
  onOpen(): void
  /** Where the next bytes are to be put; never empty. */
  readBuffer(): Uint8Array
  onRead(length: number): void
  onClosed(error: Error | undefined): void
}

/**
 * One connection without a socket: both its ends. What the client writes is copied once, because the client uses its
 * buffers again; what the broker writes is copied into the client's buffer when it arrives.
 */
export class MemoryConnection {
  readonly stream: MemoryStream
  readonly #listener: MemorySocketListener
  readonly #toBroker: MemoryPipe
  readonly #toClient: MemoryPipe
  readonly #onGone: (connection: MemoryConnection) => void
  #clientOpen = true
  #flushWaiters: (() => void)[] = []

  constructor(
    listener: MemorySocketListener,
    pipes: { readonly toBroker: MemoryPipe; readonly toClient: MemoryPipe },
    remoteAddress: string,
    onGone: (connection: MemoryConnection) => void,
  ) {
    this.#listener = listener
    this.#toBroker = pipes.toBroker
    this.#toClient = pipes.toClient
    this.#onGone = onGone
    this.#toBroker.onDrain = () => this.#flushed()
    this.stream = new MemoryStream(this, pipes, remoteAddress)
    this.#toClient.onDrain = () => this.stream.onDrain()
  }

  /** The client's end: as its socket. */
  write(pieces: readonly Uint8Array[], onFlushed: () => void): void {
    if (!this.#clientOpen) return
    const bytes = pieces.length === 1 ? Buffer.from(pieces[0] as Uint8Array) : Buffer.concat(pieces)
    this.#flushWaiters.push(onFlushed)
    const isSoon = this.#toBroker.send(bytes.length, () => {
      this.stream.receive(bytes)
      if (!this.#toBroker.isFull) this.#flushed()
    })
    if (isSoon) return
    // A socket's buffer takes it although nobody reads yet, until it is full; then onDrain says so.
    this.#toBroker.later(() => {
      if (!this.#toBroker.isFull) this.#flushed()
    })
  }

  /** The client ends it: the broker learns of it in its time. */
  destroy(): void {
    if (!this.#clientOpen) return
    this.closeClient(undefined)
    this.#toBroker.send(0, () => this.endStream())
  }

  /** Breaks both ends now: neither hears the other any more. */
  cut(): void {
    this.endStream()
    this.closeClient(connectionReset())
  }

  /** Nothing reaches the client any more; it is told in a later turn. */
  closeClient(error: Error | undefined): void {
    if (!this.#clientOpen) return
    this.#clientOpen = false
    this.#flushWaiters = []
    this.#toClient.end()
    this.#toClient.later(() => this.#listener.onClosed(error))
    this.#forgetWhenOver()
  }

  endStream(): void {
    if (!this.stream.isOpen) return
    this.stream.end()
    this.#toBroker.end()
    this.#forgetWhenOver()
  }

  get isClientOpen(): boolean {
    return this.#clientOpen
  }

  open(): void {
    if (this.#clientOpen) this.#listener.onOpen()
  }

  /** Puts bytes into the client's buffers. */
  deliverToClient(pieces: readonly Uint8Array[]): void {
    for (const piece of pieces) {
      let at = 0
      while (at < piece.length && this.#clientOpen) {
        const room = this.#listener.readBuffer()
        const count = Math.min(room.length, piece.length - at)
        room.set(count === piece.length ? piece : piece.subarray(at, at + count))
        this.#listener.onRead(count)
        at += count
      }
    }
  }

  #flushed(): void {
    const waiters = this.#flushWaiters
    this.#flushWaiters = []
    for (const waiter of waiters) waiter()
  }

  #forgetWhenOver(): void {
    if (!this.#clientOpen && !this.stream.isOpen) this.#onGone(this)
  }
}

/** The broker's end of a connection without a socket. */
export class MemoryStream implements ByteStream {
  readonly remoteAddress: string
  readonly principal: Principal | undefined = undefined
  onData = unattended.onData as (chunk: Buffer) => void
  onDrain = unattended.onDrain
  onClosed = unattended.onClosed
  readonly #connection: MemoryConnection
  readonly #toBroker: MemoryPipe
  readonly #toClient: MemoryPipe
  #open = true

  constructor(
    connection: MemoryConnection,
    pipes: { readonly toBroker: MemoryPipe; readonly toClient: MemoryPipe },
    remoteAddress: string,
  ) {
    this.#connection = connection
    this.#toBroker = pipes.toBroker
    this.#toClient = pipes.toClient
    this.remoteAddress = remoteAddress
  }

  get isOpen(): boolean {
    return this.#open
  }

  receive(chunk: Buffer): void {
    if (this.#open) this.onData(chunk)
  }

  write(pieces: readonly Uint8Array[]): boolean {
    if (!this.#open) return true
    let bytes = 0
    for (const piece of pieces) bytes += piece.length
    this.#toClient.send(bytes, () => this.#connection.deliverToClient(pieces))
    return !this.#toClient.isFull
  }

  pause(): void {
    this.#toBroker.pause()
  }

  resume(): void {
    this.#toBroker.resume()
  }

  close(): void {
    this.#endWith(undefined)
  }

  destroy(): void {
    this.#endWith(connectionReset())
  }

  /** The broker's end is over; `onClosed` comes in a later turn, as from a socket. */
  end(): void {
    if (!this.#open) return
    this.#open = false
    this.#toBroker.later(() => this.onClosed())
  }

  #endWith(error: Error | undefined): void {
    if (!this.#open) return
    this.#toClient.send(0, () => this.#connection.closeClient(error))
    this.#connection.endStream()
  }
}

/** With the code that the system has for it. */
function connectionReset(): Error {
  return new ConnectionError('ECONNRESET', 'read ECONNRESET')
}
