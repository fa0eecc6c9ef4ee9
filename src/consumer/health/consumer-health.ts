import type { KafkaError } from '../../base/errors'
import type { Stall } from '../../health/stall'
import type { GroupProtocol } from '../group/create-membership'
import type { PartitionHealth } from './partition-health'
import type { StallKind } from './stall-kind'

/**
 * Where a consumer stands:
 * - `idle`: not used yet
 * - `joining`: not a member of its group yet, or not any more
 * - `rebalancing`: a member whose partitions are being divided anew; those that stay may be read meanwhile
 * - `stable`: a member with its partitions, be they none; or a consumer whose partitions were given by hand
 * - `suspended`: out of its group, because for `maxPollIntervalMs` a handler has not come back, or nobody asked
 * - `failed`: it can't go on, see `error`
 * - `closing`, `closed`
 */
export type ConsumerState =
  'idle' | 'joining' | 'rebalancing' | 'stable' | 'suspended' | 'failed' | 'closing' | 'closed'

/** This consumer as a member of its group. */
export interface GroupHealth {
  readonly groupId: string
  /** Empty while it is not a member. */
  readonly memberId: string
  /** Generation of the classic protocol, member epoch of KIP-848; -1 while it is not a member. */
  readonly generationId: number
  readonly groupInstanceId: string | null
  /** The protocol that is spoken, which may be another than the one that was asked for. */
  readonly protocol: GroupProtocol
}

/** How a consumer is at one moment. It is a copy: nothing in it changes. */
export interface ConsumerHealth {
  readonly state: ConsumerState
  /** True when nothing is stalled and nothing has failed, also while it joins, and when it is idle or closed. */
  readonly isHealthy: boolean
  /** False when only a restart helps: it has failed, or a handler or a listener does not come back. For liveness probes. */
  readonly isAlive: boolean
  /** True when it is healthy and has what its group gives it. For readiness probes. */
  readonly isReady: boolean
  /** Why it can't go on; undefined when it can. */
  readonly error: KafkaError | undefined
  /** What has not moved for `stallTimeoutMs`; one for each kind and broker. */
  readonly stalls: readonly Stall<StallKind>[]
  /** Undefined for a consumer without a group. */
  readonly group: GroupHealth | undefined
  /** The partitions that are assigned now. */
  readonly partitions: readonly PartitionHealth[]
}
