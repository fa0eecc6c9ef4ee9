import type { SlabSource } from '../wire/records/record-batch-builder'
import type { BufferMemory } from './buffer-memory'

/** Kept although no batch needs memory: what one request takes. */
const idleBytes = 1024 * 1024

/**
 * Slabs of batches that are stored, for those that come. Without it, each batch leaves memory behind that the garbage
 * collector finds late, because it lies outside of its heap. What is kept is never more than what batches hold right
 * now, except for `idleBytes`, and with that never more than `bufferMemoryBytes` (L10).
 */
export class SlabPool implements SlabSource {
  readonly #memory: BufferMemory
  /** By size, the smallest first. Slabs for a single large record have sizes of their own; they are not kept. */
  readonly #free = new Map<number, Buffer[]>()
  #freeBytes = 0

  /** @param firstBytes the smallest slab; the others are its doubles, up to the first that holds `largestBytes` */
  constructor(memory: BufferMemory, firstBytes: number, largestBytes: number) {
    this.#memory = memory
    this.#free.set(firstBytes, [])
    for (let bytes = firstBytes; bytes < largestBytes;) this.#free.set((bytes *= 2), [])
  }

  /** Bytes of the slabs that no batch has. */
  get freeBytes(): number {
    return this.#freeBytes
  }

  take(bytes: number): Buffer {
    const slab = this.#free.get(bytes)?.pop()
    if (slab !== undefined) {
      this.#freeBytes -= bytes
      return slab
    }
    this.#trim()
    return Buffer.allocUnsafeSlow(bytes)
  }

  giveBack(slab: Buffer): void {
    const slabs = this.#free.get(slab.length)
    if (slabs === undefined) return
    slabs.push(slab)
    this.#freeBytes += slab.length
    this.#trim()
  }

  /** Drops what is too much, the small ones first: they cost least to make. */
  #trim(): void {
    const { usedBytes, availableBytes } = this.#memory
    const limit = Math.min(Math.max(usedBytes, idleBytes), availableBytes)
    if (this.#freeBytes <= limit) return
    for (const [bytes, slabs] of this.#free) {
      while (slabs.length > 0 && this.#freeBytes > limit) {
        slabs.pop()
        this.#freeBytes -= bytes
      }
    }
  }
}
