import type { KafkaError } from '../base/errors'
import type { Cluster } from '../cluster/cluster'
import type { MemoryBudget } from '../message/memory-budget'
import type { AcknowledgementOutcomes } from './acknowledgement-outcomes'
import type { HeldRecords } from './held-records'
import type { ShareRecordReader } from './share-record-reader'

/** How messages are acquired (KIP-1206). */
export type AcquireMode = 'batch_optimized' | 'record_limit'

/** What the parts that fetch and acknowledge share: settings, collaborators, and whom they tell. */
export interface ShareSettings {
  readonly cluster: Cluster
  readonly groupId: string
  readonly memberId: string
  readonly memory: MemoryBudget
  readonly held: HeldRecords
  readonly outcomes: AcknowledgementOutcomes
  /** Name of the connections, one of its own a consumer: brokers end a session with its connection. */
  readonly connection: string
  readonly minBytes: number
  readonly maxBytes: number
  readonly maxWaitMs: number
  readonly maxPollRecords: number
  readonly acquireMode: AcquireMode
  readonly checkCrcs: boolean
  readonly isExplicit: boolean
  /** A batch of the reader was decompressed. */
  readonly onReady: () => void
  /** Records were acquired. */
  readonly onRecords: (reader: ShareRecordReader) => void
  /** A partition can't be read, and asking again won't help; the others go on. */
  readonly onFailed: (error: KafkaError) => void
  /** Nothing can be fetched, and asking again won't help. */
  readonly onFatal: (error: KafkaError) => void
}
