import { DecodeError } from '../base/errors'

const scratchBytes = 64 * 1024
/** A rest of a frame smaller than this is read through the scratch buffer, together with what follows it. */
const directReadBytes = 16 * 1024

/**
 * Cuts a byte stream into frames: a size of four bytes, then that many bytes. Each frame comes out as one buffer of
 * its own, allocated from its known length; a large frame's bytes are read into it without passing anywhere else.
 *
 *     readBuffer() → scratch, between frames and for small ones       received(n) copies from it
 *                  → the rest of the frame, once much of it is missing  received(n) only counts
 *
 * A frame never shares memory with the scratch buffer, so keeping a small response alive keeps only its own bytes.
 */
export class FrameReader {
  readonly #maxFrameBytes: number
  readonly #onFrame: (frame: Buffer) => void
  #scratch: Buffer | undefined
  readonly #size = Buffer.alloc(4)
  #sizeBytes = 0
  #frame: Buffer | undefined
  #filled = 0
  #direct = false

  /**
   * @param maxFrameBytes a larger frame raises a DecodeError before anything is allocated
   * @param onFrame is called with each complete frame, without its size
   */
  constructor(maxFrameBytes: number, onFrame: (frame: Buffer) => void) {
    this.#maxFrameBytes = maxFrameBytes
    this.#onFrame = onFrame
  }

  /** True while a frame has begun and not ended. */
  get midFrame(): boolean {
    return this.#sizeBytes > 0
  }

  /** The first bytes of the frame under way, for telling what a peer speaks that isn't Kafka. */
  get start(): Buffer {
    return this.#size.subarray(0, this.#sizeBytes)
  }

  /** Where the next bytes are to be put. */
  readBuffer(): Buffer {
    const frame = this.#frame
    this.#direct = frame !== undefined && frame.length - this.#filled >= directReadBytes
    if (this.#direct) return (frame as Buffer).subarray(this.#filled)
    return (this.#scratch ??= Buffer.allocUnsafeSlow(scratchBytes))
  }

  /** `length` bytes were put into what `readBuffer` gave. Throws DecodeError for a size that can't be. */
  received(length: number): void {
    if (!this.#direct) return this.push((this.#scratch as Buffer).subarray(0, length))
    this.#filled += length
    this.#finishFrame()
  }

  /** Takes bytes from a chunk that the caller may use again afterwards. */
  push(chunk: Uint8Array): void {
    let at = 0
    while (at < chunk.length) {
      if (this.#frame === undefined) {
        this.#size[this.#sizeBytes++] = chunk[at++] as number
        if (this.#sizeBytes === 4) this.#startFrame()
        continue
      }
      const count = Math.min(this.#frame.length - this.#filled, chunk.length - at)
      this.#frame.set(chunk.subarray(at, at + count), this.#filled)
      this.#filled += count
      at += count
      this.#finishFrame()
    }
  }

  #startFrame(): void {
    const size = this.#size.readInt32BE(0)
    if (size < 0) throw new DecodeError(`A response claims a negative size (${size} bytes)`)
    if (size > this.#maxFrameBytes) {
      throw new DecodeError(
        `A response of ${size} bytes is larger than maxResponseBytes (${this.#maxFrameBytes}); raise it, or ask the broker for less at once`,
      )
    }
    this.#frame = Buffer.allocUnsafe(size)
    this.#filled = 0
    this.#finishFrame()
  }

  #finishFrame(): void {
    const frame = this.#frame as Buffer
    if (this.#filled < frame.length) return
    this.#frame = undefined
    this.#sizeBytes = 0
    this.#direct = false
    this.#onFrame(frame)
  }
}
