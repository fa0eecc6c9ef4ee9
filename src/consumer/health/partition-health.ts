import type { KafkaError } from '../../base/errors'
import type { TopicPartition } from '../../base/topic-partition'
import type { Clock } from '../../base/clock'
import type { Metadata } from '../../cluster/metadata'
import type { BrokerRequests } from '../../health/broker-requests'
import type { PartitionState } from '../partition-state'
import { fetchedFrom } from './fetched-from'
import { lagOf, logEndOf, positionOf, timeLagOf } from './partition-lag'

/**
 * What a partition waits for:
 * - `position`: where to read is being looked up, or checked against a new leader
 * - `leader`: the partition has none, or its topic is not known
 * - `broker`: an answer with its messages
 * - `messages`: nothing; all were handed out, and the broker will send the next one
 * - `reader`: messages are there, and wait for their turn, or for somebody who asks for them
 * - `handler`: a handler works on its messages
 * - `resume`: it is paused
 * - `seek`: it failed, see `error`; a seek leads on
 * - `revocation`: it is being given up
 */
export type PartitionWait =
  'position' | 'leader' | 'broker' | 'messages' | 'reader' | 'handler' | 'resume' | 'seek' | 'revocation'

/** One assigned partition, without asking anybody. */
export interface PartitionHealth extends TopicPartition {
  /** Offset of the next message to be handed out; undefined while it is being looked up. */
  readonly position: bigint | undefined
  /** Offset that the group has stored, as this consumer last read or wrote it; undefined when it knows of none. */
  readonly committed: bigint | undefined
  /** Where the log ends for this consumer: the high watermark, with read_committed the last stable offset. */
  readonly logEnd: bigint | undefined
  /** Where the log starts. */
  readonly logStart: bigint | undefined
  /** Milliseconds since a broker last told where the log ends, or confirmed it by having nothing new. */
  readonly logEndAgeMs: number | undefined
  /** `logEnd` less `position`: how many offsets are behind; some of them may hold no message. */
  readonly lag: bigint | undefined
  /**
   * How old the oldest message is that was not handed out, by its timestamp; 0 when all were. While that message is not
   * here yet, that of the last one handed out counts, which is older. Undefined when neither is known.
   */
  readonly timeLagMs: number | undefined
  readonly isPaused: boolean
  readonly waitsFor: PartitionWait
  /** Why the partition can't be read; what it was told to the reader with. Undefined when it can. */
  readonly error: KafkaError | undefined
}

/** What a partition's health is made from. */
export interface PartitionHealthContext {
  readonly clock: Clock
  readonly metadata: Metadata
  readonly requests: BrokerRequests
  readonly isReadCommitted: boolean
}

export function partitionHealthOf(state: PartitionState, context: PartitionHealthContext): PartitionHealth {
  const { clock, isReadCommitted } = context
  return Object.freeze({
    topic: state.topic,
    partition: state.partition,
    position: positionOf(state),
    committed: state.committed,
    logEnd: logEndOf(state, isReadCommitted),
    logStart: state.logStartOffset < 0n ? undefined : state.logStartOffset,
    logEndAgeMs: knowledgeAge(state, context),
    lag: lagOf(state, isReadCommitted),
    timeLagMs: timeLagOf(state, isReadCommitted, clock.wallTime()),
    isPaused: state.isPaused,
    waitsFor: waitOf(state, context),
    error: state.failure,
  })
}

function knowledgeAge(
  state: PartitionState,
  { clock, metadata, requests }: PartitionHealthContext,
): number | undefined {
  if (state.toldAt === undefined) return undefined
  // In a fetch session a broker says nothing of partitions that have nothing new.
  const nodeId =
    state.standingFetch === undefined || state.failures > 0 ? undefined : fetchedFrom(state, metadata)
  const confirmedAt = nodeId === undefined ? undefined : requests.answeredAt('Fetch', nodeId)
  return clock.now() - Math.max(state.toldAt, confirmedAt ?? 0)
}

function waitOf(state: PartitionState, { metadata }: PartitionHealthContext): PartitionWait {
  if (!state.isOwned) return 'revocation'
  if (state.phase === 'failed') return 'seek'
  if (state.phase !== 'fetching' || state.endQuery !== undefined) return 'position'
  if (!state.isIdle) return 'handler'
  if (state.isPaused) return 'resume'
  if (!state.reader.isDrained) return 'reader'
  if (fetchedFrom(state, metadata) === undefined) return 'leader'
  if (state.needsValidation) return 'position'
  return state.failures === 0 && state.highWatermark >= 0n && state.fetchOffset >= state.highWatermark
    ? 'messages'
    : 'broker'
}
