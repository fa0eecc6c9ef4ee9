import type { KafkaError } from '../../base/errors'
import type { Clock } from '../../base/clock'
import type { FetchMemory } from '../fetch/fetch-memory'
import type { FailureMonitor } from '../failures/failure-monitor'
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
  /** Gives a number in [0, 1). */
  readonly random: () => number
  readonly monitor: FailureMonitor
  readonly ready: ReadyPartitions
  readonly memory: FetchMemory
  readonly watch: HandlerWatch
  /** So many messages were finished, or a partition was read on: there may be something to commit. */
  readonly onProgress: (finished: number) => void
  /** A handler came back after it had been told late: the group can be joined again. */
  readonly onRecovered: () => void
}
