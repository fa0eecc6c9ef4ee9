import type { PartitionState, StandingFetch } from '../partition-state'
import type { FetchTarget } from './fetch-targets'

/** A partition that is asked for, with what it is asked under. */
export interface AskedPartition extends FetchTarget, StandingFetch {
  readonly state: PartitionState
  readonly topicId: string
  /** True when another broker than the leader is asked. */
  readonly isFollower: boolean
}

/** Finds what was asked for by what an answer calls it; undefined for what was not asked for. */
export type FindAsked = (topic: string, topicId: string, partition: number) => AskedPartition | undefined
