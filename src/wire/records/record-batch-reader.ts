import { DecodeError } from '../../base/errors'
import { batchLayout, batchLengthOverhead } from './batch-layout'
import { readLegacyEntry, smallestLegacyMessage } from './legacy-message-set'
import { readBatchHeader, type RecordBatch } from './record-batch'

/**
 * Walks over the batches of a records field. The field may end within a batch, because a broker cuts at its byte
 * limit: that rest is left alone and fetched again. Formats may change from batch to batch, as in old logs.
 */
export class RecordBatchReader {
  readonly buffer: Buffer
  readonly end: number
  #position: number

  constructor(buffer: Buffer, start = 0, end = buffer.length) {
    this.buffer = buffer
    this.end = end
    this.#position = start
  }

  /** Where the next batch starts. */
  get position(): number {
    return this.#position
  }

  /** Bytes not yet read. After the last batch: what is there of a batch that was cut off. */
  get remaining(): number {
    return this.end - this.#position
  }

  /**
   * The next whole batch; undefined when there is none. Throws DecodeError when the bytes are no batch, and keeps its
   * position then: what lies behind cannot be found.
   */
  next(): RecordBatch | undefined {
    const start = this.#position
    const left = this.end - start
    if (left <= batchLayout.magic) return undefined
    const length = this.buffer.readInt32BE(start + batchLayout.batchLength)
    if (length < smallestLegacyMessage) {
      throw new DecodeError(`Malformed record batch at offset ${start}: its length is ${length}`)
    }
    if (length > left - batchLengthOverhead) return undefined
    const end = start + batchLengthOverhead + length
    const magic = this.buffer[start + batchLayout.magic] as number
    if (magic > 2) {
      throw new DecodeError(
        `Unknown record format at offset ${start}: magic ${magic}; this client reads 0, 1 and 2`,
      )
    }
    const batch =
      magic === 2 ? readBatchHeader(this.buffer, start, end) : readLegacyEntry(this.buffer, start, end)
    this.#position = end
    return batch
  }
}

/** All whole batches of a records field. */
export function readRecordBatches(records: Buffer): RecordBatch[] {
  const reader = new RecordBatchReader(records)
  const batches: RecordBatch[] = []
  for (let batch = reader.next(); batch !== undefined; batch = reader.next()) batches.push(batch)
  return batches
}
