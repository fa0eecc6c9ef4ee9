import type { Metadata } from '../../cluster/metadata'
import type { PartitionState } from '../partition-state'

/** The broker that the partition is fetched from: a follower that was named, else the leader; undefined for none. */
export function fetchedFrom(state: PartitionState, metadata: Metadata): number | undefined {
  if (state.preferredReplica >= 0) return state.preferredReplica
  const leaderId = metadata.partition(state.topic, state.partition)?.leaderId ?? -1
  return leaderId < 0 ? undefined : leaderId
}
