import { RecordBatchReader } from '../../wire/records/record-batch-reader'
import type { FetchMemory } from './fetch-memory'

/** A transaction that was aborted, as the broker lists it with the records it concerns. */
export interface AbortedTransaction {
  readonly producerId: bigint
  readonly firstOffset: bigint
}

/** What remains of a frame before its last parts get bytes of their own: less than a quarter. */
const detachShare = 4

/** Frames from this size on are renewed: it costs a few µs, which smaller ones are not worth. */
const renewedBytes = 256 * 1024
/** Each part costs a fraction of one, which those that are smaller on average are not worth. */
const renewedPartBytes = 8 * 1024
/** Few larger ones fill what V8 lets young objects hold outside of its heap: it would collect with each that comes. */
const mostRenewedBytes = 8 * 1024 * 1024

/**
 * The records of one Fetch response. Its parts, one a partition, are views on one buffer, so a single part that waits
 * keeps all of it in memory. When little of a frame is left, what nobody reads yet is copied out and the frame is freed.
 *
 *     [ part, delivered | part, delivered | part, waiting | … ]  →  [ part, waiting ]
 *
 * While a frame waits for its turn it grows old for the garbage collector, which frees the old in full collections only,
 * and the bytes of a few frames bring such a collection about. So the bytes are handed to a new owner when reading begins:
 * one that dies young, with the messages, unless the user keeps some of them.
 */
export class FetchedFrame {
  readonly #memory: FetchMemory
  readonly #parts = new Set<FetchedRecords>()
  #bytes = 0
  #liveBytes = 0
  #isBegun = false

  /** @param reservedBytes what was reserved for the response; what it did not need is given back by `seal` */
  constructor(memory: FetchMemory) {
    this.#memory = memory
  }

  add(records: Buffer, abortedTransactions: readonly AbortedTransaction[] | null): FetchedRecords {
    const part = new FetchedRecords(records, abortedTransactions, this)
    this.#parts.add(part)
    this.#bytes += records.length
    this.#liveBytes += records.length
    return part
  }

  /** Counts the frame's bytes in place of what was reserved for it. */
  seal(reservedBytes: number): void {
    this.#memory.add(this.#bytes)
    this.#memory.release(reservedBytes)
  }

  /** @internal called by a part before the first of its batches is read */
  begin(): void {
    if (this.#isBegun) return
    this.#isBegun = true
    const least = Math.max(renewedBytes, this.#parts.size * renewedPartBytes)
    if (this.#bytes >= least && this.#bytes <= mostRenewedBytes) this.#renew()
  }

  /** Moves the bytes into a new ArrayBuffer, without a copy. Nothing but the parts views them. */
  #renew(): void {
    const parts = [...this.#parts]
    const before = parts[0]?.arrayBuffer
    // One that holds much else, such as a pool, is not the frame's alone.
    if (!(before instanceof ArrayBuffer) || before.byteLength > this.#bytes * 2) return
    if (parts.some(({ arrayBuffer }) => arrayBuffer !== before)) return
    const places = parts.map((part) => part.byteOffset)
    const renewed = structuredClone(before, { transfer: [before] })
    parts.forEach((part, index) => part.moveTo(renewed, places[index] as number))
  }

  /** @internal called by a part that is done */
  release(part: FetchedRecords): void {
    if (!this.#parts.delete(part)) return
    this.#liveBytes -= part.bytes
    if (this.#parts.size > 0 && this.#liveBytes * detachShare < this.#bytes) this.#detachWaiting()
    if (this.#parts.size > 0) return
    this.#memory.release(this.#bytes)
    this.#bytes = 0
  }

  #detachWaiting(): void {
    for (const part of this.#parts) {
      if (part.isBegun) continue
      this.#parts.delete(part)
      this.#liveBytes -= part.bytes
      this.#memory.add(part.bytes)
      part.detach(this.#memory)
    }
  }
}

/** The records of one partition in one Fetch response: whole batches, not decoded. */
export class FetchedRecords {
  readonly bytes: number
  readonly abortedTransactions: readonly AbortedTransaction[] | null
  #records: Buffer
  #frame: FetchedFrame | undefined
  #memory: FetchMemory | undefined
  #reader: RecordBatchReader | undefined

  constructor(
    records: Buffer,
    abortedTransactions: readonly AbortedTransaction[] | null,
    frame: FetchedFrame,
  ) {
    this.bytes = records.length
    this.abortedTransactions = abortedTransactions
    this.#records = records
    this.#frame = frame
  }

  /** True once batches were taken from it: they are views on its present bytes. */
  get isBegun(): boolean {
    return this.#reader !== undefined
  }

  get batches(): RecordBatchReader {
    if (this.#reader === undefined) this.#frame?.begin()
    return (this.#reader ??= new RecordBatchReader(this.#records))
  }

  /** @internal what its bytes lie in, */
  get arrayBuffer(): ArrayBufferLike {
    return this.#records.buffer
  }

  /** @internal and where */
  get byteOffset(): number {
    return this.#records.byteOffset
  }

  /** @internal its bytes lie in another place, and are the same */
  moveTo(buffer: ArrayBuffer, byteOffset: number): void {
    this.#records = Buffer.from(buffer, byteOffset, this.bytes)
  }

  /** @internal gets bytes of its own, so that the frame can be freed */
  detach(memory: FetchMemory): void {
    const own = Buffer.allocUnsafeSlow(this.bytes)
    this.#records.copy(own)
    this.#records = own
    this.#frame = undefined
    this.#memory = memory
  }

  /** Gives the memory back; nothing of it is read any more. */
  release(): void {
    this.#frame?.release(this)
    this.#memory?.release(this.bytes)
    this.#frame = this.#memory = undefined
  }
}
