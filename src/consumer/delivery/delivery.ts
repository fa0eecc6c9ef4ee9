import type { KafkaError } from '../../base/errors'
import type { Clock } from '../../base/clock'
import type { PartitionState } from '../partition-state'
import type { HandlerWatch } from '../../message/handler-watch'
import type { ReadyPartitions } from './ready-partitions'

/** One way of handing messages out: `for await`, `run` or `runBatches`. There is one at a time. */
export interface Delivery {
  /** Messages may be there that were not before. */
  wake(): void
  /** Hands nothing out any more; resolves when the handlers that run have come back. Never rejects. */
  stop(): Promise<void>
  /** As `stop`; then the user's call rejects with this. */
  fail(error: KafkaError): void
}

/** What every delivery works with. */
export interface DeliveryTools {
  readonly clock: Clock
  readonly ready: ReadyPartitions
  readonly watch: HandlerWatch
  /** Messages of the partition were finished: there may be something to commit. */
  readonly onProgress: () => void
  /** A handler came back after it had been told late: the group can be joined again. */
  readonly onRecovered: () => void
  /** A handler failed on a partition that is no longer its own; nobody waits for it. */
  readonly onAbandonedError: (error: unknown, state: PartitionState) => void
}
