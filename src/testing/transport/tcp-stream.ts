import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { Principal } from '../contracts/principal'
import { unattended, type ByteStream } from './byte-stream'
import { distinguishedName } from './distinguished-name'

/** A TCP or TLS connection as a ByteStream. */
export class TcpStream implements ByteStream {
  readonly remoteAddress: string
  readonly principal: Principal | undefined
  onData = unattended.onData as (chunk: Buffer) => void
  onDrain = unattended.onDrain
  onClosed = unattended.onClosed
  readonly #socket: Socket

  constructor(socket: Socket) {
    this.#socket = socket
    this.remoteAddress = (socket.remoteAddress ?? 'unknown').replace(/^::ffff:/, '')
    this.principal = socket instanceof TLSSocket ? principalOf(socket) : undefined
    socket.setNoDelay(true)
    // What went wrong does not matter to a broker: the connection is gone. 'close' follows.
    socket.on('error', () => {})
    socket.on('data', (chunk: Buffer) => this.onData(chunk))
    socket.on('drain', () => this.onDrain())
    socket.once('close', () => this.onClosed())
  }

  write(pieces: readonly Uint8Array[]): boolean {
    const socket = this.#socket
    // After a destroy nothing drains: the one who waits would wait for ever.
    if (!socket.writable) return true
    const last = pieces.length - 1
    if (last > 0) socket.cork()
    let more = true
    for (const piece of pieces) more = socket.write(piece)
    if (last > 0) socket.uncork()
    return more || !socket.writableNeedDrain
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  close(): void {
    // A client that does not read would keep destroySoon() waiting; with nothing to send there is nothing to wait for.
    if (this.#socket.writableLength === 0) this.#socket.destroy()
    else this.#socket.destroySoon()
  }

  destroy(): void {
    // Not resetAndDestroy(): on Node 20 it can keep the process alive.
    this.#socket.destroy()
  }
}

function principalOf(socket: TLSSocket): Principal | undefined {
  // The type says that there always is one; Node gives an empty object, or nothing, when there is none.
  const certificate = socket.getPeerCertificate() as { readonly subject?: Readonly<Record<string, unknown>> }
  const subject = certificate?.subject
  if (subject === undefined || !socket.authorized) return undefined
  return { type: 'User', name: distinguishedName(subject) }
}
