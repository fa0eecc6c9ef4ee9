import type { FetchMemory } from '../fetch/fetch-memory'

/** Messages that were taken from a partition together. */
export interface PendingSlice {
  /** How many of them are not done with. */
  left: number
  readonly bytes: number
}

/**
 * Owns the decompressed bytes of messages that are handled side by side, from when they were taken from their partition
 * until they are done with, so that what waits for a handler counts like what waits for its turn (L17).
 */
export class PendingSlices {
  readonly #memory: FetchMemory
  #bytes = 0

  constructor(memory: FetchMemory) {
    this.#memory = memory
  }

  /** @param bytes that the memory counts already */
  begin(messages: number, bytes: number): PendingSlice {
    this.#bytes += bytes
    return { left: messages, bytes }
  }

  /** One message of the slice is done with. */
  finish(slice: PendingSlice): void {
    if (--slice.left > 0) return
    // The end may have given them back before.
    const bytes = Math.min(slice.bytes, this.#bytes)
    this.#bytes -= bytes
    this.#memory.releaseDecompressed(bytes)
  }

  /** Nothing is handed out any more. */
  end(): void {
    this.#memory.releaseDecompressed(this.#bytes)
    this.#bytes = 0
  }
}
