import { DecodeError } from '../../../base/errors'
import { copySlackBytes, viewOf } from './words'

/**
 * Grows by doubling while a codec decompresses into it, and never past the limit that was given: what the input says
 * of its own size decides nothing.
 */
export class OutputBuffer {
  /** Has `copySlackBytes` behind what was reserved, for copies that overshoot. */
  bytes: Buffer
  /** Of `bytes`. */
  view: DataView
  /** Bytes that there is room for, without the slack. */
  room: number
  /** Bytes written. */
  length = 0
  readonly #what: string
  readonly #maxBytes: number

  /** @param what the codec's name, for errors */
  constructor(what: string, expectedBytes: number, maxBytes: number) {
    this.#what = what
    this.#maxBytes = maxBytes
    this.room = Math.min(Math.max(expectedBytes, 0), maxBytes)
    this.bytes = withSlack(this.room)
    this.view = viewOf(this.bytes)
  }

  /** Makes room for `more` bytes and gives the buffer to write them in, from `length` on. */
  reserve(more: number): Buffer {
    const needed = this.length + more
    if (needed > this.room) this.#grow(needed)
    return this.bytes
  }

  /** Makes room for `more` bytes from `at` on, up to where bytes were written; `bytes` and `view` are new ones then. */
  growAt(at: number, more: number): this {
    this.length = at
    this.reserve(more)
    return this
  }

  /** What was written. Copied when much of the buffer would lie idle. */
  finish(): Buffer {
    const { bytes, length } = this
    return length < bytes.length / 2 ? Buffer.from(bytes.subarray(0, length)) : bytes.subarray(0, length)
  }

  #grow(needed: number): void {
    if (needed > this.#maxBytes) throw tooLarge(this.#what, this.#maxBytes)
    this.room = Math.min(Math.max(needed, this.room * 2), this.#maxBytes)
    const grown = withSlack(this.room)
    this.bytes.copy(grown, 0, 0, this.length)
    this.bytes = grown
    this.view = viewOf(grown)
  }
}

function withSlack(length: number): Buffer {
  return Buffer.allocUnsafeSlow(length + copySlackBytes)
}

/** Compressed bytes would grow past the limit. */
export function tooLarge(what: string, maxBytes: number): DecodeError {
  return new DecodeError(
    `The ${what} data is larger than ${maxBytes} bytes when decompressed, which is the most this client accepts`,
  )
}

/** Compressed bytes are not what the format says. */
export function malformed(what: string, at: number, why: string): DecodeError {
  return new DecodeError(`Malformed ${what} data at offset ${at}: ${why}`)
}
