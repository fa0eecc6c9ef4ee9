import { connect as connectTcp, isIP, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { ConnectionOptions } from 'node:tls'
import { nodeTls } from './node-tls'

/** Where one socket goes: one address of a broker. */
export interface SocketTarget {
  /** An IP address, or a name that the socket resolves itself. */
  readonly address: string
  readonly port: number
  /** The name the user or the broker gave; what a certificate is checked against. */
  readonly host: string
  /** Present when the socket is to speak TLS. */
  readonly tls: ConnectionOptions | undefined
}

/** What a socket tells its owner. Nothing is called after `onClosed`, which is called exactly once. */
export interface SocketListener {
  /** The socket can carry requests; with TLS the handshake is over and the certificate was accepted. */
  onOpen(): void
  /** Where the next bytes are to be put; never empty. */
  readBuffer(): Uint8Array
  /** `length` bytes were put at the start of the buffer that `readBuffer` gave last. */
  onRead(length: number): void
  onClosed(error: Error | undefined): void
}

/** One byte stream to a broker. */
export interface BrokerSocket {
  /**
   * Sends all pieces in one gathered write; the pieces must not change until `onFlushed` is called, which happens
   * once the operating system took them, or never when the socket dies first.
   */
  write(pieces: readonly Uint8Array[], onFlushed: () => void): void
  /** Ends the socket now. `onClosed` follows. */
  destroy(): void
}

/** Opens sockets; a test or a simulated network passes its own. */
export type SocketOpener = (target: SocketTarget, listener: SocketListener) => BrokerSocket

/**
 * The real thing, over `node:net` and `node:tls`. Bytes are read straight into the buffers the listener offers, so
 * that a large response is never copied.
 */
export const openNodeSocket: SocketOpener = (target, listener) => {
  const onread = {
    buffer: () => listener.readBuffer(),
    callback: (length: number) => {
      listener.onRead(length)
      return true
    },
  }
  const socket = target.tls === undefined ? openTcp(target, onread) : openTls(target, target.tls, onread)
  let failure: Error | undefined
  socket.setNoDelay(true)
  socket.setKeepAlive(true, 60_000)
  socket.once(target.tls === undefined ? 'connect' : 'secureConnect', () => listener.onOpen())
  socket.on('error', (error) => {
    failure ??= error
  })
  socket.once('close', () => listener.onClosed(failure))
  return {
    write: (pieces, onFlushed) => writeGathered(socket, pieces, onFlushed),
    destroy: () => void socket.destroy(),
  }
}

/** Hands all pieces over in one write; `onFlushed` is not called when it fails. */
export function writeGathered(stream: Duplex, pieces: readonly Uint8Array[], onFlushed: () => void): void {
  const done = (error?: Error | null) => {
    if (!error) onFlushed()
  }
  const last = pieces.length - 1
  if (last > 0) stream.cork()
  for (let i = 0; i < last; i++) stream.write(pieces[i] as Uint8Array)
  stream.write(pieces[last] as Uint8Array, done)
  if (last > 0) stream.uncork()
}

type OnRead = { buffer: () => Uint8Array; callback: (length: number) => boolean }

function openTcp(target: SocketTarget, onread: OnRead): Socket {
  return connectTcp({ host: target.address, port: target.port, onread })
}

function openTls(target: SocketTarget, tls: ConnectionOptions, onread: OnRead): Socket {
  const options = { ...tlsOptions(target, tls), host: target.address, port: target.port, onread }
  return nodeTls().connect(options)
}

/** The options by which a TLS socket asks for the name of the broker, and checks the certificate against it. */
export function tlsOptions(target: SocketTarget, tls: ConnectionOptions): ConnectionOptions {
  // An IP address can't be asked for by SNI, and is compared with the certificate's IP entries by Node.
  const servername = tls.servername ?? (isIP(target.host) === 0 ? target.host : '')
  const checkedName = servername === '' ? target.host : servername
  if (tls.checkServerIdentity !== undefined || checkedName === target.address) return { ...tls, servername }
  const { checkServerIdentity } = nodeTls()
  return { ...tls, servername, checkServerIdentity: (_, cert) => checkServerIdentity(checkedName, cert) }
}
