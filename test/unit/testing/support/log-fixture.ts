import { silentLogger } from '../../../../src/base/logger'
import { MemoryBudget } from '../../../../src/testing/log/memory-budget'
import { MemoryLog } from '../../../../src/testing/log/memory-log'
import type { LogConfig } from '../../../../src/testing/contracts/partition-log'
import { encodeRecordBatch, type RecordBatchInput } from '../../../../src/wire/records/encode-record-batch'
import { openRecords } from '../../../../src/wire/records/open-records'
import { readBatchHeader } from '../../../../src/wire/records/record-batch'
import { FakeClock } from '../../support/fake-clock'

/** Kafka's defaults. */
export const defaultLogConfig: LogConfig = {
  maxMessageBytes: 1_048_588,
  messageTimestampType: 'CreateTime',
  messageTimestampBeforeMaxMs: Number.MAX_SAFE_INTEGER,
  messageTimestampAfterMaxMs: 3_600_000,
  compressionType: 'producer',
  cleanupPolicy: ['delete'],
  retentionMs: 604_800_000,
  retentionBytes: -1,
  segmentBytes: 1_073_741_824,
  segmentMs: 604_800_000,
  deleteRetentionMs: 86_400_000,
  minCompactionLagMs: 0,
  producerIdExpirationMs: 86_400_000,
}

export const newestProduce = 13

/** A log with a clock that a test moves and configs that it may change at any time. */
export class LogFixture {
  readonly clock = new FakeClock()
  readonly runtime = { clock: this.clock, random: () => 0.5, logger: silentLogger }
  readonly budget: MemoryBudget
  config: LogConfig
  readonly log: MemoryLog

  constructor(config: Partial<LogConfig> = {}, budget?: MemoryBudget) {
    this.config = { ...defaultLogConfig, ...config }
    this.budget = budget ?? new MemoryBudget(this.runtime, 10_000_000)
    this.log = this.createLog()
  }

  /** Another replica of the same partition. */
  createLog(): MemoryLog {
    const { runtime, budget } = this
    return new MemoryLog({ topic: 't', partition: 0, config: () => this.config, runtime, budget })
  }

  /** Appends records with the clock's time. */
  append(values: readonly (string | null)[], more: Partial<RecordBatchInput> = {}, leaderEpoch = 0) {
    return this.log.append(this.batch(values, more), leaderEpoch, newestProduce)
  }

  batch(values: readonly (string | null)[], more: Partial<RecordBatchInput> = {}): Buffer {
    const timestamp = this.clock.wallTime()
    const records = values.map((value) => ({ timestamp, key: null, value }))
    return encodeRecordBatch({ records, ...more })
  }

  /** Appends one record a `key=value`; a missing value is a tombstone. */
  appendKeyed(entries: readonly string[], more: Partial<RecordBatchInput> = {}) {
    return this.log.append(this.keyedBatch(entries, more), 0, newestProduce)
  }

  keyedBatch(entries: readonly string[], more: Partial<RecordBatchInput> = {}): Buffer {
    const timestamp = this.clock.wallTime()
    const records = entries.map((entry) => {
      const [key = '', value] = entry.split('=')
      return { timestamp, key, value: value ?? null }
    })
    return encodeRecordBatch({ records, ...more })
  }

  marker(producerId: bigint, producerEpoch: number, committed: boolean, coordinatorEpoch = 0) {
    const transactionVersion = 1 as const
    return this.log.appendMarker(
      { producerId, producerEpoch, committed, coordinatorEpoch, transactionVersion },
      Math.max(this.log.latestEpoch, 0),
    )
  }
}

/** What stands in a log: `offset:key=value`, and `offset:marker` for the ends of transactions. */
export function contentOf(log: MemoryLog): string[] {
  return log.batches.flatMap(({ bytes, isControl }) => {
    const cursor = openRecords(readBatchHeader(bytes, 0, bytes.length))
    const lines: string[] = []
    while (cursor.next()) {
      const text = isControl ? 'marker' : `${cursor.key() ?? ''}=${cursor.value() ?? 'null'}`
      lines.push(`${cursor.offset}:${text}`)
    }
    return lines
  })
}

/** The code that an action is refused with. */
export function codeOf(action: () => unknown): string {
  try {
    action()
  } catch (error) {
    return (error as { code?: string }).code ?? String(error)
  }
  return 'NONE'
}
