import { openRecords } from '../../wire/records/open-records'
import { readControlRecord, controlTypes } from '../../wire/records/control-record'
import { readBatchHeader } from '../../wire/records/record-batch'
import type { RecordCursor } from '../../wire/records/record-cursor'
import type { ReceivedRecordHeader } from '../../wire/records/record-header'
import type { Partition } from '../contracts/partition'
import type { StoredBatch } from '../contracts/partition-log'

/** One record as it lies in a log. */
export interface StoredRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
  /** Milliseconds since 1970. */
  readonly timestamp: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly ReceivedRecordHeader[]
  /** -1 without idempotence; so are epoch and sequence. */
  readonly producerId: bigint
  readonly producerEpoch: number
  readonly sequence: number
  readonly isTransactional: boolean
  /** `commit` or `abort` for the marker that ends a transaction; undefined for a user's record. */
  readonly marker: 'commit' | 'abort' | undefined
}

/** All records of a partition's leader, markers included, from the start of its log. */
export function readStoredRecords(partition: Partition): StoredRecord[] {
  const records: StoredRecord[] = []
  for (const batch of partition.leaderLog.batches) {
    for (const record of recordsOf(partition, batch)) {
      if (record.offset >= partition.logStartOffset) records.push(record)
    }
  }
  return records
}

function* recordsOf(partition: Partition, stored: StoredBatch): Generator<StoredRecord> {
  const batch = readBatchHeader(stored.bytes, 0, stored.bytes.length)
  const cursor = openRecords(batch)
  while (cursor.next()) {
    yield {
      topic: partition.topic,
      partition: partition.index,
      offset: cursor.offset,
      timestamp: cursor.timestamp,
      key: cursor.key(),
      value: cursor.value(),
      headers: cursor.headers(),
      producerId: stored.producerId,
      producerEpoch: stored.producerEpoch,
      sequence: stored.baseSequence < 0 ? -1 : (stored.baseSequence + cursor.offsetDelta) % 0x80000000,
      isTransactional: stored.isTransactional,
      marker: stored.isControl ? markerOf(cursor) : undefined,
    }
  }
}

function markerOf(cursor: RecordCursor): 'commit' | 'abort' | undefined {
  const { type } = readControlRecord(cursor)
  if (type === controlTypes.commit) return 'commit'
  return type === controlTypes.abort ? 'abort' : undefined
}
