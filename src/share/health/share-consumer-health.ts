import type { KafkaError } from '../../base/errors'
import type { Stall } from '../../health/stall'
import type { SharePartitionHealth } from './share-partition-health'

/**
 * Where a share consumer stands:
 * - `idle`: not used yet
 * - `joining`: not a member of its group yet, or not any more
 * - `stable`: a member with its partitions, be they none
 * - `suspended`: out of its group, because for `maxPollIntervalMs` a handler has not come back, or nobody asked
 * - `failed`: it can't go on, see `error`
 * - `closing`, `closed`
 */
export type ShareConsumerState = 'idle' | 'joining' | 'stable' | 'suspended' | 'failed' | 'closing' | 'closed'

/**
 * What does not move:
 * - `fetch`: a broker does not answer fetches, refuses a partition again and again, or a partition has no leader
 * - `acknowledgement`: a broker does not take what was said of its messages; told after half the time of a lock, where
 *   that is shorter than `stallTimeoutMs`
 * - `handler`: a handler, or the body of a loop, has not come back
 * - `join`: the member does not get into its group
 * - `heartbeat`: the coordinator does not answer heartbeats
 */
export type ShareStallKind = 'fetch' | 'acknowledgement' | 'handler' | 'join' | 'heartbeat'

/** This consumer as a member of its share group. */
export interface ShareGroupHealth {
  readonly groupId: string
  /** Its own for life, also before it is a member. */
  readonly memberId: string
  /** -1 while it is not a member. */
  readonly memberEpoch: number
}

/** How a share consumer is at one moment. It is a copy: nothing in it changes. */
export interface ShareConsumerHealth {
  readonly state: ShareConsumerState
  /** True when nothing is stalled and nothing has failed, also while it joins, and when it is idle or closed. */
  readonly isHealthy: boolean
  /** False when only a restart helps: it has failed, or a handler does not come back. For liveness probes. */
  readonly isAlive: boolean
  /** True when it is healthy and a member of its group. For readiness probes. */
  readonly isReady: boolean
  /** Why it can't go on; undefined when it can. */
  readonly error: KafkaError | undefined
  /** What has not moved for `stallTimeoutMs`; one for each kind and broker. */
  readonly stalls: readonly Stall<ShareStallKind>[]
  readonly group: ShareGroupHealth
  /** The partitions that this member reads now; others may read them too. */
  readonly partitions: readonly SharePartitionHealth[]
}
