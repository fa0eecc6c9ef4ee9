import type { Clock } from '../../base/clock'
import { InvalidOptionError } from '../../base/errors'
import type { Principal } from '../contracts/principal'
import { unattended, type ByteStream } from './byte-stream'
import { plainDirection, type DirectionShape, type LinkShape } from './link-shape'
import { ShapedDirection } from './shaped-direction'

/** The shape of all connections of one broker, those that are open and those to come. */
export class LinkShaper {
  readonly #clock: Clock
  readonly #streams = new Set<ShapedStream>()
  #shape: LinkShape = {}

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Sets how bytes go from now on; undefined makes all connections plain again. @throws InvalidOptionError */
  set(shape: LinkShape | undefined): void {
    const problems = Object.entries(shape ?? {}).flatMap(([way, direction]) =>
      problemsOf(way, direction as DirectionShape | undefined),
    )
    if (problems.length > 0) throw new InvalidOptionError("Wrong shape of a broker's connections", problems)
    this.#shape = shape ?? {}
    for (const stream of [...this.#streams]) stream.setShape(this.#shape)
  }

  /** Puts itself between a stream and who will take it over. */
  wrap(stream: ByteStream): ByteStream {
    const shaped = new ShapedStream(stream, this.#clock, () => void this.#streams.delete(shaped))
    this.#streams.add(shaped)
    shaped.setShape(this.#shape)
    return shaped
  }
}

function problemsOf(way: string, direction: DirectionShape | undefined): string[] {
  const { bytesPerSecond, latencyMs, splitAtBytes, cutAfterBytes } = direction ?? {}
  const limits = { bytesPerSecond: 1, latencyMs: 0, splitAtBytes: 1, cutAfterBytes: 0 }
  const given = { bytesPerSecond, latencyMs, splitAtBytes, cutAfterBytes }
  return (Object.keys(limits) as (keyof typeof limits)[]).flatMap((name) => {
    const value = given[name]
    if (value === undefined || (Number.isFinite(value) && value >= limits[name])) return []
    return [`option '${way}.${name}' is ${value}: it needs a number of at least ${limits[name]}`]
  })
}

/** A stream whose bytes are slowed, split, turned over or cut off, both ways. */
class ShapedStream implements ByteStream {
  readonly remoteAddress: string
  readonly principal: Principal | undefined
  onData = unattended.onData as (chunk: Buffer) => void
  onDrain = unattended.onDrain
  onClosed = unattended.onClosed
  readonly #stream: ByteStream
  readonly #toBroker: ShapedDirection
  readonly #toClient: ShapedDirection
  #isPaused = false
  #isFull = false

  constructor(stream: ByteStream, clock: Clock, onGone: () => void) {
    this.#stream = stream
    this.remoteAddress = stream.remoteAddress
    this.principal = stream.principal
    const cut = (): void => stream.destroy()
    this.#toBroker = new ShapedDirection(clock, (bytes) => this.onData(asBuffer(bytes)), cut)
    this.#toClient = new ShapedDirection(clock, (bytes) => void stream.write([bytes]), cut)
    this.#toBroker.onDrain = () => this.#hold(this.#isPaused, false)
    this.#toClient.onDrain = () => this.onDrain()
    stream.onData = (chunk) => this.#receive(chunk)
    stream.onDrain = () => this.onDrain()
    stream.onClosed = () => {
      this.#toBroker.end()
      this.#toClient.end()
      onGone()
      this.onClosed()
    }
  }

  #receive(chunk: Buffer): void {
    if (this.#toBroker.isTransparent) return this.onData(chunk)
    this.#toBroker.send(chunk)
    if (this.#toBroker.isFull) this.#hold(this.#isPaused, true)
  }

  /** The client is held back while the receiver wants no more, or the slow line is full. */
  #hold(isPaused: boolean, isFull: boolean): void {
    const wasHeld = this.#isPaused || this.#isFull
    this.#isPaused = isPaused
    this.#isFull = isFull
    const isHeld = isPaused || isFull
    if (isHeld === wasHeld) return
    if (isHeld) this.#stream.pause()
    else this.#stream.resume()
  }

  setShape(shape: LinkShape): void {
    this.#toBroker.setShape(shape.toBroker ?? plainDirection)
    this.#toClient.setShape(shape.toClient ?? plainDirection)
  }

  write(pieces: readonly Uint8Array[]): boolean {
    if (this.#toClient.isTransparent) return this.#stream.write(pieces)
    for (const piece of pieces) this.#toClient.send(piece)
    return !this.#toClient.isFull
  }

  pause(): void {
    this.#toBroker.hold()
    this.#hold(true, this.#isFull)
  }

  resume(): void {
    this.#hold(false, this.#isFull)
    this.#toBroker.release()
  }

  close(): void {
    this.#toClient.afterAll(() => this.#stream.close())
  }

  destroy(): void {
    this.#toClient.end()
    this.#stream.destroy()
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
