import {
  batchAttributes,
  batchHeaderBytes,
  batchLayout,
  batchLengthOverhead,
} from '../../wire/records/batch-layout'
import { smallestLegacyMessage } from '../../wire/records/legacy-message-set'
import { compressionTypes } from '../../wire/records/compression/codec'
import { fail } from '../contracts/kafka-failure'

/** The first version of Produce that may carry zstd (KIP-110). */
const firstZstdProduce = 7

/**
 * The one batch of a partition in a Produce request, as a view; what follows it and is no whole batch is left out, as
 * Kafka does. It is not looked at beyond its first bytes.
 * @throws INVALID_RECORD, CORRUPT_MESSAGE, UNSUPPORTED_COMPRESSION_TYPE
 */
export function producedBatch(records: Buffer | null, produceVersion: number): Buffer {
  const request = `Produce requests with version ${produceVersion}`
  const size = sizeOfBatchAt(records, 0)
  if (records === null || size === undefined) {
    throw fail('INVALID_RECORD', `${request} must have at least one record batch per partition`)
  }
  const batch = records.subarray(0, size)
  if (batch[batchLayout.magic] !== 2) {
    throw fail('INVALID_RECORD', `${request} are only allowed to contain record batches with magic version 2`)
  }
  if (produceVersion < firstZstdProduce && compressionTypeOf(batch) === compressionTypes.zstd) {
    throw fail('UNSUPPORTED_COMPRESSION_TYPE', `${request} are not allowed to use ZStandard compression`)
  }
  if (sizeOfBatchAt(records, size) !== undefined) {
    throw fail(
      'INVALID_RECORD',
      `${request} are only allowed to contain exactly one record batch per partition`,
    )
  }
  return batch
}

/**
 * The first batch of what was sent to a partition, as Kafka looks at it before anything else; undefined when there is
 * no whole one.
 * @throws CORRUPT_MESSAGE, UNKNOWN_SERVER_ERROR
 */
export function firstBatchOf(records: Buffer | null): Buffer | undefined {
  const size = sizeOfBatchAt(records, 0)
  if (records === null || size === undefined) return undefined
  if (records[batchLayout.magic] === 2 && size < batchLayout.baseSequence) {
    throw fail('UNKNOWN_SERVER_ERROR')
  }
  return records.subarray(0, size)
}

/** The number of a batch's codec; 0 for a batch too short to say. */
function compressionTypeOf(batch: Buffer): number {
  if (batch.length < batchHeaderBytes) return compressionTypes.none
  return batch.readInt16BE(batchLayout.attributes) & batchAttributes.compressionMask
}

/** Bytes of the batch that starts there; undefined when there is no whole one. */
function sizeOfBatchAt(records: Buffer | null, start: number): number | undefined {
  if (records === null || records.length - start <= batchLayout.magic) return undefined
  const length = records.readInt32BE(start + batchLayout.batchLength)
  if (length < smallestLegacyMessage) {
    throw fail('CORRUPT_MESSAGE', `Record size ${length} is less than the minimum record overhead (14)`)
  }
  const magic = records.readInt8(start + batchLayout.magic)
  if (magic < 0 || magic > 2) {
    throw fail('CORRUPT_MESSAGE', `Invalid magic found in record: ${magic}`)
  }
  const size = length + batchLengthOverhead
  return size > records.length - start ? undefined : size
}
