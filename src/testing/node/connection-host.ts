import type { Clock } from '../../base/clock'
import type { Logger } from '../../base/logger'
import type { BrokerNode, BrokerState } from '../contracts/brokers'
import type { Release } from '../contracts/release'
import type { FaultRules } from '../faults/fault-rules'
import type { RequestLog } from '../faults/request-log'
import type { ApiHandler } from '../contracts/api-handler'
import type { Connection } from './connection'

/** A mistake in a handler of the broker, or in a rule of the user. It ended a connection. */
export interface HandlerFailure {
  readonly api: string
  readonly apiVersion: number
  readonly error: unknown
}

/** What a connection takes from its broker. */
export interface ConnectionHost {
  readonly node: BrokerNode
  readonly clock: Clock
  readonly logger: Logger
  readonly state: BrokerState
  /** By the key of the API. */
  readonly handlers: ReadonlyMap<number, ApiHandler>
  readonly release: Pick<Release, 'versionsOf'>
  readonly faults: FaultRules
  readonly requestLog: RequestLog
  /** Kafka's `socket.request.max.bytes`. */
  readonly maxFrameBytes: number
  /** Kafka's `connections.max.idle.ms`; not above 0 for no limit. */
  readonly maxIdleMs: number
  reportFailure(failure: HandlerFailure): void
  forget(connection: Connection): void
}
