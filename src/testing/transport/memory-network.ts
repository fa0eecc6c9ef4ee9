import { systemClock } from '../../base/clock'
import { ConnectionError, InvalidOptionError } from '../../base/errors'
import type { Runtime } from '../contracts/runtime'
import type { AcceptStream } from './byte-stream'
import { MemoryPipe, type PipeSettings } from './memory-pipe'
import { MemoryConnection, type MemorySocketListener } from './memory-stream'

/** Where a client wants to connect to; a part of the client's own SocketTarget. */
export interface MemoryTarget {
  readonly address: string
  readonly port: number
  readonly host: string
  readonly tls: object | undefined
}

/** The client's end of a connection; the shape of the client's own BrokerSocket. */
export interface MemorySocket {
  write(pieces: readonly Uint8Array[], onFlushed: () => void): void
  destroy(): void
}

/** What a client needs in order to use the network; fits its options `openSocket` and `resolveHost`. */
export interface MemoryConnector {
  readonly openSocket: (target: MemoryTarget, listener: MemorySocketListener) => MemorySocket
  readonly resolveHost: (host: string) => Promise<readonly string[]>
}

export interface MemoryNetworkOptions {
  /** Milliseconds that bytes take each way: always the same, or by chance between two limits. Default: 0. */
  readonly latencyMs?: number | { readonly min: number; readonly max: number }
}

interface MemoryListener {
  readonly brokerId: number
  readonly accept: AcceptStream
}

interface Link {
  readonly client: string
  readonly brokerId: number
  readonly pipes: readonly MemoryPipe[]
  readonly connection: MemoryConnection
}

/** Ports of listeners that leave the choice to the network start here. */
const firstPort = 9092

/**
 * A network without ports or sockets, for clients and brokers of one process. With a virtual clock all that happens
 * on it depends on the clock and the seed alone.
 *
 *     client ── write ──► pipe ──► ByteStream of the broker
 *            ◄── read ─── pipe ◄──
 */
export class MemoryNetwork {
  readonly #runtime: Runtime
  readonly #defer: (callback: () => void) => void
  #latency: { readonly min: number; readonly max: number }
  readonly #listeners = new Map<string, MemoryListener>()
  readonly #links = new Set<Link>()
  /** Pairs that do not reach each other: `client broker`, with `*` for any client. */
  readonly #partitions = new Set<string>()
  #nextPort = firstPort

  constructor(runtime: Runtime, options: MemoryNetworkOptions = {}) {
    this.#runtime = runtime
    this.#latency = latencyRange(options.latencyMs ?? 0)
    // A turn of the event loop is the fastest that starves nobody. A clock of its own must see all that is to come.
    this.#defer =
      runtime.clock === systemClock
        ? (callback) => void setImmediate(callback)
        : (callback) => void runtime.clock.setTimer(0, callback)
  }

  /**
   * Accepts connections at an address.
   * @param port 0 for any that is free
   * @returns the port, and what ends the listening; connections there are stay
   * @throws InvalidOptionError when the address is taken
   */
  listen(
    brokerId: number,
    host: string,
    port: number,
    accept: AcceptStream,
  ): { readonly port: number; close(): void } {
    const chosen = port === 0 ? this.#freePort(host) : port
    const address = `${host}:${chosen}`
    if (this.#listeners.has(address)) {
      throw new InvalidOptionError('Wrong options for the broker', [
        `option 'port' is ${port}: another broker of this network listens on ${address}; choose another port, or 0 for any that is free`,
      ])
    }
    this.#listeners.set(address, { brokerId, accept })
    return { port: chosen, close: () => void this.#listeners.delete(address) }
  }

  /**
   * What a client connects with.
   * @param client names it, for `partition` and `cut`. Default: `client`
   */
  connector(client = 'client'): MemoryConnector {
    return {
      openSocket: (target, listener) => this.#connect(client, target, listener),
      resolveHost: (host) => Promise.resolve([host]),
    }
  }

  /** How long things take from now on. */
  setLatency(latencyMs: number | { readonly min: number; readonly max: number }): void {
    this.#latency = latencyRange(latencyMs)
  }

  /**
   * Nothing gets through between a broker and a client (any, unless one is named): what is sent waits, a connection
   * that is opened does not open, and an end that closes is not noticed by the other. Until the answer is called.
   */
  partition(brokerId: number, client = '*'): () => void {
    const pair = `${client} ${brokerId}`
    this.#partitions.add(pair)
    return () => {
      if (!this.#partitions.delete(pair)) return
      for (const { pipes } of this.#links) for (const pipe of pipes) pipe.wake()
    }
  }

  /** Breaks all connections between a broker and a client (any, unless one is named), in both directions at once. */
  cut(brokerId: number, client?: string): void {
    for (const link of [...this.#links]) {
      if (link.brokerId === brokerId && (client === undefined || link.client === client))
        link.connection.cut()
    }
  }

  /** Connections of which at least one end is open. */
  get connectionCount(): number {
    return this.#links.size
  }

  #connect(client: string, target: MemoryTarget, listener: MemorySocketListener): MemorySocket {
    const address = `${target.address}:${target.port}`
    const brokerId = this.#listeners.get(address)?.brokerId ?? -1
    const settings = this.#pipeSettings(client, brokerId)
    const pipes = { toBroker: new MemoryPipe(settings), toClient: new MemoryPipe(settings) }
    const connection = new MemoryConnection(listener, pipes, '127.0.0.1', () => void this.#links.delete(link))
    const link: Link = { client, brokerId, pipes: [pipes.toBroker, pipes.toClient], connection }
    this.#links.add(link)
    pipes.toBroker.send(0, () => this.#arrive(address, target, connection, pipes.toClient))
    return {
      write: (pieces, onFlushed) => connection.write(pieces, onFlushed),
      destroy: () => connection.destroy(),
    }
  }

  #arrive(address: string, target: MemoryTarget, connection: MemoryConnection, toClient: MemoryPipe): void {
    if (!connection.isClientOpen) return
    const refusal = target.tls === undefined ? connectionRefused(address) : noTls(address)
    const listener = target.tls === undefined ? this.#listeners.get(address) : undefined
    if (listener === undefined) {
      toClient.send(0, () => connection.closeClient(refusal))
      return connection.endStream()
    }
    toClient.send(0, () => connection.open())
    listener.accept(connection.stream)
  }

  #pipeSettings(client: string, brokerId: number): PipeSettings {
    const [anyClient, thisClient] = [`* ${brokerId}`, `${client} ${brokerId}`]
    return {
      clock: this.#runtime.clock,
      defer: this.#defer,
      latencyMs: () => {
        const { min, max } = this.#latency
        return min === max ? min : min + this.#runtime.random() * (max - min)
      },
      isUp: () =>
        this.#partitions.size === 0 || !(this.#partitions.has(anyClient) || this.#partitions.has(thisClient)),
    }
  }

  #freePort(host: string): number {
    while (this.#listeners.has(`${host}:${this.#nextPort}`)) this.#nextPort++
    return this.#nextPort++
  }
}

/** With the code that the system has for it. */
function connectionRefused(address: string): Error {
  return new ConnectionError('ECONNREFUSED', `connect ECONNREFUSED ${address}`)
}

function noTls(address: string): Error {
  return new InvalidOptionError('Wrong options for the client', [
    `option 'tls' is set, but the network in memory, which ${address} belongs to, speaks no TLS; leave it out, or connect over TCP`,
  ])
}

function latencyRange(latency: number | { readonly min: number; readonly max: number }): {
  readonly min: number
  readonly max: number
} {
  const range = typeof latency === 'number' ? { min: latency, max: latency } : latency
  if (range.min >= 0 && range.max >= range.min && range.max < Infinity) return range
  throw new InvalidOptionError('Wrong options for the network in memory', [
    `option 'latencyMs' is ${range.min} to ${range.max}: it needs milliseconds from 0, the least first`,
  ])
}
