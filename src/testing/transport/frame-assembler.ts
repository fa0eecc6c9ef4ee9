import { DecodeError } from '../../base/errors'

const sizeBytes = 4
/** The least memory that a frame gets that comes in parts. */
const leastCapacity = 4 * 1024

/**
 * Cuts what a client sends into frames: four bytes of size, then that many bytes. A frame that lies in one chunk and
 * is most of it becomes a view; any other is copied once, so that a small request never keeps a large chunk alive.
 * Memory follows what arrived and not what a frame claims to be: the buffer of an unfinished frame doubles.
 */
export class FrameAssembler {
  readonly #maxFrameBytes: number
  readonly #onFrame: (frame: Buffer) => void
  readonly #size = Buffer.alloc(sizeBytes)
  #sizeFilled = 0
  /** Bytes of the frame under way; -1 between frames. */
  #frameBytes = -1
  #frame: Buffer | undefined
  #filled = 0
  #stopped = false

  constructor(maxFrameBytes: number, onFrame: (frame: Buffer) => void) {
    this.#maxFrameBytes = maxFrameBytes
    this.#onFrame = onFrame
  }

  /** Whatever comes is thrown away from now on, also the rest of a chunk that is being taken apart. */
  stop(): void {
    this.#stopped = true
    this.#frame = undefined
  }

  /** Takes a chunk over. @throws DecodeError for a size that no request has */
  push(chunk: Buffer): void {
    let at = 0
    while (at < chunk.length && !this.#stopped) {
      if (this.#frameBytes < 0) at = this.#takeSize(chunk, at)
      if (this.#frameBytes >= 0) at = this.#takeBody(chunk, at)
    }
  }

  #takeSize(chunk: Buffer, from: number): number {
    let size: number
    let at = from
    if (this.#sizeFilled === 0 && chunk.length - at >= sizeBytes) {
      size = chunk.readInt32BE(at)
      at += sizeBytes
    } else {
      while (at < chunk.length && this.#sizeFilled < sizeBytes) {
        this.#size[this.#sizeFilled++] = chunk[at++] as number
      }
      if (this.#sizeFilled < sizeBytes) return at
      size = this.#size.readInt32BE(0)
      this.#sizeFilled = 0
    }
    if (size < 0 || size > this.#maxFrameBytes) {
      throw new DecodeError(`A request of ${size} bytes; the largest taken is ${this.#maxFrameBytes} bytes`)
    }
    this.#frameBytes = size
    return at
  }

  #takeBody(chunk: Buffer, from: number): number {
    const size = this.#frameBytes
    const available = chunk.length - from
    if (this.#frame === undefined && available >= size) {
      const view = chunk.subarray(from, from + size)
      this.#frameBytes = -1
      this.#onFrame(size * 2 >= chunk.length ? view : Buffer.from(view))
      return from + size
    }
    if (available === 0) return from
    const count = Math.min(size - this.#filled, available)
    const frame = this.#room(count)
    chunk.copy(frame, this.#filled, from, from + count)
    this.#filled += count
    if (this.#filled === size) this.#finish(frame)
    return from + count
  }

  #room(count: number): Buffer {
    const needed = this.#filled + count
    const frame = this.#frame
    if (frame !== undefined && frame.length >= needed) return frame
    const capacity = Math.min(this.#frameBytes, Math.max(leastCapacity, needed * 2))
    const grown = Buffer.allocUnsafe(capacity)
    frame?.copy(grown, 0, 0, this.#filled)
    this.#frame = grown
    return grown
  }

  #finish(frame: Buffer): void {
    this.#frame = undefined
    this.#frameBytes = -1
    this.#filled = 0
    this.#onFrame(frame)
  }
}
