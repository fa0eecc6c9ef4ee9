import {
  batchAttributes,
  batchHeaderBytes,
  batchLayout,
  writeBatchHeader,
} from '../../wire/records/batch-layout'
import { codecOf } from '../../wire/records/compression/codecs'
import { controlTypes, readControlRecord } from '../../wire/records/control-record'
import { readBatchHeader } from '../../wire/records/record-batch'
import { crc32c } from '../../wire/crc32c'
import { openBatch } from './log-reads'
import { MemoryBatch } from './memory-batch'
import type { ProducerStates } from './producer-states'
import { encodeRecords, type KeptRecord, recordAt } from './record-bytes'
import type { AbortedTransaction } from '../contracts/partition-log'

/** What is compacted. */
export interface CompactionInput {
  readonly batches: readonly MemoryBatch[]
  /** Batches that end before it are cleaned; those behind neither change nor overrule earlier records. */
  readonly upTo: bigint
  /** Wall time. */
  readonly now: number
  readonly deleteRetentionMs: number
  readonly producers: ProducerStates
  /** Aborted transactions of the cleaned range, in the order of their markers. */
  readonly aborted: readonly AbortedTransaction[]
}

/** What compaction comes to. */
export interface Compaction {
  /** What stays of each batch: itself, one with fewer records in its place, or undefined for nothing. */
  readonly batches: readonly (MemoryBatch | undefined)[]
  /**
   * Aborted transactions that have no batch left but the marker. Readers must not hear of them any more: with the
   * marker gone too, they would take the producer's next transaction for aborted.
   */
  readonly emptied: readonly AbortedTransaction[]
}

/**
 * What stays of a log. As Kafka's
 * cleaner: the last record of each key stays, a tombstone for `delete.retention.ms` more from the first cleaning on
 * that meets it (KIP-534), records of aborted transactions go, a marker goes that long after its records did, and the
 * last batch of each producer stays, empty if it must, because it holds the sequence that comes next.
 */
export function compacted(input: CompactionInput): Compaction {
  const cleaned = input.batches.filter((batch) => batch.lastOffset < input.upTo)
  const lastOffsets = lastOffsetsByKey(cleaned, new TransactionsSeen(input.aborted))
  const transactions = new TransactionsSeen(input.aborted)
  const batches = input.batches.map((batch) =>
    batch.lastOffset < input.upTo ? cleanBatch(batch, input, lastOffsets, transactions) : batch,
  )
  return { batches, emptied: transactions.emptied }
}

/** The transactions that a pass over the batches has met, by the rules of Kafka's CleanedTransactionMetadata. */
class TransactionsSeen {
  /** By first offset; those that begin at or before the batch at hand have moved to `#aborting`. */
  readonly #ahead: AbortedTransaction[]
  /** By producer: its aborted transaction, and whether any batch of it is still in the log. */
  readonly #aborting = new Map<bigint, { readonly transaction: AbortedTransaction; hasBatches: boolean }>()
  readonly #committing = new Set<bigint>()
  /** Aborted transactions of which the pass met the marker alone. */
  readonly emptied: AbortedTransaction[] = []

  constructor(aborted: readonly AbortedTransaction[]) {
    this.#ahead = [...aborted].sort((a, b) => Number(a.firstOffset - b.firstOffset))
  }

  /** True for a batch whose records go whatever their keys: aborted ones, and markers of empty transactions. */
  canDiscard(batch: MemoryBatch): boolean {
    this.#reach(batch.lastOffset)
    if (batch.isControl) return this.#endsEmptyTransaction(batch)
    if (!batch.isTransactional) return false
    const aborting = this.#aborting.get(batch.producerId)
    if (aborting !== undefined) {
      aborting.hasBatches = true
      return true
    }
    this.#committing.add(batch.producerId)
    return false
  }

  #endsEmptyTransaction(batch: MemoryBatch): boolean {
    const cursor = openBatch(batch)
    if (!cursor.next()) return true
    const { type } = readControlRecord(cursor)
    if (type === controlTypes.commit) return !this.#committing.delete(batch.producerId)
    if (type !== controlTypes.abort) return false
    const aborting = this.#aborting.get(batch.producerId)
    this.#aborting.delete(batch.producerId)
    if (aborting?.hasBatches) return false
    if (aborting !== undefined) this.emptied.push(aborting.transaction)
    return true
  }

  #reach(offset: bigint): void {
    while ((this.#ahead[0]?.firstOffset ?? offset + 1n) <= offset) {
      const transaction = this.#ahead.shift() as AbortedTransaction
      this.#aborting.set(transaction.producerId, { transaction, hasBatches: false })
    }
  }
}

function lastOffsetsByKey(
  batches: readonly MemoryBatch[],
  transactions: TransactionsSeen,
): Map<string, bigint> {
  const offsets = new Map<string, bigint>()
  for (const batch of batches) {
    if (transactions.canDiscard(batch) || batch.isControl) continue
    const cursor = openBatch(batch)
    while (cursor.next()) {
      const key = cursor.key()
      if (key !== null) offsets.set(key.toString('latin1'), cursor.offset)
    }
  }
  return offsets
}

function cleanBatch(
  batch: MemoryBatch,
  input: CompactionInput,
  lastOffsets: ReadonlyMap<string, bigint>,
  transactions: TransactionsSeen,
): MemoryBatch | undefined {
  const canDiscard = transactions.canDiscard(batch)
  const horizon = deleteHorizonOf(batch)
  const isOver = horizon !== undefined && horizon <= input.now
  const dropsAll = canDiscard && (!batch.isControl || isOver)
  const kept: KeptRecord[] = []
  let hasTombstone = false
  const cursor = openBatch(batch)
  while (!dropsAll && cursor.next()) {
    if (!batch.isControl) {
      const key = cursor.key()
      if (key === null || lastOffsets.get(key.toString('latin1')) !== cursor.offset) continue
      if (cursor.valueStart < 0) {
        if (isOver) continue
        hasTombstone = true
      }
    }
    kept.push(recordAt(cursor))
  }
  if (kept.length === 0) return holdsLastOfProducer(batch, input.producers) ? emptied(batch) : undefined
  const needsHorizon = horizon === undefined && (hasTombstone || (batch.isControl && canDiscard))
  if (kept.length === batch.recordsCount && !needsHorizon) return batch
  return rewritten(batch, kept, needsHorizon ? input.now + input.deleteRetentionMs : horizon)
}

/** True when fencing or the next sequence of a producer that is still known hang on the batch. */
function holdsLastOfProducer(batch: MemoryBatch, producers: ProducerStates): boolean {
  const state = batch.producerId < 0n ? undefined : producers.get(batch.producerId)
  if (state === undefined) return false
  const { lastDataOffset } = state
  if (lastDataOffset !== undefined) return lastDataOffset === batch.lastOffset
  return batch.isControl && batch.producerEpoch === state.epoch
}

function deleteHorizonOf(batch: MemoryBatch): number | undefined {
  if ((batch.attributes & batchAttributes.deleteHorizon) === 0) return undefined
  return readBatchHeader(batch.bytes, 0, batch.bytes.length).baseTimestamp
}

function emptied(batch: MemoryBatch): MemoryBatch {
  if (batch.recordsCount === 0) return batch
  const kind = batchAttributes.logAppendTime | batchAttributes.transactional | batchAttributes.control
  return sealed(batch, Buffer.alloc(0), { attributes: batch.attributes & kind, baseTimestamp: -1 })
}

function rewritten(
  batch: MemoryBatch,
  kept: readonly KeptRecord[],
  deleteHorizon: number | undefined,
): MemoryBatch {
  const baseTimestamp = deleteHorizon ?? (kept[0] as KeptRecord).timestamp
  const plain = encodeRecords(kept, baseTimestamp)
  const codec = batch.attributes & batchAttributes.compressionMask
  // A codec that this process reads but does not write leaves the records plain.
  const canCompress = codec !== 0 && codecOf(codec).compressionProblem?.() === undefined
  const records = canCompress ? codecOf(codec).compress(plain) : plain
  let attributes = canCompress ? batch.attributes : batch.attributes & ~batchAttributes.compressionMask
  if (deleteHorizon !== undefined) attributes |= batchAttributes.deleteHorizon
  return sealed(batch, records, {
    attributes,
    baseTimestamp,
    recordsCount: kept.length,
    maxTimestamp: batch.isLogAppendTime
      ? batch.maxTimestamp
      : kept.reduce((max, { timestamp }) => Math.max(max, timestamp), -1),
  })
}

interface ChangedFields {
  readonly attributes: number
  readonly baseTimestamp: number
  readonly maxTimestamp?: number
  readonly recordsCount?: number
}

/** A batch at the same offsets, by the same producer, with other records. */
function sealed(batch: MemoryBatch, records: Uint8Array, changed: ChangedFields): MemoryBatch {
  const bytes = Buffer.allocUnsafe(batchHeaderBytes + records.length)
  bytes.set(records, batchHeaderBytes)
  writeBatchHeader(bytes, bytes.length, {
    baseOffset: batch.baseOffset,
    partitionLeaderEpoch: batch.leaderEpoch,
    lastOffsetDelta: Number(batch.lastOffset - batch.baseOffset),
    maxTimestamp: batch.maxTimestamp,
    producerId: batch.producerId,
    producerEpoch: batch.producerEpoch,
    baseSequence: batch.baseSequence,
    recordsCount: 0,
    ...changed,
  })
  bytes.writeUInt32BE(crc32c(bytes, batchLayout.attributes), batchLayout.crc)
  return new MemoryBatch(bytes, batch.appendedAt)
}
