import type { Principal } from '../contracts/principal'

/**
 * The broker's end of one connection: bytes in, bytes out. Who takes it over sets the three callbacks in the same
 * turn; nothing is called before, and nothing after `onClosed`, which is called exactly once.
 */
export interface ByteStream {
  /** Address of the client, such as `127.0.0.1`. */
  readonly remoteAddress: string
  /** Who the client's certificate names, where the transport asked for one. */
  readonly principal: Principal | undefined

  /** Bytes that came; they are the receiver's from then on. */
  onData: (chunk: Buffer) => void
  /** What was written has left, after `write` had said that it is enough. */
  onDrain: () => void
  /** The connection is gone, whoever ended it. */
  onClosed: () => void

  /**
   * Sends the pieces one after the other, without a copy: they must not change afterwards.
   * @returns false when enough is waiting: the next write should wait for `onDrain`
   */
  write(pieces: readonly Uint8Array[]): boolean
  /** Stops `onData` until `resume`; the sender is held back by the transport. */
  pause(): void
  resume(): void
  /** Ends the connection once what was written has left. `onClosed` follows. */
  close(): void
  /** Ends the connection now, as a process that dies does. `onClosed` follows. */
  destroy(): void
}

/** Takes over a new connection. */
export type AcceptStream = (stream: ByteStream) => void

const ignore = (): void => {}

/** The callbacks of a stream before anybody took it over. */
export const unattended = { onData: ignore, onDrain: ignore, onClosed: ignore }
