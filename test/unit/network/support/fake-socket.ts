import type {
  BrokerSocket,
  SocketOpener,
  SocketListener,
  SocketTarget,
} from '../../../../src/network/broker-socket'

/** A socket whose other end is the test: it sees what was written and says what arrives, byte by byte if it likes. */
export class FakeSocket implements BrokerSocket {
  /** One buffer for each gathered write. */
  readonly writes: Buffer[] = []
  destroyed = false
  /** False keeps writes unflushed until `flush` is called. */
  autoFlush = true
  readonly #unflushed: (() => void)[] = []
  #closed = false

  constructor(
    readonly target: SocketTarget,
    readonly listener: SocketListener,
  ) {}

  write(pieces: readonly Uint8Array[], onFlushed: () => void): void {
    this.writes.push(Buffer.concat(pieces))
    if (this.autoFlush) onFlushed()
    else this.#unflushed.push(onFlushed)
  }

  flush(): void {
    for (const onFlushed of this.#unflushed.splice(0)) onFlushed()
  }

  open(): void {
    this.listener.onOpen()
  }

  /** Hands bytes over as a real socket does: into the buffers the listener offers, at most `chunkBytes` at a time. */
  deliver(bytes: Uint8Array, chunkBytes = Infinity): void {
    let at = 0
    while (at < bytes.length && !this.destroyed) {
      const buffer = this.listener.readBuffer()
      const count = Math.min(buffer.length, chunkBytes, bytes.length - at)
      buffer.set(bytes.subarray(at, at + count))
      at += count
      this.listener.onRead(count)
    }
  }

  /** The other end, or the network, ends it. */
  end(error?: Error): void {
    if (this.#closed) return
    this.#closed = true
    this.destroyed = true
    this.listener.onClosed(error)
  }

  destroy(): void {
    this.destroyed = true
    this.end()
  }

  /** The frames written so far, without their sizes. */
  get frames(): Buffer[] {
    const frames: Buffer[] = []
    const bytes = Buffer.concat(this.writes)
    for (let at = 0; at < bytes.length;) {
      const size = bytes.readInt32BE(at)
      frames.push(bytes.subarray(at + 4, at + 4 + size))
      at += 4 + size
    }
    return frames
  }
}

/** A factory that keeps what it made; sockets open when the test says so. */
export function fakeSockets(): { readonly sockets: FakeSocket[]; readonly factory: SocketOpener } {
  const sockets: FakeSocket[] = []
  const factory: SocketOpener = (target, listener) => {
    const socket = new FakeSocket(target, listener)
    sockets.push(socket)
    return socket
  }
  return { sockets, factory }
}

/** A system error as Node makes it. */
export function systemError(code: string, message = code): Error {
  return Object.assign(new Error(message), { code })
}
