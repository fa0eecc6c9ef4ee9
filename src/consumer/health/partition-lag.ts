import type { TopicPartition } from '../../base/topic-partition'
import type { PartitionState } from '../partition-state'

/** How far behind a partition is. */
export interface PartitionLag extends TopicPartition {
  /** Offsets from the position to the log's end, some of which may hold no message; undefined while it is not known. */
  readonly lag: bigint | undefined
}

/** Offset of the next message to be handed out; undefined while it is being looked up. */
export function positionOf(state: PartitionState): bigint | undefined {
  return state.isPositioned ? state.position : undefined
}

/** Where the log ends for this consumer, as a broker last said; undefined before one did. */
export function logEndOf(state: PartitionState, isReadCommitted: boolean): bigint | undefined {
  const end = isReadCommitted ? state.lastStableOffset : state.highWatermark
  return end < 0n ? undefined : end
}

/** How many offsets lie between the position and the log's end; undefined while one of them is not known. */
export function lagOf(state: PartitionState, isReadCommitted: boolean): bigint | undefined {
  const position = positionOf(state)
  const end = logEndOf(state, isReadCommitted)
  if (position === undefined || end === undefined) return undefined
  return end > position ? end - position : 0n
}

/** How many offsets lie between the log's start and the position; undefined while one of them is not known. */
export function leadOf(state: PartitionState): bigint | undefined {
  const position = positionOf(state)
  if (position === undefined || state.logStartOffset < 0n) return undefined
  return position > state.logStartOffset ? position - state.logStartOffset : 0n
}

/** Age of the oldest message that was not handed out; see `PartitionHealth.timeLagMs`. */
export function timeLagOf(
  state: PartitionState,
  isReadCommitted: boolean,
  wallTime: number,
): number | undefined {
  const lag = lagOf(state, isReadCommitted)
  if (lag === undefined) return undefined
  if (lag === 0n) return 0
  const { reader, tracker } = state
  const timestamp = tracker.oldestPending?.timestamp ?? reader.nextTimestamp ?? reader.deliveredTimestamp
  return timestamp === undefined || timestamp < 0 ? undefined : Math.max(0, wallTime - timestamp)
}
