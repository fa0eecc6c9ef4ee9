import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type SecureVersion } from 'node:tls'
import { InvalidOptionError, KafkaError } from '../../base/errors'
import type { Logger } from '../../base/logger'
import type { AcceptStream } from './byte-stream'
import { TcpStream } from './tcp-stream'

/** The broker's side of TLS, as PEM text or bytes. */
export interface TlsListenerOptions {
  readonly key: string | Buffer
  readonly cert: string | Buffer
  readonly passphrase?: string
  /** Who signed the certificates of clients. */
  readonly ca?: string | Buffer | readonly (string | Buffer)[]
  /** Kafka's `ssl.client.auth`. Default: `none`. */
  readonly clientAuth?: 'none' | 'requested' | 'required'
  readonly minVersion?: SecureVersion
  readonly maxVersion?: SecureVersion
}

export interface TcpListenerOptions {
  readonly host: string
  /** 0 for any that is free. */
  readonly port: number
  readonly tls?: TlsListenerOptions | undefined
  readonly logger: Logger
}

/** Accepts TCP or TLS connections at one address. */
export class TcpListener {
  readonly host: string
  readonly port: number
  readonly #server: Server
  /** Also those whose TLS handshake is not over. */
  readonly #sockets: Set<Socket>

  private constructor(server: Server, sockets: Set<Socket>, host: string) {
    this.#server = server
    this.#sockets = sockets
    this.host = host
    this.port = (server.address() as AddressInfo).port
  }

  /** @throws InvalidOptionError for a port that is in use or not allowed, a host that is not ours, a wrong certificate */
  static open(options: TcpListenerOptions, accept: AcceptStream): Promise<TcpListener> {
    const { host, port, logger } = options
    const sockets = new Set<Socket>()
    const onSocket = (socket: Socket): void => {
      // A client may be gone before its connection is looked at.
      if (socket.destroyed) return
      accept(new TcpStream(socket))
    }
    return new Promise((resolve, reject) => {
      const server = options.tls === undefined ? createServer(onSocket) : createTls(options.tls, onSocket)
      server.on('connection', (socket: Socket) => {
        sockets.add(socket)
        socket.once('close', () => sockets.delete(socket))
      })
      server.on('tlsClientError', (error: Error) =>
        logger.debug('A TLS handshake failed', { host, port, error }),
      )
      server.once('error', (error) => reject(describeListenError(error, host, port)))
      server.listen({ host, port, backlog: 1024 }, () => {
        server.removeAllListeners('error')
        server.on('error', (error) => logger.warn('The listener of a broker reports an error', { error }))
        resolve(new TcpListener(server, sockets, host))
      })
    })
  }

  /** Connections are refused from now on, and those there are end. */
  async stop(): Promise<void> {
    const closed = [new Promise<void>((resolve) => this.#server.close(() => resolve()))]
    for (const socket of this.#sockets) {
      closed.push(new Promise((resolve) => socket.once('close', () => resolve())))
      socket.destroy()
    }
    await Promise.all(closed)
  }

  /** Lets the process end although the listener is open. */
  unref(): void {
    this.#server.unref()
  }
}

function createTls(tls: TlsListenerOptions, onSocket: (socket: Socket) => void): Server {
  const { clientAuth = 'none', ca, ...rest } = tls
  try {
    return createTlsServer(
      {
        ...rest,
        ...(ca === undefined ? {} : { ca: typeof ca === 'string' || Buffer.isBuffer(ca) ? ca : [...ca] }),
        requestCert: clientAuth !== 'none',
        rejectUnauthorized: clientAuth === 'required',
      },
      onSocket,
    )
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new InvalidOptionError('Wrong options for the broker', [
      `option 'tls' has a key or certificate that can't be used: ${reason}; both are PEM text or bytes`,
    ])
  }
}

function describeListenError(error: NodeJS.ErrnoException, host: string, port: number): KafkaError {
  const problem = (text: string): KafkaError => new InvalidOptionError('Wrong options for the broker', [text])
  switch (error.code) {
    case 'EADDRINUSE':
      return problem(
        `option 'port' is ${port}: another program listens on ${host}:${port}; stop it, choose another port, or 0 for any that is free`,
      )
    case 'EACCES':
      return problem(`option 'port' is ${port}: the system does not allow it; choose one above 1023, or 0`)
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return problem(`option 'host' is '${host}': this machine has no such address (${error.code})`)
    default:
      return KafkaError.from(error, `The broker can't listen on ${host}:${port}`)
  }
}
