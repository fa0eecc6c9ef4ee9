import type { FailureCounts } from '../failures/failure-monitor'
import { lagOf, leadOf } from './partition-lag'
import type { PartitionState } from '../partition-state'
import type { ConsumerPartitionMetrics } from './consumer-metrics'
import type { ConsumerGauges } from './consumer-statistics'

/** How the consumer stands at this moment, as far as metrics show it. */
export function gaugesOf(
  states: readonly PartitionState[],
  isReadCommitted: boolean,
  others: { readonly bufferedBytes: number; readonly failures: FailureCounts },
): ConsumerGauges {
  const partitions = new Map<string, Record<number, ConsumerPartitionMetrics>>()
  let recordsLagMax: number | undefined
  let recordsLeadMin: number | undefined
  let assignedPartitions = 0
  for (const state of states) {
    if (!state.isOwned) continue
    assignedPartitions++
    const recordsLag = numberOf(lagOf(state, isReadCommitted))
    const recordsLead = numberOf(leadOf(state))
    if (recordsLag !== undefined) recordsLagMax = Math.max(recordsLag, recordsLagMax ?? 0)
    if (recordsLead !== undefined) recordsLeadMin = Math.min(recordsLead, recordsLeadMin ?? Infinity)
    const ofTopic = partitions.get(state.topic) ?? {}
    ofTopic[state.partition] = { recordsLag, recordsLead }
    partitions.set(state.topic, ofTopic)
  }
  return { ...others, assignedPartitions, recordsLagMax, recordsLeadMin, partitions }
}

function numberOf(offsets: bigint | undefined): number | undefined {
  return offsets === undefined ? undefined : Number(offsets)
}
